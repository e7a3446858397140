// How much of each list one pass looks at (mm/vmscan.c: get_scan_count(), Linux 4.0 and 6.1).

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

/// How many active pages go with an inactive one, in lists of `pages`: 1 below 1 GiB, then the root
/// of ten times the gibibytes.
Pages inactive_ratio(Pages pages) {
  const Pages gib = pages >> 18;
  Pages ratio = 1;
  while ((ratio + 1) * (ratio + 1) <= 10 * gib) ++ratio;
  return ratio;
}

}  // namespace

Reclaim::Balance Reclaim::scan_balance(const Zone& zone, const ScanControl& sc) const {
  if (memory_.swap().free() == 0) return Balance::file;
  if (sc.priority == 0 && memory_.policies().reclaim->swappiness() != 0) return Balance::equal;
  // Files that are all but gone would look ever more attractive: their pages start out inactive.
  const Zone& whole = home(zone);
  const Pages file =
      vmstat_.total(whole, Lru::active_file) + vmstat_.total(whole, Lru::inactive_file);
  const bool tiny = file + whole.free() <= whole.watermark(Watermark::high);
  if (tiny && sc.memcg == 0) return Balance::anon;
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
    const Pages size = vmstat_.size(zone, static_cast<Lru>(2 * file)) +
                       vmstat_.size(zone, static_cast<Lru>(2 * file + 1));
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
  // kswapd polls a zone that looks hopeless, and whoever is after a memory cgroup each of its
  // lists. Since 4.7 no zone looks so.
  const bool cost = memory_.rules().scan_balance == Rules::ScanBalance::cost;
  const bool hopeless = sc.kswapd && counts_scanned() && !zone_reclaimable(home(zone));
  const bool force = hopeless || (sc.memcg != 0 && !cost);
  const Balance balance = cost ? cost_balance(sc) : scan_balance(zone, sc);
  std::array<std::uint64_t, 2> fraction{};
  std::uint64_t sum = 1;
  if (balance == Balance::fraction) {
    cost ? cost_fractions(fraction, sum) : fractions(zone, fraction, sum);
  }

  Pages lru_pages = 0;
  bool some = false;
  for (int pass = 0; pass < 2 && !some; ++pass) {
    lru_pages = 0;
    for (std::size_t i = 0; i < lru_lists; ++i) {
      const std::size_t file = i / 2;
      Pages size = vmstat_.size(zone, static_cast<Lru>(i));
      Pages scan = size >> sc.priority;
      if (scan == 0 && pass == 1 && force) scan = std::min(size, swap_cluster_max);
      if (balance == Balance::fraction) scan = scan * fraction[file] / sum;
      const bool left_out =
          (balance == Balance::file && file == 0) || (balance == Balance::anon && file == 1);
      if (left_out) size = scan = 0;
      lru_pages += size;
      nr[i] = scan;
      some = some || scan != 0;
    }
  }
  return lru_pages;
}

bool Reclaim::inactive_is_low(const Zone& zone, bool file) const {
  if (!file && !memory_.swap().usable()) return false;
  const Pages inactive = seen_size(zone, file ? Lru::inactive_file : Lru::inactive_anon);
  const Pages active = seen_size(zone, file ? Lru::active_file : Lru::active_anon);
  if (memory_.rules().file_target == Rules::FileTarget::ratio) {
    return inactive * inactive_ratio(inactive + active) < active;
  }
  return file ? active > inactive : inactive * zone.inactive_ratio < active;
}

Pages Reclaim::reclaimable_pages(const Zone& zone) const {
  Pages pages = vmstat_.total(zone, Lru::active_file) + vmstat_.total(zone, Lru::inactive_file);
  if (memory_.swap().free() != 0) {
    pages += vmstat_.total(zone, Lru::active_anon) + vmstat_.total(zone, Lru::inactive_anon);
  }
  return pages;
}

/// Whether anybody looks at Zone::pages_scanned: nobody since 4.7 and 4.12.
bool Reclaim::counts_scanned() const {
  return memory_.rules().progress != Rules::Progress::freed || !node();
}

bool Reclaim::passed_over(const Zone& zone) const {
  if (memory_.rules().progress == Rules::Progress::enough) {
    return (zone.flags & ZONE_ALL_UNRECLAIMABLE) != 0;
  }
  return !zone_reclaimable(zone);
}

bool Reclaim::zone_reclaimable(const Zone& zone) const {
  return zone.pages_scanned < reclaimable_pages(zone) * 6;
}

}  // namespace brink
