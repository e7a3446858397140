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

/// The same round once more, as the slow path would count it.
AllocAttempt once_more(AllocAttempt attempt) {
  ++attempt.rounds;
  if (attempt.progress) {
    ++attempt.reclaimed;
  } else {
    ++attempt.no_progress_rounds;
    ++attempt.oom_rounds;
  }
  return attempt;
}

std::uint64_t simulated(const AllocPolicy& policy, AllocAttempt attempt) {
  std::uint64_t granted = 0;
  while (granted < long_enough && policy.decide(attempt).kind != Action::Kind::fail) {
    attempt = once_more(attempt);
    ++granted;
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
    RC_ASSERT(simulated(*policy, attempt) == std::min(left, long_enough));
  }
}

}  // namespace
}  // namespace brink
