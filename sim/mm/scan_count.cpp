// How much of each list one pass looks at (mm/vmscan.c: get_scan_count, Linux 4.0).

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

Reclaim::Balance Reclaim::scan_balance(const Zone& zone, const ScanControl& sc) const {
  if (memory_.swap().free() == 0) return Balance::file;
  if (sc.priority == 0 && memory_.policies().reclaim->swappiness() != 0) return Balance::equal;
  // Files that are all but gone would look ever more attractive: their pages start out inactive.
  const Pages file = zone.lru_size(Lru::active_file) + zone.lru_size(Lru::inactive_file);
  if (file + zone.free() <= zone.watermark(Watermark::high)) return Balance::anon;
  return inactive_is_low(zone, true) ? Balance::fraction : Balance::file;
}

/// Pressure on each side: how willing one is to take from it, times how much of what was looked at
/// lately was not in use.
void Reclaim::fractions(Zone& zone, std::array<std::uint64_t, 2>& fraction,
                        std::uint64_t& sum) const {
  const std::uint64_t swappiness = memory_.policies().reclaim->swappiness();
  const std::array<std::uint64_t, 2> prio = {swappiness, 200 - swappiness};
  sum = 1;
  for (std::size_t file = 0; file < 2; ++file) {
    const Pages size = zone.lru[2 * file].size + zone.lru[2 * file + 1].size;
    if (zone.stat.scanned[file] > size / 4) {
      zone.stat.scanned[file] /= 2;
      zone.stat.rotated[file] /= 2;
    }
    fraction[file] = prio[file] * (zone.stat.scanned[file] + 1) / (zone.stat.rotated[file] + 1);
    sum += fraction[file];
  }
}

/// Pages to look at, by list; returns how many are on the lists that may be looked at.
Pages Reclaim::get_scan_count(Zone& zone, const ScanControl& sc, Counts& nr) {
  // kswapd polls a zone that looks hopeless; nobody else does.
  const bool force = sc.kswapd && !zone_reclaimable(zone);
  const Balance balance = scan_balance(zone, sc);
  std::array<std::uint64_t, 2> fraction{};
  std::uint64_t sum = 1;
  if (balance == Balance::fraction) fractions(zone, fraction, sum);

  Pages lru_pages = 0;
  bool some = false;
  for (int pass = 0; pass < 2 && !some; ++pass) {
    lru_pages = 0;
    for (std::size_t i = 0; i < lru_lists; ++i) {
      const std::size_t file = i / 2;
      Pages size = zone.lru[i].size;
      Pages scan = size >> sc.priority;
      if (scan == 0 && pass == 1 && force) scan = std::min(size, swap_cluster_max);
      if (balance == Balance::fraction) scan = scan * fraction[file] / sum;
      const bool left_out = (balance == Balance::file && file == 0) ||
                            (balance == Balance::anon && file == 1);
      if (left_out) size = scan = 0;
      lru_pages += size;
      nr[i] = scan;
      some = some || scan != 0;
    }
  }
  return lru_pages;
}

bool Reclaim::inactive_is_low(const Zone& zone, bool file) const {
  if (file) return zone.lru_size(Lru::active_file) > zone.lru_size(Lru::inactive_file);
  if (!memory_.swap().usable()) return false;
  return zone.lru_size(Lru::inactive_anon) * zone.inactive_ratio < zone.lru_size(Lru::active_anon);
}

Pages Reclaim::reclaimable_pages(const Zone& zone) const {
  Pages pages = zone.lru_size(Lru::active_file) + zone.lru_size(Lru::inactive_file);
  if (memory_.swap().free() != 0) {
    pages += zone.lru_size(Lru::active_anon) + zone.lru_size(Lru::inactive_anon);
  }
  return pages;
}

bool Reclaim::zone_reclaimable(const Zone& zone) const {
  return zone.pages_scanned < reclaimable_pages(zone) * 6;
}

}  // namespace brink
