// kswapd: how it is woken and goes to sleep (mm/vmscan.c, Linux 2.6.30 to 6.1). What it does when
// it is awake is in a file for each aim.

#include "sim/mm/kswapd.hpp"

#include <algorithm>

#include "sim/locking/lockdep.hpp"
#include "sim/mm/compaction.hpp"
#include "sim/mm/kcompactd.hpp"
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

const Rules& Kswapd::rules() const { return memory_.rules(); }

void Kswapd::run() {
  const Frame frame(*task_, "kswapd");
  ReclaimState state;
  memory_.set_reclaim_state(*task_, &state);
  switch (rules().kswapd_aim) {
    case Rules::KswapdAim::every_zone: return run_every_zone();
    case Rules::KswapdAim::gap: return run_gap();
    case Rules::KswapdAim::node: return run_node();
  }
}

/// One run of balance_pgdat().
Kswapd::Order Kswapd::balance(const Order& order) {
  const FsReclaim lockdep(memory_.locks());
  const LockDemands demands(memory_, LockPoint::reclaim);
  ScanControl sc;
  sc.gfp = GFP_KERNEL;
  sc.order = order.order;
  sc.kswapd = true;
  const std::uint64_t generation = memory_.generation();
  const std::uint64_t changes = memory_.changes();
  Order reached = order;
  switch (rules().kswapd_aim) {
    case Rules::KswapdAim::every_zone: reached = balance_every_zone(sc, order); break;
    case Rules::KswapdAim::gap: reached = balance_gap(sc, order); break;
    case Rules::KswapdAim::node: reached = balance_node(sc, order); break;
  }
  memory_.reclaim().end_pass();
  memory_.zones().unboost();
  if (sc.nr_reclaimed == 0 && generation == memory_.generation()) {
    fruitless_ = generation;
    fruitless_order_ = order.order;
    quiet_ = changes == memory_.changes() ? changes : ~std::uint64_t{0};
  }
  return reached;
}

// --- Sleeping.

bool Kswapd::balanced(const Order& order) const {
  switch (rules().kswapd_aim) {
    case Rules::KswapdAim::every_zone: return balanced_every_zone(order.order);
    case Rules::KswapdAim::gap: return balanced_gap(order);
    case Rules::KswapdAim::node: break;
  }
  return hopeless() || balanced_node(order);
}

bool Kswapd::ready_to_sleep(const Order& order, bool woken_early) {
  if (woken_early) return false;
  memory_.reclaim().wake_throttled(true);
  if (!balanced(order)) return gave_up();
  if (rules().kswapd_aim == Rules::KswapdAim::node && !hopeless()) clear_flags();
  return true;
}

/// Before it sleeps, a kswapd that looks twice naps: true if it was woken meanwhile, so that it was
/// too early to sleep.
bool Kswapd::nap_before_sleep(const Order& order) {
  if (!ready_to_sleep(order, false)) return false;
  Core& core = memory_.core();
  if (rules().kcompactd) {
    memory_.compaction().forget_skipped();
    memory_.kcompactd().wake(compact_order_, order.class_zone);
  }
  sleeping_ = true;
  const Wake how = core.park_until(idle_wait, WaitMode::uninterruptible, core.now() + 100 * ms);
  sleeping_ = false;
  return how != Wake::timeout;
}

void Kswapd::try_to_sleep(const Order& order) {
  Counters& counters = memory_.counters();
  if (memory_.policies().reclaim->kswapd_sleep() == KswapdSleep::at_once) {
    memory_.reclaim().wake_throttled(true);
    // The kernels that sleep at once do so however things are.
    const bool whatever = rules().kswapd_aim == Rules::KswapdAim::every_zone;
    if (!balanced(order) && !gave_up()) {
      ++counters.kswapd_high_wmark_hit_quickly;
      if (!whatever) return;
    }
    return sleep();
  }
  const bool woken = nap_before_sleep(order);
  if (ready_to_sleep(order, woken)) return sleep();
  ++(woken ? counters.kswapd_low_wmark_hit_quickly : counters.kswapd_high_wmark_hit_quickly);
  if (woken && rules().kswapd_aim == Rules::KswapdAim::node) {
    // It goes on with what it was at.
    asked_zone_ = asked_zone_.value_or(order.class_zone);
    asked_.order = std::max(asked_.order, order.order);
  }
}

