// The slow path's question to the allocation policy, and what follows from the answer
// (mm/page_alloc.c: the second half of __alloc_pages_slowpath, Linux 2.6.30 to 6.1). A round that
// would come out like the last is not made, but counted.

#include "sim/mm/compaction.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/slow_path.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

SlowPath::Step SlowPath::decide() {
  failed_round();
  describe_task();
  describe_memory();
  const std::uint64_t question = ++memory_.counters().questions;
  if (wait_.first_question_ == 0) wait_.first_question_ = question;
  action_ = memory_.alloc_policy().decide(attempt_);
  update_loop();
  const Step step = carry_out();
  if (step != Step::go_on) return step;
  if (loop_) {
    loop_->round();
  } else {
    count_poll_round(core_);
  }
  steady_.end({oom_helped() ? 1u : 0u, memory_.reclaim().looked_at(me_) - looked_at_,
               woke_kswapd_ ? 1u : 0u});
  pause(action_.pause, action_.max_pause);
  return Step::again;
}

void SlowPath::describe_task() {
  attempt_.victim = me_.has(TIF_MEMDIE);
  attempt_.memalloc = me_.has(PF_MEMALLOC);
  attempt_.exiting = me_.has(PF_EXITING);
  attempt_.fatal_signal = me_.has(FATAL_SIGNAL);
  attempt_.kthread = me_.has(PF_KTHREAD);
  attempt_.real_time = me_.has(RT_TASK);
  attempt_.worker = me_.has(PF_WQ_WORKER);
  attempt_.locks_held = locks_held(me_);
  attempt_.waited = core_.now() - wait_.since();
}

