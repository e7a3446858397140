// rounds_left() is what the watchers trust to tell a lockup from a long wait: it must say exactly
// how often decide() would go on saying yes to rounds like this one.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

constexpr std::uint64_t long_enough = 200;

/// Above order 3 and for those who may fail, the OOM path of these kernels helps nobody; of
/// __GFP_NOFAIL the policies say themselves.
bool oom_refuses(const AllocAttempt& attempt) {
  if (has(attempt.gfp, Gfp::nofail)) return false;
  return attempt.order > costly_order || has(attempt.gfp, Gfp::retry_mayfail);
}

/// The same round once more, as the slow path would count it after this answer.
AllocAttempt once_more(AllocAttempt attempt, const Action& answer) {
  ++attempt.rounds;
  if (answer.kind == Action::Kind::oom) {
    ++attempt.oom_rounds;
    attempt.idle_rounds = 0;
  }
  if (answer.kind == Action::Kind::release_highatomic) attempt.highatomic = false;
  if (answer.compact == Action::Compact::harder) {
    attempt.compact_priority =
        static_cast<CompactPriority>(static_cast<int>(attempt.compact_priority) - 1);
    attempt.compact_retries = 0;
  } else if (answer.compact == Action::Compact::again &&
             attempt.compaction == CompactResult::success) {
    ++attempt.compact_retries;
  }
  if (attempt.progress) {
    ++attempt.reclaimed;
  } else {
    ++attempt.no_progress_rounds;
    ++attempt.idle_rounds;
  }
  return attempt;
}

struct Granted {
  std::uint64_t rounds = 0;  ///< until it fails
  std::uint64_t alike = 0;   ///< with the first answer
};

Granted simulated(const AllocPolicy& policy, AllocAttempt attempt, bool asks_oom) {
  Granted granted;
  const Action first = policy.decide(attempt);
  bool alike = true;
  while (granted.rounds < long_enough) {
    const Action answer = policy.decide(attempt);
    if (answer.kind == Action::Kind::fail) break;
    if (answer.kind == Action::Kind::oom && asks_oom && oom_refuses(attempt)) break;
    alike = alike && answer.kind == first.kind && answer.compact == first.compact;
    attempt = once_more(attempt, answer);
    ++granted.rounds;
    if (alike) ++granted.alike;
  }
  return granted;
}

AllocAttempt any_attempt() {
  AllocAttempt attempt;
  attempt.order = *rc::gen::element(0u, 0u, 1u, 2u, 3u, 4u, 5u);
  attempt.gfp =
      *rc::gen::element(GFP_KERNEL, GFP_NOFS, GFP_NOFS, GFP_NOIO, GFP_ATOMIC, GFP_HIGHUSER_MOVABLE);
  for (const Gfp flag : {Gfp::noretry, Gfp::nofail, Gfp::retry_mayfail}) {
    if (*rc::gen::inRange(0, 12) == 0) attempt.gfp = attempt.gfp | flag;
  }
  if (attempt.order > costly_order && *rc::gen::arbitrary<bool>()) {
    attempt.gfp = attempt.gfp | Gfp::retry_mayfail;
  }
  attempt.progress = *rc::gen::arbitrary<bool>();
  const unsigned idle_before = *rc::gen::inRange(0u, 40u);
  attempt.rounds = idle_before + *rc::gen::inRange(0u, 20u) + 1;
  attempt.no_progress_rounds = idle_before + (attempt.progress ? 0 : 1);
  attempt.oom_rounds = *rc::gen::inRange(0u, idle_before + 1);
  attempt.reclaimed = *rc::gen::inRange(0u, 35u);
  attempt.idle_rounds = attempt.progress ? 0 : *rc::gen::inRange(1u, 20u);
  attempt.reclaimable_suffices = *rc::gen::arbitrary<bool>();
  attempt.highatomic = *rc::gen::inRange(0, 4) == 0;
  attempt.may_compact = *rc::gen::arbitrary<bool>();
  attempt.compaction = *rc::gen::element(CompactResult::skipped, CompactResult::deferred,
                                         CompactResult::failed, CompactResult::success);
  if (!attempt.may_compact) attempt.compaction = CompactResult::none;
  attempt.compaction_suitable = *rc::gen::arbitrary<bool>();
  attempt.compact_retries = *rc::gen::inRange(0u, 18u);
  return attempt;
}

RC_GTEST_PROP(RoundsLeft, EqualsTheRoundsThatDecideGrants, ()) {
  const char* const counts = *rc::gen::element("oom_only", "no_progress", "all");
  const std::int64_t retries = *rc::gen::element(-1, 0, 1, 7, 30, 60, 120, 190);
  Table table{{"retries", retries}, {"counts", counts}};
  if (*rc::gen::inRange(0, 4) == 0)
    table.emplace("scope", Table{{"max_order", 1}, {"gfp", "nofs"}});
  Params params(std::move(table), "");
  const auto policy = make_bounded_retry(params);
  for (int i = 0; i < 20; ++i) {
    const AllocAttempt attempt = any_attempt();
    const std::uint64_t left = policy->rounds_left(attempt);
    RC_ASSERT(simulated(*policy, attempt, false).rounds == std::min(left, long_enough));
  }
}

Table any_limit() {
  const char* const counts = *rc::gen::element("oom_only", "no_progress", "all");
  const std::int64_t retries = *rc::gen::element(-1, 0, 1, 3, 7, 30, 190);
  return {{"retries", retries}, {"counts", counts}};
}

RC_GTEST_PROP(RoundsLeft, EqualsTheRoundsThatDecideGrantsIn26, ()) {
  Params params(any_limit(), "");
  const auto policy = make_linux_2_6_alloc(params);
  for (int i = 0; i < 20; ++i) {
    const AllocAttempt attempt = any_attempt();
    // To small requests __GFP_REPEAT means nothing here.
    const Granted granted = simulated(*policy, attempt, attempt.order > costly_order);
    RC_ASSERT(granted.rounds == std::min(policy->rounds_left(attempt), long_enough));
  }
}

RC_GTEST_PROP(RoundsLeft, EqualsTheRoundsThatDecideGrantsIn61, ()) {
  Params params(any_limit(), "");
  const auto policy = make_linux_6_1_alloc(params);
  for (int i = 0; i < 20; ++i) {
    const AllocAttempt attempt = any_attempt();
    const Granted granted = simulated(*policy, attempt, true);
    RC_ASSERT(granted.rounds == std::min(policy->rounds_left(attempt), long_enough));
    // What is said to be alike is, and is some of it.
    const std::uint64_t alike = policy->rounds_alike(attempt);
    RC_ASSERT(std::min(alike, long_enough) <= granted.alike);
    RC_ASSERT((alike == 0) == (granted.alike == 0));
  }
}

}  // namespace
}  // namespace brink
