// kswapd that works for the high mark and a gap in every zone, with the order dropped after twice
// its pages (mm/vmscan.c: kswapd and balance_pgdat, Linux 4.0).

#include "sim/mm/kswapd.hpp"

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

Kswapd::Order Kswapd::take_orders() {
  const Order order = asked_;
  asked_ = {0, highest()};
  return order;
}

void Kswapd::run_gap() {
  Order order{0, highest()};
  Order wanted = order;
  Order done{0, highest()};  // What the last balance() ended with.
  for (;;) {
    // A pass that had to lower its aim is not followed by another like it at once.
    if (done.class_zone >= wanted.class_zone && done.order == wanted.order) wanted = take_orders();
    if (order.order < wanted.order || order.class_zone > wanted.class_zone) {
      order = wanted;
    } else {
      try_to_sleep(done);
      order = wanted = take_orders();
    }
    done = balance(order);
    memory_.core().cond_resched();
  }
}

/// pgdat_balanced(): at order 0 every zone must be; above, a quarter of the pages is enough.
bool Kswapd::balanced_gap(const Order& order) const {
  Pages managed = 0, balanced_pages = 0;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(order.class_zone); ++i) {
    const Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    managed += zone.managed;
    if (!memory_.reclaim().zone_reclaimable(zone) ||
        zone_balanced(zone, order.order, 0, zone.type)) {
      balanced_pages += zone.managed;
    } else if (order.order == 0) {
      return false;
    }
  }
  return order.order == 0 || balanced_pages >= managed / 4;
}

/// balance_pgdat(): the order and class zone that it got to.
Kswapd::Order Kswapd::balance_gap(ScanControl& sc, const Order& order) {
  Order reached{order.order, ZoneType::dma};
  Pages reclaimed = 0;
  do {
    sc.nr_reclaimed = 0;
    memory_.core().charge(memory_.core().costs().alloc_slow_round);
    if (!find_end_zone(sc, reached.class_zone)) break;
    const bool raise = pass(sc, reached);
    memory_.reclaim().wake_throttled(false);
    reclaimed += sc.nr_reclaimed;
    // Fragmentation may keep a high order from being met: whoever wants it can reclaim directly.
    if (reached.order != 0 && sc.nr_reclaimed >= Pages{2} << reached.order) {
      reached.order = sc.order = 0;
    }
    if (raise || sc.nr_reclaimed == 0) --sc.priority;
  } while (sc.priority >= 1 && !balanced_gap({reached.order, order.class_zone}));
  sc.nr_reclaimed = reclaimed;
  return reached;
}

/// The highest zone that is below its high mark; false if none is.
bool Kswapd::find_end_zone(ScanControl& sc, ZoneType& end_zone) {
  end_zone = ZoneType::dma;
  for (std::size_t i = zone_types; i-- > 0;) {
    Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    if (sc.priority != def_priority && !memory_.reclaim().zone_reclaimable(zone)) continue;
    memory_.reclaim().age_active_anon(zone, sc);
    if (!zone_balanced(zone, sc.order, 0, ZoneType::dma)) {
      end_zone = zone.type;
      return true;
    }
    zone.flags &= static_cast<std::uint8_t>(~(ZONE_CONGESTED | ZONE_DIRTY));
  }
  return false;
}

/// Once over the zones, lowest first; true if it looked at too little and should look harder.
bool Kswapd::pass(ScanControl& sc, Order& order) {
  bool raise = true;
  sc.lru_pages = 0;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(order.class_zone); ++i) {
    sc.lru_pages += memory_.reclaim().reclaimable_pages(memory_.zones().all()[i]);
  }
  for (std::size_t i = 0; i <= static_cast<std::size_t>(order.class_zone); ++i) {
    Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    if (sc.priority != def_priority && !memory_.reclaim().zone_reclaimable(zone)) continue;
    sc.nr_scanned = 0;
    if (shrink(zone, order.class_zone, sc)) raise = false;
  }
  return raise;
}

/// kswapd_shrink_zone(): true if it looked at as many pages as it wanted to reclaim.
bool Kswapd::shrink(Zone& zone, ZoneType end_zone, ScanControl& sc) {
  sc.nr_to_reclaim = std::max(swap_cluster_max, zone.watermark(Watermark::high));
  const Pages gap = std::min(zone.watermark(Watermark::low), (zone.managed + 99) / 100);
  if (zone_balanced(zone, sc.order, gap, end_zone)) return true;
  memory_.reclaim().shrink_zone(zone, sc, zone.type == end_zone);
  zone.flags &= static_cast<std::uint8_t>(~ZONE_WRITEBACK);
  if (memory_.reclaim().zone_reclaimable(zone) && zone_balanced(zone, sc.order, 0, end_zone)) {
    zone.flags &= static_cast<std::uint8_t>(~(ZONE_CONGESTED | ZONE_DIRTY));
  }
  return sc.nr_scanned >= sc.nr_to_reclaim;
}

}  // namespace brink
