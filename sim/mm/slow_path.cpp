// The slow path (mm/page_alloc.c: __alloc_pages_slowpath, Linux 4.0). A round is: wake kswapd, take
// pages if there are any by now, reclaim, take pages again; then the policy decides.

#include "sim/mm/slow_path.hpp"

#include <algorithm>

#include "sim/mm/congestion.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

SlowPath::SlowPath(Memory& memory, const PageRequest& request)
    : memory_(memory), core_(memory.core()), me_(core_.current()), request_(request),
      wait_(memory, MemoryWait::Asker::slow_path, request.blame, request.order, request.gfp),
      attempt_(wait_.attempt_), steady_(memory, request.gfp) {
  ++memory_.counters().slow_path;
}

Pfn SlowPath::run() {
  Step step = Step::go_on;
  while (step == Step::go_on) {
    if (repeat_rounds()) continue;
    steady_.begin();
    wake_kswapd();
    core_.charge(core_.costs().alloc_slow_round);
    step = attempt();
    if (step == Step::go_on) step = refused();
    if (step == Step::go_on) step = reclaim();
    if (step == Step::go_on) step = decide();
  }
  return finish(step);
}

/// Which rounds wake kswapd differs; rights are tested afresh on the same occasions (2.6.31 … 4.0).
void SlowPath::wake_kswapd() {
  const bool every_round = memory_.rules().kswapd_wake == Rules::KswapdWake::round;
  if (!restart_ && !every_round) return;
  restart_ = false;
  if (has(request_.gfp, Gfp::kswapd_reclaim)) {
    memory_.kswapd().wake_all(request_.order, request_.gfp);
  }
  flags_ = memory_.allocator().alloc_flags(request_.gfp, me_.has(PF_MEMALLOC), me_.has(TIF_MEMDIE));
}

SlowPath::Step SlowPath::attempt() {
  const unsigned flags = flags_ & ~static_cast<unsigned>(ALLOC_NO_WATERMARKS);
  page_ = memory_.allocator().take(request_.order, request_.gfp, Watermark::min, flags);
  if (page_ != no_page) return Step::got;
  return has_flag(ALLOC_NO_WATERMARKS) ? reserve() : Step::go_on;
}

/// __alloc_pages_high_priority(): the whole reserve; __GFP_NOFAIL waits here for ever.
SlowPath::Step SlowPath::reserve() {
  for (;;) {
    page_ = memory_.allocator().take(request_.order, request_.gfp, Watermark::min,
                                     ALLOC_NO_WATERMARKS);
    if (page_ != no_page) return Step::got;
    if (!has(request_.gfp, Gfp::nofail)) return Step::go_on;
    failed_round();
    if (!loop_) loop_.emplace(core_, wait_);
    loop_->round();
    steady_.end();
    const Zone& zone = memory_.zones().preferred(request_.gfp);
    memory_.congestion().wait_iff(zone, 20 * ms);
    while (const std::uint64_t rounds = steady_.repeatable(unlimited)) {
      steady_.repeat(rounds);
      core_.cond_resched();
    }
    steady_.begin();
    core_.charge(core_.costs().alloc_slow_round);
  }
}

SlowPath::Step SlowPath::refused() {
  if (!has(request_.gfp, Gfp::direct_reclaim)) return fail(Cause::no_sleep);
  if (me_.has(PF_MEMALLOC)) return fail(Cause::victim);
  const bool has_everything = memory_.policies().oom->rights() == VictimRights::everything;
  if (me_.has(TIF_MEMDIE) && has_everything && !has(request_.gfp, Gfp::nofail)) {
    return fail(Cause::victim);
  }
  return Step::go_on;
}

SlowPath::Step SlowPath::reclaim() {
  const Pages progress = memory_.reclaim().direct(request_.order, request_.gfp);
  ++attempt_.rounds;
  ++memory_.counters().rounds;
  attempt_.progress = progress != 0;
  attempt_.reclaimed += progress;
  if (progress == 0) {
    ++attempt_.no_progress_rounds;
    return Step::go_on;
  }
  page_ = memory_.allocator().take(request_.order, request_.gfp, Watermark::min,
                                   flags_ & ~static_cast<unsigned>(ALLOC_NO_WATERMARKS));
  return page_ != no_page ? Step::got : Step::go_on;
}

/// A round has ended without a page: that is where a failure begins, if not before.
void SlowPath::failed_round() {
  if (failure_ != no_failure || request_.quiet) return;
  failure_ = memory_.begin_failure({request_.blame, request_.order, request_.gfp}, Cause::give_up,
                                   wait_.outer_);
}

SlowPath::Step SlowPath::decide() {
  failed_round();
  describe_task();
  const std::uint64_t question = ++memory_.counters().questions;
  if (wait_.first_question_ == 0) wait_.first_question_ = question;
  action_ = memory_.alloc_policy().decide(attempt_);
  update_loop();
  const Step step = carry_out(action_);
  if (step != Step::go_on) return step;
  if (loop_) {
    loop_->round();
  } else {
    count_poll_round(core_);
  }
  steady_.end();
  pause(action_);
  return Step::go_on;
}

