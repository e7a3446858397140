// kswapd (mm/vmscan.c: kswapd and balance_pgdat, Linux 4.0).

#include "sim/mm/kswapd.hpp"

#include <algorithm>

#include "sim/locking/lockdep.hpp"
#include "sim/mm/lock_demands.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

void Kswapd::start() {
  task_ = &memory_.core().spawn("kswapd0", {body, this});
  task_->set(PF_KTHREAD);
  task_->set(PF_MEMALLOC);
  task_->set(PF_KSWAPD);
  task_->set(DAEMON);
  asked_ = {0, highest()};
}

void Kswapd::body(void* self) { static_cast<Kswapd*>(self)->run(); }

ZoneType Kswapd::highest() const { return memory_.zones().highest(); }

Kswapd::Order Kswapd::take_orders() {
  const Order order = asked_;
  asked_ = {0, highest()};
  return order;
}

void Kswapd::run() {
  const Frame frame(*task_, "kswapd");
  ReclaimState state;
  memory_.set_reclaim_state(*task_, &state);
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

// --- Sleeping.

bool Kswapd::ready_to_sleep(const Order& order, bool woken_early) {
  if (woken_early) return false;
  memory_.reclaim().wake_throttled(true);
  return balanced(order) || gave_up();
}

void Kswapd::try_to_sleep(const Order& order) {
  Core& core = memory_.core();
  bool woken_early = false;
  if (ready_to_sleep(order, false)) {
    // A short nap first: a wake-up within it means that it was too early to sleep.
    sleeping_ = true;
    woken_early = core.park_until(idle_wait, WaitMode::uninterruptible, core.now() + 100 * ms) !=
                  Wake::timeout;
    sleeping_ = false;
  }
  if (!ready_to_sleep(order, woken_early)) return;
  sleeping_ = true;
  static_cast<void>(core.park(idle_wait, WaitMode::uninterruptible));
  sleeping_ = false;
}

bool Kswapd::gave_up() const {
  return fruitless_ == memory_.generation() &&
         memory_.reclaim().exhaustion(ReclaimClass::kernel, GFP_KERNEL).exhausted;
}

bool Kswapd::would_wake(unsigned order, Gfp gfp) const {
  if (!sleeping_ || !has(gfp, Gfp::kswapd_reclaim)) return false;
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    if (zone.populated() && !zone_balanced(zone, order, 0, ZoneType::dma)) return !gave_up();
  }
  return false;
}

void Kswapd::wake_all(unsigned order, Gfp gfp) {
  if (task_ == nullptr) return;
  // A pass in vain would end by taking raised marks back.
  if (gave_up()) memory_.zones().unboost();
  if (asked_.order < order) {
    asked_.order = order;
    asked_.class_zone = std::min(asked_.class_zone, memory_.zones().preferred(gfp).type);
  }
  if (!would_wake(order, gfp)) return;
  memory_.core().charge(memory_.core().costs().wakeup);
  memory_.core().wake(*task_);
}

void Kswapd::wake() {
  if (task_ == nullptr || !sleeping_ || gave_up()) return;
  memory_.core().charge(memory_.core().costs().wakeup);
  memory_.core().wake(*task_);
}

// --- Balance.

bool Kswapd::zone_balanced(const Zone& zone, unsigned order, Pages gap, ZoneType class_zone) const {
  return zone.watermark_ok(order, zone.watermark(Watermark::high) + gap, class_zone, 0,
                           memory_.rules().high_order_mark);
}

/// pgdat_balanced(): at order 0 every zone must be; above, a quarter of the pages is enough.
bool Kswapd::balanced(const Order& order) const {
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
Kswapd::Order Kswapd::balance(Order order) {
  const FsReclaim lockdep(memory_.locks());
  const LockDemands demands(memory_, LockPoint::reclaim);
  ScanControl sc;
  sc.gfp = GFP_KERNEL;
  sc.order = order.order;
  sc.kswapd = true;
  Order reached{order.order, ZoneType::dma};
  const std::uint64_t generation = memory_.generation();
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
  } while (sc.priority >= 1 && !balanced({reached.order, order.class_zone}));
  memory_.reclaim().end_pass();
  memory_.zones().unboost();
  if (reclaimed == 0 && generation == memory_.generation()) fruitless_ = generation;
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
