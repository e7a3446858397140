// How much of each list one pass looks at, by what it costs to bring pages back (mm/vmscan.c:
// prepare_scan_count(), get_scan_count(), and mm/swap.c: lru_note_cost(), Linux 6.1). Left out: the
// cost of refaults, which working-set detection would tell: only pages that reclaim writes count.

#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

Pages Reclaim::seen_size(const Zone& zone, Lru lru) const {
  if (!node()) return vmstat_.size(zone, lru);
  if (zone.memcg != 0) return memory_.memcgs()->lru_size(zone.memcg, lru);
  return vmstat_.size(memory_.zones(), lru);
}

/// At the start of each pass: which active pages may be deactivated, and whether files are so many
/// or so few that the cost does not matter.
void Reclaim::prepare_scan_count(ScanControl& sc) {
  if (memory_.rules().scan_balance != Rules::ScanBalance::cost) return;
  if (sc.memcg != 0) return prepare_memcg_scan(sc);
  const Zones& zones = memory_.zones();
  const Zone& highest = zones.preferred(sc.gfp);
  for (const bool file : {false, true}) {
    sc.may_deactivate[file] = sc.force_deactivate || inactive_is_low(highest, file);
  }
  const Pages inactive_file = vmstat_.size(zones, Lru::inactive_file);
  sc.cache_trim_mode = inactive_file >> sc.priority != 0 && !sc.may_deactivate[1];
  Pages high = 0;
  for (const Zone& zone : zones.all()) high += zone.watermark(Watermark::high);
  const Pages file = inactive_file + vmstat_.size(zones, Lru::active_file);
  sc.file_is_tiny = file + zones.free() <= high && !sc.may_deactivate[0] &&
                    vmstat_.size(zones, Lru::inactive_anon) >> sc.priority != 0;
}

Reclaim::Balance Reclaim::cost_balance(const ScanControl& sc) const {
  if (memory_.swap().free() == 0) return Balance::file;
  if (sc.priority == 0 && memory_.policies().reclaim->swappiness() != 0) return Balance::equal;
  if (sc.file_is_tiny) return Balance::anon;
  return sc.cache_trim_mode ? Balance::file : Balance::fraction;
}

/// Neither side falls below a third of the other's pressure for its cost alone.
void Reclaim::cost_fractions(std::array<std::uint64_t, 2>& fraction, std::uint64_t& sum) const {
  const std::uint64_t swappiness = memory_.policies().reclaim->swappiness();
  const std::uint64_t both = cost_[0] + cost_[1];
  const std::uint64_t total = 3 * both;
  fraction = {swappiness * (total + 1) / (both + cost_[0] + 1),
              (200 - swappiness) * (total + 1) / (both + cost_[1] + 1)};
  sum = fraction[0] + fraction[1];
}

void Reclaim::note_cost(bool file, Pages pageouts) {
  if (pageouts == 0) return;
  cost_[file] += pageouts;
  Pages lists = 0;
  for (std::size_t i = 0; i < lru_lists; ++i) {
    lists += vmstat_.size(memory_.zones(), static_cast<Lru>(i));
  }
  if (cost_[0] + cost_[1] <= lists / 4) return;
  cost_[0] /= 2;
  cost_[1] /= 2;
}

}  // namespace brink
