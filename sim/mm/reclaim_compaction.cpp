// Reclaim for a high order, which goes on until compaction has room to work in (mm/vmscan.c:
// should_continue_reclaim(), Linux 4.0 and 6.1). Left out: compaction_ready(), which spares zones
// where compaction has room already, and that 4.0 goes on for __GFP_REPEAT without freeing any.

#include "sim/mm/compaction.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

/// in_reclaim_compaction().
bool Reclaim::for_compaction(const ScanControl& sc) const {
  if (memory_.rules().compaction == Rules::Compaction::none || sc.order == 0) return false;
  return sc.order > costly_order || sc.priority < def_priority - 2;
}

/// Whether zones `first` to `last`, which `reclaimed` pages of were just freed, are to be shrunk
/// again. 4.0 makes sure of its pages before it asks whether compaction could work.
bool Reclaim::continues_for_compaction(const ScanControl& sc, ZoneType first, ZoneType last,
                                       Pages reclaimed) const {
  if (!for_compaction(sc)) return false;
  const bool light = memory_.rules().compaction == Rules::Compaction::sync_light;
  if (reclaimed == 0) return false;
  const bool anon = memory_.swap().map().free() != 0;
  Pages inactive = 0;
  bool suitable = false;
  for (auto i = static_cast<std::size_t>(first); i <= static_cast<std::size_t>(last); ++i) {
    const Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    inactive += zone.lru_size(Lru::inactive_file);
    if (anon) inactive += zone.lru_size(Lru::inactive_anon);
    // The kernel names the lowest zone as the request's own where it asks for one zone.
    const ZoneType class_zone = light ? ZoneType::dma : last;
    suitable = suitable || memory_.compaction().worth_it(zone, sc.order, class_zone);
  }
  const Pages needed = Pages{2} << sc.order;
  if (light) return (sc.nr_reclaimed < needed && inactive > needed) || !suitable;
  return !suitable && inactive > needed;
}

}  // namespace brink
