// Escapes and the point of no return, on a run whose ways out are known.

#include "experiment/escape.hpp"

#include <cerrno>

#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

/// Locks up at choice 1,000, first question 42. `escapes` says which what-ifs do not.
struct Lock {
  std::function<bool(const RunSpec&)> escapes = [](const RunSpec&) { return false; };
  std::vector<std::string> never_refused;
  Nanos per_retry = 10 * ms;
  std::vector<RunSpec> seen{};
  std::vector<FailureRecord> before{};  ///< of the run itself, and so of every rerun

  Outcome run(const RunSpec& spec) {
    seen.push_back(spec);
    Outcome outcome;
    outcome.has_lockup = true;
    outcome.verdict = Verdict::memory_deadlock;
    outcome.lockup.first_question = 42;
    outcome.lockup.closed_at_choice = 1'000;
    outcome.lockup.members.resize(1);
    outcome.lockup.members[0].id = 3;
    outcome.lockup.members[0].site = "a.b.c";
    outcome.lockup.members[0].on_failure = OnFailure::loop;
    outcome.lockup.never_refused = never_refused;
    outcome.lockup.members[0].memory = true;
    outcome.lockup.members[0].suppliers = {{"refusal", "never: the access is executed again"}};
    if (spec.keep_failures) outcome.failures = before;
    if (!escapes(spec)) return outcome;
    outcome = {};
    if (spec.keep_failures) outcome.failures = failures(spec);
    outcome.failures.insert(outcome.failures.begin(), before.begin(), before.end());
    return outcome;
  }

  std::vector<FailureRecord> failures(const RunSpec& spec) const {
    FailureRecord other, member, retried;
    other.task_id = 9;
    other.site = "other";
    other.fate = Fate::returned;
    retried.task_id = 3;
    retried.fate = Fate::retried;
    member.task_id = 3;
    member.task = "mkdir-1";
    member.site = "a.b.c";
    member.syscall = "mkdir";
    member.result = -ENOMEM;
    member.fate = Fate::returned;
    member.began = seconds;
    const std::int64_t retries =
        spec.switch_policy_at == 0 ? 0 : retries_of(*spec.alloc_policy_then);
    member.ended = seconds + (static_cast<Nanos>(retries) + 1) * per_retry;
    return {other, retried, member};
  }
};

class EscapeTest : public testing::Test {
 protected:
  Explanation explained(Lock& lock, const EscapeBudget& budget = {60, 3}) {
    const RunFunction run = [&lock](const RunSpec& spec) { return lock.run(spec); };
    return explain(Rerunner(experiment, registries, run), id, budget);
  }

  Registries registries = small_registries();
  Experiment experiment = load_text(small_file());
  RunId id = run_id_of(experiment, 1, 4);
};

bool switched(const RunSpec& spec) { return spec.switch_policy_at != 0; }

TEST_F(EscapeTest, EveryLimitIsTriedFromTheFirstQuestionOfAMemberOn) {
  Lock lock{switched, {}};
  const Escapes escapes = explained(lock).escapes;
  ASSERT_EQ(escapes.tries.size(), 12u);
  EXPECT_EQ(escapes.tries[0].retries, 0);
  EXPECT_EQ(escapes.tries[3].retries, 4);
  EXPECT_EQ(escapes.tries[11].retries, 1024);
  EXPECT_EQ(escapes.first_question, 42u);
  for (std::size_t i = 1; i <= 12; ++i) {
    EXPECT_EQ(lock.seen[i].switch_policy_at, 42u);
    EXPECT_EQ(retries_of(*lock.seen[i].alloc_policy_then), escapes.tries[i - 1].retries);
    EXPECT_EQ(retries_of(*lock.seen[i].alloc_policy), -1);
    EXPECT_EQ(lock.seen[i].seed, 5u);
  }
  EXPECT_EQ(escapes.summary, "any finite N (tried up to 1024)");
}

TEST_F(EscapeTest, TheWayOutIsTheFirstRefusalOfAMember) {
  Lock lock{switched, {}};
  const EscapeTry attempt = explained(lock).escapes.tries.at(2);
  EXPECT_EQ(attempt.site, "a.b.c");
  EXPECT_EQ(attempt.task, "mkdir-1");
  EXPECT_EQ(attempt.syscall, "mkdir");
  EXPECT_EQ(attempt.error, "ENOMEM");
  EXPECT_EQ(attempt.waited, 30 * ms);
  EXPECT_TRUE(attempt.in_time);
  EXPECT_TRUE(attempt.run_id.ends_with(":seed=5:policy=bounded_retry,retries=2@42"));
}

