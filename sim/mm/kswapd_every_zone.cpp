// kswapd that works for the high mark in every zone, from priority 12 to 0 over and over until they
// all have it or it has given them up (mm/vmscan.c: kswapd and balance_pgdat, Linux 2.6.30 to
// 2.6.32).

#include "sim/mm/kswapd.hpp"

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

void Kswapd::run_every_zone() {
  unsigned order = 0;
  for (;;) {
    const unsigned wanted = asked_.order;
    asked_.order = 0;
    if (order < wanted) {
      order = wanted;
    } else {
      try_to_sleep({order, highest()});
      order = asked_.order;
    }
    static_cast<void>(balance({order, highest()}));
    memory_.core().cond_resched();
  }
}

bool Kswapd::balanced_every_zone(unsigned order) const {
  for (const Zone& zone : memory_.zones().all()) {
    if (!zone.populated() || (zone.flags & ZONE_ALL_UNRECLAIMABLE) != 0) continue;
    if (!zone_balanced(zone, order, 0, ZoneType::dma)) return false;
  }
  return true;
}

/// Fragmentation may keep a high order from being met: a descent that freed next to nothing is
/// followed by others for single pages.
Kswapd::Order Kswapd::balance_every_zone(ScanControl& sc, Order order) {
  Pages reclaimed = 0;
  for (;;) {
    sc.nr_reclaimed = 0;
    const bool done = descend(sc);
    reclaimed += sc.nr_reclaimed;
    if (done) break;
    memory_.core().cond_resched();
    if (sc.nr_reclaimed < swap_cluster_max) order.order = sc.order = 0;
  }
  sc.nr_reclaimed = reclaimed;
  return order;
}

/// From priority 12 down until there is a batch; true if every zone was fine in the end.
bool Kswapd::descend(ScanControl& sc) {
  const ReclaimPolicy& policy = *memory_.policies().reclaim;
  Pages total_scanned = 0;
  bool all_zones_ok = true;
  for (sc.priority = def_priority; sc.priority >= 0; --sc.priority) {
    memory_.core().charge(memory_.core().costs().alloc_slow_round);
    bool done = false;
    all_zones_ok = once_over(sc, total_scanned, done);
    memory_.reclaim().wake_throttled(false);
    if (done) break;
    if (total_scanned != 0 && sc.priority < policy.kswapd_naps_below(sc.order)) {
      memory_.reclaim().nap(100 * ms);
    }
    if (sc.nr_reclaimed >= swap_cluster_max) break;
  }
  return all_zones_ok;
}

/// Once over the zones up to the highest that needs it, lowest first. `done` if none does.
bool Kswapd::once_over(ScanControl& sc, Pages& total_scanned, bool& done) {
  Reclaim& reclaim = memory_.reclaim();
  const auto given_up = [&](const Zone& zone) {
    return (zone.flags & ZONE_ALL_UNRECLAIMABLE) != 0 && sc.priority != def_priority;
  };
  std::size_t end = zone_types;
  while (end-- > 0) {
    Zone& zone = memory_.zones().all()[end];
    if (!zone.populated() || given_up(zone)) continue;
    reclaim.age_active_anon(zone, sc);
    if (!zone_balanced(zone, sc.order, 0, ZoneType::dma)) break;
  }
  done = end >= zone_types;
  if (done) return true;
  sc.lru_pages = 0;
  for (std::size_t i = 0; i <= end; ++i) {
    sc.lru_pages += reclaim.reclaimable_pages(memory_.zones().all()[i]);
  }
  bool all_zones_ok = true;
  for (std::size_t i = 0; i <= end; ++i) {
    Zone& zone = memory_.zones().all()[i];
    if (!zone.populated() || given_up(zone)) continue;
    if (!shrink_and_judge(zone, static_cast<ZoneType>(end), sc)) all_zones_ok = false;
    total_scanned += sc.nr_scanned;
  }
  done = all_zones_ok;
  return all_zones_ok;
}

/// Whether the zone was fine before. One with more than eight times its mark free is left alone.
bool Kswapd::shrink_and_judge(Zone& zone, ZoneType end_zone, ScanControl& sc) {
  const bool fine = zone_balanced(zone, sc.order, 0, end_zone);
  sc.nr_scanned = 0;
  sc.slab_freed = 0;
  if (!zone_balanced(zone, sc.order, 7 * zone.watermark(Watermark::high), end_zone)) {
    memory_.reclaim().shrink_zone(zone, sc, zone.type == end_zone);
  } else {
    sc.slab_freed = memory_.reclaim().shrink_slab(sc, 0, sc.lru_pages);
  }
  const bool reclaimable = memory_.reclaim().zone_reclaimable(zone);
  if ((zone.flags & ZONE_ALL_UNRECLAIMABLE) == 0 && sc.slab_freed == 0 && !reclaimable) {
    zone.flags |= ZONE_ALL_UNRECLAIMABLE;
    memory_.changed();
  }
  return fine;
}

}  // namespace brink