void SlowPath::describe_memory() {
  const Zones& zones = memory_.zones();
  const ZoneType class_zone = zones.preferred(request_.gfp).type;
  attempt_.reclaimable_suffices = false;
  for (const Zone& zone : zones.allowed(request_.gfp)) {
    if (!zone.populated()) continue;
    attempt_.reclaimable_suffices =
        zone.watermark_ok(request_.order, zone.watermark(Watermark::min), class_zone, flags_,
                          rules().high_order_mark, memory_.reclaim().reclaimable_pages(zone));
    if (attempt_.reclaimable_suffices) break;
  }
  attempt_.highatomic = rules().high_order_reserve == Rules::HighOrderReserve::highatomic &&
                        memory_.allocator().has_highatomic(request_.gfp);
  attempt_.may_compact = memory_.compaction().allowed(request_.order, request_.gfp);
  const CompactRequest block{request_.order, request_.gfp, Watermark::min, flags_};
  attempt_.compaction_suitable = attempt_.may_compact &&
                                 attempt_.compaction == CompactResult::skipped &&
                                 memory_.compaction().zonelist_suitable(block);
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

SlowPath::Step SlowPath::carry_out() {
  switch (action_.kind) {
    case Action::Kind::retry: break;
    case Action::Kind::fail: return give_up();
    case Action::Kind::oom: return oom_path();
    case Action::Kind::use_reserve: return take(Watermark::min, ALLOC_NO_WATERMARKS);
    case Action::Kind::last_resort: return last_resort();
    case Action::Kind::release_highatomic:
      memory_.allocator().unreserve_highatomic(request_.gfp, true);
      break;
  }
  if (action_.compact == Action::Compact::harder) {
    attempt_.compact_priority =
        static_cast<CompactPriority>(static_cast<int>(attempt_.compact_priority) - 1);
    attempt_.compact_retries = 0;
  } else if (action_.compact == Action::Compact::again &&
             attempt_.compaction == CompactResult::success) {
    ++attempt_.compact_retries;
  }
  return Step::go_on;
}

/// 4.0 compacts once more, now that reclaim has freed what it could.
SlowPath::Step SlowPath::give_up() {
  if (rules().compaction == Rules::Compaction::sync_light &&
      compact(CompactPriority::sync_light) == Step::got) {
    return Step::got;
  }
  return fail(Cause::give_up);
}

SlowPath::Step SlowPath::oom_path() {
  const OomRequest request{me_.id, request_.order, request_.gfp, false};
  const OomResult result = memory_.oom().enter(request, page_);
  if (page_ != no_page) return Step::got;
  attempt_.oom = result;
  if (result == OomResult::none) return Step::go_on;  // It was none of the OOM path's business.
  edge_ = Edge::restart;
  if (result != OomResult::refused) {
    ++attempt_.oom_rounds;
    ++memory_.counters().oom_rounds;
    attempt_.idle_rounds = 0;
  }
  return after_oom(result);
}

/// Whether this round ran the OOM path, and heard of progress.
bool SlowPath::oom_helped() const {
  return action_.kind == Action::Kind::oom && attempt_.oom != OomResult::refused &&
         attempt_.oom != OomResult::none;
}

SlowPath::Step SlowPath::after_oom(OomResult result) {
  const bool helped = result != OomResult::refused && result != OomResult::contended;
  if (helped && has_last_resort() && take(Watermark::min, ALLOC_NO_WATERMARKS) == Step::got) {
    return Step::got;
  }
  // A victim that has half of the mark has had it by now, and nothing more is coming.
  const bool had_its_part = has_flag(ALLOC_OOM) || has(request_.gfp, Gfp::nomemalloc);
  const bool victim = me_.has(TIF_MEMDIE) && had_its_part &&
                      memory_.policies().oom->rights() == VictimRights::half_min;
  if (result != OomResult::refused && !victim) return Step::go_on;
  if (!has_last_resort()) return fail(victim ? Cause::victim : Cause::give_up);
  action_.pause = Pause::yield;
  return last_resort();
}

void SlowPath::pause(Pause how, Nanos longest) {
  const CongestionClass device = memory_.policies().reclaim->congestion_class();
  switch (how) {
    case Pause::none: return;
    case Pause::yield: return core_.cond_resched();
    case Pause::congestion:
      memory_.congestion().wait_iff(memory_.zones().preferred(request_.gfp), device, longest);
      return;
    case Pause::congestion_sleep: return memory_.congestion().wait(device, longest);
    case Pause::jiffy: core_.sleep(core_.tick()); return;
  }
}

/// Whether such a pause takes its time even where nothing is congested.
bool SlowPath::sleeps(Pause how) const {
  if (how == Pause::congestion) return rules().worker_naps && me_.has(PF_WQ_WORKER);
  return how == Pause::jiffy || how == Pause::congestion_sleep;
}

// --- Rounds that need not be made.

/// Repeats the last round, if the next would be the same.
bool SlowPath::repeat_rounds() {
  if (attempt_.rounds == 0 || changed_meanwhile()) return false;
  if (sleeps(action_.pause)) return false;
  const std::uint64_t rounds = repeatable_rounds();
  if (rounds == 0) return false;
  if (memory_.config().visit_exhausted && !steady_.turns_lists()) verify_round();
  repeat(rounds);
  return true;
}

bool SlowPath::changed_meanwhile() const {
  return attempt_.victim != me_.has(TIF_MEMDIE) || attempt_.exiting != me_.has(PF_EXITING) ||
         attempt_.fatal_signal != me_.has(FATAL_SIGNAL);
}

std::uint64_t SlowPath::repeatable_rounds() {
  AllocAttempt next = attempt_;
  ++next.rounds;
  if (next.progress) {
    next.reclaimed += progress_;
  } else {
    ++next.no_progress_rounds;
    ++next.idle_rounds;
  }
  const AllocPolicy& policy = memory_.alloc_policy();
  const std::uint64_t rounds = steady_.repeatable(policy.rounds_alike(next));
  if (rounds == 0) return 0;
  const Action answer = policy.decide(next);
  if (answer.kind != action_.kind || answer.compact != Action::Compact::no) return 0;
  if (due(rules().kswapd_wake, edge_) &&
      memory_.kswapd().would_wake(request_.order, request_.gfp)) {
    return 0;
  }
  if (action_.kind != Action::Kind::oom) return rounds;
  const OomRequest request{me_.id, request_.order, request_.gfp, false};
  if (!memory_.oom().still(request, attempt_.oom)) return 0;
  return steady_.repeatable(rounds, memory_.oom().would_kill(request));
}

void SlowPath::repeat(std::uint64_t rounds) {
  const auto more = static_cast<std::uint32_t>(rounds);
  attempt_.rounds += more;
  attempt_.reclaimed += rounds * progress_;
  if (!attempt_.progress) attempt_.no_progress_rounds += more;
  const bool helped = oom_helped();
  if (helped) attempt_.oom_rounds += more;
  if (!helped && !attempt_.progress) attempt_.idle_rounds += more;
  steady_.repeat(rounds);
  core_.cond_resched();
}

/// Makes one of the rounds that are about to be skipped, without choice points: it must change
/// nothing.
void SlowPath::verify_round() {
  const std::uint64_t changes = memory_.changes();
  const Pages progress = memory_.reclaim().rehearse(request_.order, request_.gfp);
  BRINK_ASSERT((progress != 0) == attempt_.progress && changes == memory_.changes());
}

}  // namespace brink
