// kswapd that works for the node: until any of its zones has the high mark, or it has failed too
// often (mm/vmscan.c: kswapd and balance_pgdat, Linux 6.1). Left out: reclaim for the sake of
// boosted marks.

#include "sim/mm/kswapd.hpp"

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

void Kswapd::run_node() {
  ZoneType zone = highest();
  unsigned alloc_order = 0, reclaim_order = 0;
  for (;;) {
    // A run that had to lower its order has seen what was asked.
    if (reclaim_order >= alloc_order) alloc_order = reclaim_order = asked_.order;
    zone = asked_zone_.value_or(zone);
    compact_order_ = alloc_order;
    try_to_sleep({reclaim_order, zone});
    alloc_order = asked_.order;
    zone = asked_zone_.value_or(zone);
    asked_.order = 0;
    asked_zone_.reset();
    reclaim_order = balance({alloc_order, zone}).order;
    memory_.core().cond_resched();
  }
}

bool Kswapd::balanced_node(const Order& order) const {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(order.class_zone); ++i) {
    const Zone& zone = memory_.zones().all()[i];
    if (zone.populated() && zone_balanced(zone, order.order, 0, order.class_zone)) return true;
  }
  return false;
}

Kswapd::Order Kswapd::balance_node(ScanControl& sc, const Order& order) {
  Core& core = memory_.core();
  do {
    const Pages before = sc.nr_reclaimed;
    core.charge(core.costs().alloc_slow_round);
    if (balanced_node({sc.order, order.class_zone})) return {sc.order, order.class_zone};
    for (Zone& zone : memory_.zones().all()) {
      if (zone.populated()) memory_.reclaim().age_active_anon(zone, sc);
    }
    const bool enough = shrink_node(sc, order.class_zone);
    memory_.reclaim().wake_throttled(false);
    if (!enough || sc.nr_reclaimed == before) --sc.priority;
  } while (sc.priority >= 1);
  if (sc.nr_reclaimed == 0) {
    ++failures_;
    memory_.changed();
  }
  return {sc.order, order.class_zone};
}

/// kswapd_shrink_node(): true if it looked at as many pages as it wanted to reclaim.
bool Kswapd::shrink_node(ScanControl& sc, ZoneType class_zone) {
  sc.nr_to_reclaim = 0;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(class_zone); ++i) {
    const Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    sc.nr_to_reclaim += std::max(zone.watermark(Watermark::high), swap_cluster_max);
  }
  sc.nr_scanned = 0;
  memory_.reclaim().shrink_node(class_zone, sc);
  // Fragmentation may keep a high order from being met: compaction is for that.
  if (sc.order != 0 && sc.nr_reclaimed >= Pages{2} << sc.order) sc.order = 0;
  return sc.nr_scanned >= sc.nr_to_reclaim;
}

void Kswapd::clear_flags() {
  constexpr unsigned states = ZONE_CONGESTED | ZONE_DIRTY | ZONE_WRITEBACK;
  for (Zone& zone : memory_.zones().all()) {
    if ((zone.flags & states) != 0) memory_.changed();
    zone.flags = static_cast<std::uint8_t>(zone.flags & ~states);
  }
}

}  // namespace brink
