// How much of each list one pass looks at, in Linux 2.6.30 to 2.6.32 (mm/vmscan.c: shrink_zone()
// and get_scan_ratio()).

#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

/// Percent of each side's share that is looked at: anonymous, file.
std::array<std::uint64_t, 2> Reclaim::scan_percent(Zone& zone, bool for_memcg) const {
  if (memory_.swap().free() == 0) return {0, 100};
  const Zone& whole = home(zone);
  const Pages file =
      vmstat_.total(whole, Lru::active_file) + vmstat_.total(whole, Lru::inactive_file);
  const bool tiny = file + whole.free() <= whole.watermark(Watermark::high);
  if (tiny && !for_memcg) return {100, 0};
  const std::uint64_t swappiness = memory_.policies().reclaim->swappiness();
  const std::array<std::uint64_t, 2> prio = {swappiness, 200 - swappiness};
  std::array<std::uint64_t, 2> pressure{};
  for (std::size_t side = 0; side < 2; ++side) {
    const Pages size = vmstat_.size(zone, static_cast<Lru>(2 * side)) +
                       vmstat_.size(zone, static_cast<Lru>(2 * side + 1));
    if (zone.stat.scanned[side] > size / 4) {
      zone.stat.scanned[side] /= 2;
      zone.stat.rotated[side] /= 2;
    }
    pressure[side] =
        (prio[side] + 1) * (zone.stat.scanned[side] + 1) / (zone.stat.rotated[side] + 1);
  }
  const std::uint64_t anon = 100 * pressure[0] / (pressure[0] + pressure[1] + 1);
  return {anon, 100 - anon};
}

/// Less than a batch is saved up until it is one (nr_scan_try_batch()), but for memory cgroups.
Pages Reclaim::get_scan_percent(Zone& zone, const ScanControl& sc, Counts& nr) {
  const bool no_swap = memory_.swap().free() == 0;
  const std::array<std::uint64_t, 2> percent = scan_percent(zone, sc.memcg != 0);
  Counts saved = saved_scan_[static_cast<std::size_t>(zone.type)];
  for (std::size_t i = 0; i < lru_lists; ++i) {
    Pages scan = vmstat_.size(zone, static_cast<Lru>(i));
    if (sc.priority != 0 || no_swap) scan = (scan >> sc.priority) * percent[i / 2] / 100;
    if (zone.memcg != 0) {
      nr[i] = scan;
      continue;
    }
    saved[i] += scan;
    if (scan != 0 && !rehearsing_) memory_.changed();
    nr[i] = saved[i] >= swap_cluster_max ? saved[i] : 0;
    if (nr[i] != 0) saved[i] = 0;
  }
  if (!rehearsing_ && zone.memcg == 0) saved_scan_[static_cast<std::size_t>(zone.type)] = saved;
  return reclaimable_pages(zone);
}

}  // namespace brink