void Kswapd::sleep() {
  Core& core = memory_.core();
  const Nanos since = core.now();
  memory_.compaction().forget_skipped();
  memory_.reclaim().vmstat().set_pressure(false);
  sleeping_ = true;
  static_cast<void>(core.park(idle_wait, WaitMode::uninterruptible));
  sleeping_ = false;
  memory_.reclaim().vmstat().set_pressure(true);
  const bool looked = memory_.policies().reclaim->kswapd_sleep() == KswapdSleep::second_look;
  if (!looked && core.now() - since < 100 * ms) {
    ++memory_.counters().kswapd_low_wmark_hit_quickly;
  }
}

// --- Waking.

bool Kswapd::hopeless() const {
  const std::uint32_t most = rules().kswapd_failures_max;
  return most != 0 && failures_ >= most;
}

void Kswapd::take_heart() {
  if (failures_ != 0) memory_.changed();
  failures_ = 0;
}

bool Kswapd::gave_up() const {
  if (rules().kswapd_failures_max != 0) return hopeless() && sleeping_;
  if (fruitless_ != memory_.generation()) return false;
  // It saw pages that are not there, and would see them again.
  if (memory_.reclaim().vmstat().on() && quiet_ == memory_.changes()) return true;
  return memory_.reclaim().exhausted(ReclaimClass::kernel, GFP_KERNEL);
}

/// wakeup_kswapd() of the zones that a request may use, up to the waking.
bool Kswapd::would_wake(unsigned order, Gfp gfp) const {
  if (!sleeping_ || !has(gfp, Gfp::kswapd_reclaim)) return false;
  if (rules().kswapd_aim == Rules::KswapdAim::node) {
    // A run takes raised marks back, even one that has nothing else to do.
    const ZoneType highest = memory_.zones().preferred(gfp).type;
    return !gave_up() && (boosted(highest) || !balanced_node({order, highest}));
  }
  const bool low = rules().kswapd_aim == Rules::KswapdAim::every_zone;
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    const Pages mark = zone.watermark(low ? Watermark::low : Watermark::high);
    if (!zone.populated() ||
        zone.watermark_ok(order, mark, ZoneType::dma, 0, rules().high_order_mark)) {
      continue;
    }
    return !gave_up() || (rules().lumpy_reclaim && order > fruitless_order_);
  }
  return false;
}

void Kswapd::wake_all(unsigned order, Gfp gfp) {
  if (task_ == nullptr) return;
  const ZoneType zone = memory_.zones().preferred(gfp).type;
  if (asked_.order < order) {
    asked_.order = order;
    asked_.class_zone = std::min(asked_.class_zone, zone);
  }
  asked_zone_ = std::max(asked_zone_.value_or(zone), zone);
  // A run in vain would end by taking raised marks back.
  if (gave_up()) memory_.zones().unboost();
  if (!would_wake(order, gfp)) return;
  ++memory_.counters().kswapd_wakeups;
  memory_.core().charge(memory_.core().costs().wakeup);
  memory_.core().wake(*task_);
}

void Kswapd::wake() {
  if (task_ == nullptr || !sleeping_ || gave_up()) return;
  ++memory_.counters().kswapd_wakeups;
  memory_.core().charge(memory_.core().costs().wakeup);
  memory_.core().wake(*task_);
}

/// pgdat_watermark_boosted().
bool Kswapd::boosted(ZoneType highest) const {
  const auto& zones = memory_.zones().all();
  const auto end = zones.begin() + static_cast<std::ptrdiff_t>(highest) + 1;
  return std::any_of(zones.begin(), end, [](const Zone& zone) { return zone.boost != 0; });
}

bool Kswapd::zone_balanced(const Zone& zone, unsigned order, Pages gap, ZoneType class_zone) const {
  return zone.watermark_ok(order, zone.watermark(Watermark::high) + gap, class_zone, 0,
                           rules().high_order_mark);
}

}  // namespace brink
