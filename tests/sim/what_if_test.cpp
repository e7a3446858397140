// The same run up to a place, then something else: recorded schedules, walks over all schedules,
// another policy from a question on, other luck from a choice on.

#include <gtest/gtest.h>

#include <set>

#include "brink/params.hpp"
#include "policies/builtin.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// Every event of a run.
std::vector<std::string> events_of(RunSpec spec, Outcome& outcome) {
  std::vector<std::string> events;
  spec.on_event = [&events](const TraceEvent& event) {
    events.push_back(std::string(event.kind) + " " + std::to_string(event.a) + " " +
                     std::to_string(event.b));
  };
  outcome = run_machine(spec);
  return events;
}

/// How many events two runs have in common from the start.
std::size_t common(const std::vector<std::string>& x, const std::vector<std::string>& y) {
  const auto [at, unused] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
  return static_cast<std::size_t>(at - x.begin());
}

TEST(WhatIf, ARecordedScheduleIsReplayed) {
  for (const char* strategy : {"random", "pct", "fifo"}) {
    RunSpec spec = spec_of_file(complete_machine);
    spec.machine.scheduler.strategy = strategy;
    spec.keep_schedule = true;
    const Outcome recorded = run_machine(spec);
    ASSERT_FALSE(recorded.schedule.empty());
    spec.machine.scheduler.strategy = "replay";
    spec.machine.scheduler.choices = recorded.schedule;
    const Outcome replayed = run_machine(spec);
    EXPECT_EQ(replayed.trace_hash, recorded.trace_hash) << strategy;
    EXPECT_EQ(replayed.schedule, recorded.schedule) << strategy;
  }
}

TEST(WhatIf, AScheduleOfAnotherRunIsRefused) {
  RunSpec spec = spec_of_file(complete_machine);
  spec.keep_schedule = true;
  RunSpec other = spec_of_file(complete_machine, 2);
  other.machine.scheduler.strategy = "replay";
  other.machine.scheduler.choices = run_machine(spec).schedule;
  EXPECT_THROW(static_cast<void>(run_machine(other)), ConfigError);
  other.machine.scheduler.choices = "no hex";
  EXPECT_THROW(static_cast<void>(run_machine(other)), ConfigError);
}

TEST(WhatIf, AWalkOverAllSchedulesEnds) {
  RunSpec spec = plain_spec();
  spec.machine.cpus = 1;
  spec.machine.preempt = Preempt::none;
  spec.machine.scheduler.strategy = "dfs";
  spec.machine.scheduler.dfs_preemptions = 1;
  std::string order;
  add_task(spec, "tiny", [&order](Syscalls& sys) {
    static_cast<void>(sys.stat("/none"));
    order += std::to_string(sys.instance());
    sys.react(Reaction::checked);
    return 0;
  }).count = 2;
  std::set<std::string> orders, schedules;
  std::set<std::uint64_t> hashes;
  std::uint64_t runs = 0;
  do {
    order.clear();
    const Outcome outcome = run_machine(spec);
    EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
    EXPECT_TRUE(hashes.insert(outcome.trace_hash).second) << "a schedule is run twice";
    orders.insert(order);
    spec.machine.scheduler.choices = outcome.next_schedule;
    EXPECT_TRUE(schedules.insert(outcome.next_schedule).second);
    ASSERT_LT(++runs, 20'000u) << "the walk does not end";
  } while (!spec.machine.scheduler.choices.empty());
  EXPECT_GT(runs, 10u);
  EXPECT_EQ(orders, (std::set<std::string>{"01", "10"}));
}

/// Two tasks that take pages until they are refused, and give them back; nobody is killed for them.
RunSpec takers() {
  RunSpec spec = plain_spec("[policy.oom]\nname = \"none\"\n");
  add_task(spec, "taker", [](Syscalls& sys) {
    KernelCalls& kernel = sys.kernel();
    const Site site = kernel.site("test.taker.page", OnFailure::propagate);
    std::vector<KernelCalls::Object> taken;
    kernel.enter("take");
    for (;;) {
      const KernelCalls::Object page = kernel.alloc_pages(0, GFP_KERNEL, site);
      if (page == KernelCalls::none) break;
      taken.push_back(page);
    }
    for (const KernelCalls::Object page : taken) kernel.free(page);
    kernel.leave(-12);
    sys.react(Reaction::checked);
    return 0;
  }).count = 2;
  return spec;
}

std::shared_ptr<const AllocPolicy> refusing() {
  Params params({{"retries", 0}}, "policy.alloc");
  return make_bounded_retry(params);
}

TEST(WhatIf, AnotherPolicyFromAQuestionOn) {
  Outcome locked_up;
  const auto events = events_of(takers(), locked_up);
  ASSERT_EQ(locked_up.verdict, Verdict::memory_deadlock);
  ASSERT_GT(locked_up.lockup.first_question, 0u);
  ASSERT_LE(locked_up.lockup.first_question, locked_up.counters.questions);

  RunSpec spec = takers();
  spec.alloc_policy_then = refusing();
  spec.switch_policy_at = locked_up.lockup.first_question;
  Outcome escaped;
  const auto other_events = events_of(spec, escaped);
  EXPECT_EQ(escaped.verdict, Verdict::completed) << escaped.reason;
  EXPECT_EQ(escaped.counters.enomem[static_cast<std::size_t>(Cause::give_up)], 2u);
  EXPECT_NE(escaped.trace_hash, locked_up.trace_hash);
  // Up to that question nothing differs, and that is not at once.
  EXPECT_GT(common(events, other_events), events.size() / 10);

  // After the last question there is nothing to answer otherwise.
  spec.switch_policy_at = locked_up.counters.questions + 1;
  EXPECT_EQ(run_machine(spec).trace_hash, locked_up.trace_hash);
  spec.switch_policy_at = 0;
  EXPECT_EQ(run_machine(spec).trace_hash, locked_up.trace_hash);
}

TEST(WhatIf, OtherLuckFromAChoiceOn) {
  Outcome usual;
  const auto events = events_of(spec_of_file(complete_machine), usual);
  ASSERT_GT(usual.counters.choices, 100u);
  std::size_t last = 0;
  for (const std::uint64_t at : {std::uint64_t{0}, usual.counters.choices / 2}) {
    RunSpec spec = spec_of_file(complete_machine);
    spec.reschedule_at = at;
    spec.reschedule_seed = 1;
    Outcome other;
    const auto other_events = events_of(spec, other);
    EXPECT_NE(other.trace_hash, usual.trace_hash);
    const std::size_t same = common(events, other_events);
    EXPECT_GE(same, last);
    last = same;
    EXPECT_EQ(run_machine(spec).trace_hash, other.trace_hash) << "it can be run again";
    spec.reschedule_seed = 2;
    EXPECT_NE(run_machine(spec).trace_hash, other.trace_hash);
  }
  EXPECT_GT(last, events.size() / 10);
  RunSpec spec = spec_of_file(complete_machine);
  spec.reschedule_at = usual.counters.choices;
  EXPECT_EQ(run_machine(spec).trace_hash, usual.trace_hash);
}

}  // namespace
}  // namespace brink
