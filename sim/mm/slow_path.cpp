// The slow path (mm/page_alloc.c: __alloc_pages_slowpath, Linux 2.6.30 to 6.1). A round is: wake
// kswapd, take pages if there are any by now, reclaim, take pages again; then the policy decides.
// Which of this is done in every round, and which only after the OOM path, differs.

#include "sim/mm/slow_path.hpp"

#include <utility>

#include "sim/mm/compaction.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

constexpr Gfp thisnode = Gfp::thisnode | Gfp::noretry | Gfp::nowarn;
constexpr unsigned no_watermarks = ALLOC_NO_WATERMARKS;

}  // namespace

SlowPath::SlowPath(Memory& memory, const PageRequest& request)
    : memory_(memory),
      core_(memory.core()),
      me_(core_.current()),
      request_(request),
      wait_(memory, MemoryWait::Asker::slow_path, request.blame, request.order, request.gfp),
      attempt_(wait_.attempt_),
      steady_(memory, request.gfp) {
  ++memory_.counters().slow_path;
}

const Rules& SlowPath::rules() const { return memory_.rules(); }

Pfn SlowPath::run() {
  Step step = gives_up_at_once() ? fail(Cause::give_up) : Step::go_on;
  while (step == Step::go_on || step == Step::again) {
    if (repeat_rounds()) continue;
    steady_.begin();
    woke_kswapd_ = false;
    looked_at_ = memory_.reclaim().looked_at(me_);
    const Edge edge = edge_;
    step = enter_round();
    if (step == Step::go_on && rules().compaction == Rules::Compaction::priorities) {
      step = compact_first(edge);
    }
    if (step == Step::go_on) step = refused();
    if (step == Step::go_on && rules().compaction == Rules::Compaction::sync_light) {
      step = compact(attempt_.rounds == 0 ? CompactPriority::async : CompactPriority::sync_light);
    }
    if (step == Step::go_on) step = reclaim();
    if (step == Step::go_on && rules().compaction == Rules::Compaction::priorities) {
      step = compact(attempt_.compact_priority);
    }
    if (step == Step::go_on) step = decide();
  }
  return finish(step);
}

/// Whoever asks for this node only asks again for any node.
bool SlowPath::gives_up_at_once() const {
  return rules().thisnode_gives_up && has(request_.gfp, thisnode);
}

SlowPath::Step SlowPath::enter_round() {
  const Edge edge = std::exchange(edge_, Edge::rebalance);
  if (edge == Edge::restart && rules().restart_at_low && take(Watermark::low, 0) == Step::got) {
    return Step::got;
  }
  if (due(rules().kswapd_wake, edge)) wake_kswapd();
  if (due(rules().rights_test, edge)) flags_ = rights();
  core_.charge(core_.costs().alloc_slow_round);
  const bool looks = edge != Edge::rebalance || rules().round_attempt == Rules::RoundAttempt::round;
  if (looks && take(Watermark::min, flags_ & ~no_watermarks) == Step::got) return Step::got;
  return has_flag(ALLOC_NO_WATERMARKS) ? reserve() : Step::go_on;
}

void SlowPath::wake_kswapd() {
  if (!has(request_.gfp, Gfp::kswapd_reclaim)) return;
  ++memory_.counters().kswapd_wakes;
  woke_kswapd_ = true;
  memory_.kswapd().wake_all(request_.order, request_.gfp);
}

/// gfp_to_alloc_flags().
unsigned SlowPath::rights() const {
  const unsigned flags =
      memory_.allocator().alloc_flags(request_.gfp, me_.has(PF_MEMALLOC), me_.has(TIF_MEMDIE));
  // Whoever cannot sleep is asked first, and interrupts cannot: nobody comes to the rule.
  if (!me_.has(RT_TASK) || !has(request_.gfp, Gfp::direct_reclaim)) return flags;
  if (!core_.in_task() && !rules().rt_harder_in_interrupt) return flags;
  return flags | (rules().rt_bonus == Rules::RtBonus::half ? ALLOC_HIGH : ALLOC_HARDER);
}

SlowPath::Step SlowPath::take(Watermark mark, unsigned flags) {
  page_ = memory_.allocator().take(request_.order, request_.gfp, mark, flags);
  return page_ != no_page ? Step::got : Step::go_on;
}

/// __alloc_pages_high_priority(): the whole reserve; __GFP_NOFAIL waited here for ever.
SlowPath::Step SlowPath::reserve() {
  const auto rule = rules().nofail_reserve;
  const bool waits = has(request_.gfp, Gfp::nofail) && rule != Rules::NofailReserve::last_resort;
  const auto pause =
      rule == Rules::NofailReserve::sleep ? Pause::congestion_sleep : Pause::congestion;
  for (bool own_round = false; take(Watermark::min, no_watermarks) != Step::got; own_round = true) {
    if (!waits) return Step::go_on;
    // The first time, the round had more to it than those that follow.
    wait_in_vain(pause, own_round);
    steady_.begin();
    core_.charge(core_.costs().alloc_slow_round);
  }
  return Step::got;
}

/// The end of a round of a loop that no policy is asked about; if the next would be `alike`, it
/// need not be made.
void SlowPath::wait_in_vain(Pause how, bool alike) {
  failed_round();
  if (!loop_) loop_.emplace(core_, wait_);
  loop_->round();
  steady_.end();
  pause(how, 20 * ms);
  if (sleeps(how) || !alike) return;
  while (const std::uint64_t rounds = steady_.repeatable(unlimited)) {
    // Whole rounds begin with kswapd.
    if (how == Pause::yield && memory_.kswapd().would_wake(request_.order, request_.gfp)) return;
    steady_.repeat(rounds);
    core_.cond_resched();
  }
}