void SlowPath::describe_task() {
  attempt_.victim = me_.has(TIF_MEMDIE);
  attempt_.memalloc = me_.has(PF_MEMALLOC);
  attempt_.exiting = me_.has(PF_EXITING);
  attempt_.fatal_signal = me_.has(FATAL_SIGNAL);
  attempt_.kthread = me_.has(PF_KTHREAD);
  attempt_.locks_held = locks_held(me_);
  attempt_.waited = core_.now() - wait_.since();
}

/// Where the policy would let it loop for ever, memory is what the task waits for.
void SlowPath::update_loop() {
  const bool for_ever = memory_.alloc_policy().rounds_left(attempt_) == unlimited;
  if (for_ever && !loop_) {
    loop_.emplace(core_, wait_);
  } else if (!for_ever) {
    loop_.reset();
  }
}

SlowPath::Step SlowPath::carry_out(const Action& action) {
  switch (action.kind) {
    case Action::Kind::retry: return Step::go_on;
    case Action::Kind::fail: return fail(Cause::give_up);
    case Action::Kind::oom: return oom_path();
    case Action::Kind::use_reserve:
      page_ = memory_.allocator().take(request_.order, request_.gfp, Watermark::min,
                                       ALLOC_NO_WATERMARKS);
      return page_ != no_page ? Step::got : Step::go_on;
  }
  return Step::go_on;
}

SlowPath::Step SlowPath::oom_path() {
  OomRequest request;
  request.task = me_.id;
  request.order = request_.order;
  request.gfp = request_.gfp;
  const OomResult result = memory_.oom().enter(request, page_);
  if (page_ != no_page) return Step::got;
  restart_ = true;
  attempt_.oom = result;
  if (result == OomResult::refused) return fail(Cause::give_up);
  ++attempt_.oom_rounds;
  ++memory_.counters().oom_rounds;
  return Step::go_on;
}

void SlowPath::pause(const Action& action) {
  switch (action.pause) {
    case Pause::none: return;
    case Pause::yield: return core_.cond_resched();
    case Pause::congestion:
      memory_.congestion().wait_iff(memory_.zones().preferred(request_.gfp), action.max_pause);
      return;
    case Pause::jiffy: core_.sleep(core_.tick()); return;
  }
}

SlowPath::Step SlowPath::fail(Cause cause) {
  if (request_.quiet) {
    memory_.allocator().set_quiet_cause(cause);
  } else {
    failed_round();
    memory_.failures().set_cause(failure_, cause);
  }
  if (!has(request_.gfp, Gfp::nowarn)) memory_.warn_alloc_failed(1);
  return Step::give_up;
}

/// Repeats the last round, if the next would be the same.
bool SlowPath::repeat_rounds() {
  if (attempt_.rounds == 0 || action_.pause == Pause::jiffy) return false;
  if (attempt_.victim != me_.has(TIF_MEMDIE) || attempt_.exiting != me_.has(PF_EXITING) ||
      attempt_.fatal_signal != me_.has(FATAL_SIGNAL)) {
    return false;
  }
  std::uint64_t rounds = steady_.repeatable(memory_.alloc_policy().rounds_left(attempt_));
  if (rounds == 0 || memory_.kswapd().would_wake(request_.order, request_.gfp)) return false;
  if (action_.kind == Action::Kind::oom) {
    const OomRequest request{me_.id, request_.order, request_.gfp, false};
    if (!memory_.oom().still(request, attempt_.oom)) return false;
    rounds = steady_.repeatable(rounds, memory_.oom().would_kill(request));
    if (rounds == 0) return false;
    attempt_.oom_rounds += static_cast<std::uint32_t>(rounds);
  }
  if (memory_.config().visit_exhausted) verify_round();
  attempt_.rounds += static_cast<std::uint32_t>(rounds);
  if (!attempt_.progress) attempt_.no_progress_rounds += static_cast<std::uint32_t>(rounds);
  steady_.repeat(rounds);
  core_.cond_resched();
  return true;
}

/// Makes one of the rounds that are about to be skipped, without choice points: it must change
/// nothing.
void SlowPath::verify_round() {
  const std::uint64_t changes = memory_.changes();
  memory_.reclaim().rehearse(request_.order, request_.gfp);
  BRINK_ASSERT(changes == memory_.changes());
}

Pfn SlowPath::finish(Step how) {
  if (how == Step::got && failure_ != no_failure) memory_.end_failure(failure_, wait_.outer_);
  loop_.reset();
  if (me_.loop == nullptr) me_.progress_at = core_.now();
  return how == Step::got ? page_ : no_page;
}

}  // namespace brink