TEST_F(EscapeTest, EachTryIsRerunByItsId) {
  Lock lock{switched, {}};
  const EscapeTry attempt = explained(lock).escapes.tries.at(5);
  const RunSpec spec = spec_of(experiment, parse_run_id(attempt.run_id), registries);
  EXPECT_EQ(retries_of(*spec.alloc_policy_then), 16);
  EXPECT_EQ(spec.switch_policy_at, 42u);
}

TEST_F(EscapeTest, SomeLimitsEscapeAndOthersDoNot) {
  Lock some{[](const RunSpec& spec) {
              return switched(spec) && retries_of(*spec.alloc_policy_then) <= 16;
            },
            {}};
  EXPECT_EQ(explained(some).escapes.summary, "N ≤ 16");
  Lock odd{[](const RunSpec& spec) {
             return switched(spec) && retries_of(*spec.alloc_policy_then) % 3 == 2;
           },
           {}};
  EXPECT_EQ(explained(odd).escapes.summary, "N = 2, 8, 32, 128, 512, of those tried");
}

TEST_F(EscapeTest, LateEscapesAreSaidToBeLate) {
  Lock slow{switched, {}, 20 * seconds};
  EXPECT_EQ(explained(slow).escapes.summary,
            "any finite N (tried up to 1024); within the hung task timeout N ≤ 4");
}

TEST_F(EscapeTest, WhatNoPolicyCanRefuseIsNamed) {
  Lock none{[](const RunSpec&) { return false; }, {"a.b.c", "d.e.f"}};
  const Escapes escapes = explained(none).escapes;
  EXPECT_EQ(escapes.summary, "none: a.b.c's caller loops, d.e.f is __GFP_NOFAIL");
}

TEST_F(EscapeTest, WhatTheRerunsHangOnIsNamedIfNothingElseIs) {
  Lock none{[](const RunSpec&) { return false; }, {}};
  const Escapes escapes = explained(none).escapes;
  EXPECT_EQ(escapes.summary, "none: a.b.c (refused never: the access is executed again)");
  EXPECT_EQ(escapes.tries.at(3).blocked_site, "a.b.c");
}

TEST_F(EscapeTest, WhatWasRefusedBeforeTheOtherPolicyIsNoWayOut) {
  FailureRecord old;
  old.id = 1;
  old.task_id = 3;
  old.site = "old";
  old.fate = Fate::returned;
  Lock lock{switched, {}, 10 * ms, {}, {old}};
  EXPECT_EQ(explained(lock).escapes.tries.at(0).site, "a.b.c");
}

TEST_F(EscapeTest, ARunWithAnotherPolicyIsAnAnswerItself) {
  id.policy = RunId::PolicySwitch{"bounded_retry", {{"retries", Value(4)}}, 42};
  Lock lock;
  const Explanation explanation = explained(lock);
  EXPECT_EQ(explanation.escapes.summary,
            "not sought: this run is itself a rerun with another policy");
  EXPECT_FALSE(explanation.no_return.searched);
  EXPECT_EQ(lock.seen.size(), 1u);
}

TEST_F(EscapeTest, ARunThatDidNotLockUpHasNothingToEscapeFrom) {
  Lock fine{[](const RunSpec&) { return true; }, {}};
  const Explanation explanation = explained(fine);
  EXPECT_TRUE(explanation.escapes.tries.empty());
  EXPECT_FALSE(explanation.no_return.searched);
  EXPECT_EQ(fine.seen.size(), 1u);
  EXPECT_TRUE(fine.seen[0].tell_story);
}

TEST_F(EscapeTest, ThePointOfNoReturnIsFoundByGallopingAndHalving) {
  Lock lock{
      [](const RunSpec& spec) { return spec.reschedule_at <= 777 && spec.reschedule_seed == 2; },
      {}};
  const PointOfNoReturn found = explained(lock).no_return;
  EXPECT_TRUE(found.found);
  EXPECT_EQ(found.choice, 777u);
  EXPECT_EQ(found.closed_at, 1'000u);
  EXPECT_LE(found.reruns, 60u);
  EXPECT_TRUE(found.run_id.ends_with(":seed=5:resched=777/2"));
}

TEST_F(EscapeTest, ThePointOfNoReturnKeepsToItsBudget) {
  Lock lock{[](const RunSpec& spec) { return spec.reschedule_at <= 500; }, {}};
  const PointOfNoReturn short_of = explained(lock, {25, 2}).no_return;
  EXPECT_EQ(short_of.reruns, 25u);
  EXPECT_TRUE(short_of.found);
  EXPECT_LE(short_of.choice, 500u);
  Lock hopeless;
  const PointOfNoReturn none = explained(hopeless, {25, 2}).no_return;
  EXPECT_TRUE(none.searched);
  EXPECT_FALSE(none.found);
  EXPECT_LE(none.reruns, 25u);
  Lock unasked;
  EXPECT_FALSE(explained(unasked, {0, 2}).no_return.searched);
}

}  // namespace
}  // namespace brink