/// Who leaves before reclaim, or goes round without it.
SlowPath::Step SlowPath::refused() {
  if (!has(request_.gfp, Gfp::direct_reclaim)) return fail(Cause::no_sleep);
  if (me_.has(PF_MEMALLOC)) {
    if (!has_last_resort()) return fail(Cause::victim);
    if (last_resort() == Step::got) return Step::got;
    wait_in_vain(Pause::yield, true);
    return Step::again;
  }
  const bool has_everything = memory_.policies().oom->rights() == VictimRights::everything;
  if (me_.has(TIF_MEMDIE) && has_everything && !has(request_.gfp, Gfp::nofail)) {
    return fail(Cause::victim);
  }
  return Step::go_on;
}

/// Whether a request that has no other way is not failed, but helped a little, and goes round.
bool SlowPath::has_last_resort() const {
  return rules().nofail_reserve == Rules::NofailReserve::last_resort &&
         has(request_.gfp, Gfp::nofail);
}

/// 6.1 tries the cheapest way once before anything else, for blocks that reclaim alone hardly ever
/// makes, or that would mix pageblocks.
SlowPath::Step SlowPath::compact_first(Edge edge) {
  if (edge == Edge::rebalance || !has(request_.gfp, Gfp::direct_reclaim)) return Step::go_on;
  if (me_.has(PF_MEMALLOC) || has_flag(ALLOC_NO_WATERMARKS)) return Step::go_on;
  const bool costly = request_.order > costly_order;
  if (!costly && (request_.order == 0 || has(request_.gfp, Gfp::movable))) return Step::go_on;
  const Step step = compact(CompactPriority::async);
  if (step != Step::go_on || !costly || !has(request_.gfp, Gfp::noretry)) return step;
  // Reclaiming a lot for a block that may be had without would be a waste.
  const bool not_now = attempt_.compaction == CompactResult::skipped ||
                       attempt_.compaction == CompactResult::deferred;
  return not_now ? fail(Cause::give_up) : Step::go_on;
}

/// __alloc_pages_direct_compact().
SlowPath::Step SlowPath::compact(CompactPriority priority) {
  if (!memory_.compaction().allowed(request_.order, request_.gfp)) {
    attempt_.compaction = CompactResult::none;
    return Step::go_on;
  }
  const unsigned flags = flags_ & ~no_watermarks;
  const CompactRequest block{request_.order, request_.gfp, Watermark::min, flags};
  me_.set(PF_MEMALLOC);
  attempt_.compaction = memory_.compaction().direct(block, priority);
  me_.clear(PF_MEMALLOC);
  if (attempt_.compaction == CompactResult::skipped ||
      attempt_.compaction == CompactResult::deferred) {
    return Step::go_on;
  }
  if (take(Watermark::min, flags) == Step::got) {
    memory_.compaction().succeeded(memory_.zones().of(page_), request_.order);
    return Step::got;
  }
  core_.cond_resched();
  return Step::go_on;
}

SlowPath::Step SlowPath::reclaim() {
  count_round(memory_.reclaim().direct(request_.order, request_.gfp));
  const bool drains_always = rules().drain_pcp == Rules::DrainPcp::high_order;
  if (drains_always && request_.order > 0) memory_.allocator().drain_all();
  if (!attempt_.progress) return Step::go_on;
  const unsigned flags = flags_ & ~no_watermarks;
  if (take(Watermark::min, flags) == Step::got) return Step::got;
  if (drains_always) return Step::go_on;
  drain();
  return take(Watermark::min, flags);
}

/// What reclaim has freed is perhaps where the request does not look.
void SlowPath::drain() {
  if (rules().high_order_reserve == Rules::HighOrderReserve::highatomic) {
    memory_.allocator().unreserve_highatomic(request_.gfp, false);
  }
  memory_.allocator().drain_all();
}

void SlowPath::count_round(Pages progress) {
  progress_ = progress;
  ++memory_.counters().rounds;
  ++attempt_.rounds;
  attempt_.progress = progress != 0;
  attempt_.reclaimed += progress;
  if (attempt_.progress) {
    attempt_.idle_rounds = 0;
  } else {
    ++attempt_.no_progress_rounds;
    ++attempt_.idle_rounds;
  }
}

/// A round has ended without a page: that is where a failure begins, if not before.
void SlowPath::failed_round() {
  if (failure_ != no_failure || request_.quiet) return;
  failure_ = memory_.begin_failure({request_.blame, request_.order, request_.gfp}, Cause::give_up,
                                   wait_.outer_);
}

SlowPath::Step SlowPath::fail(Cause cause) {
  if (request_.quiet) {
    memory_.allocator().set_quiet_cause(cause);
  } else {
    failed_round();
    memory_.failures().set_cause(failure_, cause);
  }
  if (!has(request_.gfp, Gfp::nowarn)) memory_.warn_alloc_failed(request_.order, request_.gfp);
  return Step::give_up;
}

Pfn SlowPath::finish(Step how) {
  if (how == Step::got && failure_ != no_failure) memory_.end_failure(failure_, wait_.outer_);
  loop_.reset();
  if (me_.loop == nullptr) me_.progress_at = core_.now();
  return how == Step::got ? page_ : no_page;
}

}  // namespace brink
