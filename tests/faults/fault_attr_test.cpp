// The order of checks, against the rules as they are written down in kernel.md §5.2: every
// combination of attributes, what is answered, and what is left of the budgets.

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "brink/params.hpp"
#include "faults/fault_attr.hpp"

namespace brink {
namespace {

using Answer = FaultAttr::Answer;

constexpr std::uint64_t always = 1'000'000;

/// A call and the attributes that meet it.
struct Case {
  std::optional<std::uint32_t> fail_nth;
  bool in_task;
  std::uint64_t probability;
  int task_filter;  // 0 none, 1 names this task, 2 names another
  std::int64_t times;
  std::int64_t space;  // the call's size is 4
  std::uint64_t interval;
  int stack;  // 0 no filter, 1 required and there, 2 required, not there, 3 rejected, 4 both, 5
              // depth 0
};

struct Expected {
  Answer answer;
  std::uint32_t fail_nth;
  std::int64_t times, space;
};

/// Rules 1 … 9, each as it stands in the reference.
Expected by_the_book(const Case& c) {
  const std::uint32_t nth = c.fail_nth.value_or(0);
  const std::int64_t one_less = c.times == -1 ? -1 : c.times == 0 ? 0 : c.times - 1;
  const auto say = [&](Answer answer) { return Expected{answer, nth, c.times, c.space}; };
  // 1. In task context with fail-nth ≠ 0: decrement; reached 0, fail; otherwise succeed.
  if (c.in_task && nth == 1) return {Answer::fail, 0, one_less, c.space};
  if (c.in_task && nth > 1) return {Answer::pass, nth - 1, c.times, c.space};
  // 2. Probability 0: succeed.
  if (c.probability == 0) return say(Answer::pass);
  // 3. Task filter and (not task context or task not flagged): succeed.
  if (c.task_filter != 0 && (!c.in_task || c.task_filter == 2)) return say(Answer::filtered);
  // 4. Times 0: succeed.
  if (c.times == 0) return say(Answer::pass);
  // 5. Space > size: subtract, succeed.
  if (c.space > 4) return {Answer::pass, nth, c.times, c.space - 4};
  // 6. Interval > 1: the first eligible call is not the interval-th.
  if (c.interval > 1) return say(Answer::pass);
  // 7. Probability 100 always goes on. 8. Stack filter.
  if (c.stack >= 2) return say(Answer::filtered);
  // 9. Fail; times goes down, never below 0, never from -1.
  return {Answer::fail, nth, one_less, c.space};
}

FaultAttr attributes(const Case& c) {
  FaultAttr attr;
  attr.probability = c.probability;
  attr.times = c.times;
  attr.space = c.space;
  attr.interval = c.interval;
  if (c.task_filter == 1) attr.tasks = {"mk*"};
  if (c.task_filter == 2) attr.tasks = {"rm", "mkdir?"};
  if (c.stack == 1 || c.stack == 4 || c.stack == 5) attr.require = {"ext4_*"};
  if (c.stack == 2) attr.require = {"xfs_*"};
  if (c.stack == 3 || c.stack == 4) attr.reject = {"kmalloc"};
  if (c.stack == 5) attr.stack_depth = 0;
  return attr;
}

void check(const Case& c) {
  static constexpr std::array<const char*, 3> stack = {"sys_mkdir", "ext4_mkdir", "kmalloc"};
  FaultAttr attr = attributes(c);
  Random random(1, 2);
  std::uint32_t nth = c.fail_nth.value_or(0);
  const HookTask task{c.in_task ? 5 : no_task, "mkdir", stack};
  const Answer answer = attr.should_fail(task, 4, random, c.fail_nth ? &nth : nullptr);
  const Expected expected = by_the_book(c);
  ASSERT_EQ(answer, expected.answer);
  ASSERT_EQ(nth, expected.fail_nth);
  ASSERT_EQ(attr.times, expected.times);
  ASSERT_EQ(attr.space, expected.space);
}

TEST(FaultAttr, LooksAtItsAttributesInLinuxsOrder) {
  int cases = 0;
  for (const auto nth : std::array<std::optional<std::uint32_t>, 4>{{{}, 0, 1, 2}}) {
    for (const bool in_task : {true, false}) {
      for (const std::uint64_t probability : {std::uint64_t{0}, always}) {
        for (const int filter : {0, 1, 2}) {
          for (const std::int64_t times : {-1, 0, 1, 2}) {
            for (const std::int64_t space : {0, 3, 4, 5, 9}) {
              for (const std::uint64_t interval : {0u, 1u, 2u}) {
                for (int stack = 0; stack <= 5; ++stack) {
                  const Case c{nth, in_task, probability, filter, times, space, interval, stack};
                  SCOPED_TRACE(testing::Message()
                               << ++cases << " space " << space << " stack " << stack);
                  check(c);
                  if (HasFatalFailure()) return;
                }
              }
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(cases, 4 * 2 * 2 * 3 * 4 * 5 * 3 * 6);
}

/// Answers to a row of calls of one page each, as text: `x` failed, `.` not.
std::string calls(FaultAttr& attr, int n, const char* comm = "mkdir") {
  Random random(3, 4);
  std::string answers;
  for (int i = 0; i < n; ++i) {
    answers += attr.should_fail({1, comm, {}}, 1, random) == Answer::fail ? 'x' : '.';
  }
  return answers;
}

TEST(FaultAttr, ConsidersEachIntervalthCallThatGetsThatFar) {
  FaultAttr attr;
  attr.probability = always;
  attr.times = -1;
  attr.interval = 3;
  EXPECT_EQ(calls(attr, 9), "..x..x..x");
  // What the task filter or the budget let by is not counted.
  attr.tasks = {"mkdir"};
  EXPECT_EQ(calls(attr, 4, "rm"), "....");
  attr.space = 3;
  EXPECT_EQ(calls(attr, 6), "....x.") << "two calls use up space, strictly";
}

TEST(FaultAttr, IntervalCountsCallsThatLuckOrTheStackThenSpare) {
  FaultAttr attr;
  attr.probability = always;
  attr.times = -1;
  attr.interval = 2;
  attr.reject = {"*"};
  Random random(3, 4);
  const std::array<const char*, 1> stack = {"f"};
  EXPECT_EQ(attr.should_fail({1, "t", stack}, 1, random), Answer::pass);
  EXPECT_EQ(attr.should_fail({1, "t", stack}, 1, random), Answer::filtered);
  attr.reject.clear();
  EXPECT_EQ(calls(attr, 3), ".x.");
}

TEST(FaultAttr, FailsAsManyTimesAsItMay) {
  FaultAttr attr;
  attr.probability = always;
  EXPECT_EQ(calls(attr, 4), "x...") << "once by default";
  attr.times = 3;
  EXPECT_EQ(calls(attr, 5), "xxx..");
  attr.times = -1;
  EXPECT_EQ(calls(attr, 40), std::string(40, 'x'));
}

TEST(FaultAttr, SeesOnlyTheInnermostFramesOfItsDepth) {
  FaultAttr attr;
  attr.probability = always;
  attr.times = -1;
  attr.require = {"sys_*"};
  Random random(3, 4);
  const std::array<const char*, 3> stack = {"sys_mkdir", "ext4_mkdir", "kmalloc"};
  const auto at_depth = [&](std::int64_t depth) {
    attr.stack_depth = depth;
    return attr.should_fail({1, "t", stack}, 1, random) == Answer::fail;
  };
  EXPECT_TRUE(at_depth(3));
  EXPECT_FALSE(at_depth(2));
  EXPECT_FALSE(at_depth(0));
  attr.require.clear();
  attr.reject = {"sys_*"};
  EXPECT_FALSE(at_depth(3));
  EXPECT_TRUE(at_depth(2));
}

TEST(FaultAttr, FailsAtItsRateAndDrawsNothingBeforeItsTurn) {
  FaultAttr attr;
  attr.probability = 250'000;
  attr.times = -1;
  Random random(11, 12);
  int failed = 0;
  for (int i = 0; i < 40'000; ++i) {
    failed += attr.should_fail({1, "t", {}}, 1, random) == Answer::fail;
  }
  EXPECT_NEAR(failed, 10'000, 400);  // 4.6 standard deviations
  Random used(11, 12), fresh(11, 12);
  attr.times = 0;
  attr.should_fail({1, "t", {}}, 1, used);
  EXPECT_EQ(used.next(), fresh.next());
}

TEST(FaultAttr, HasLinuxsDefaultsAndNames) {
  Params none;
  const FaultAttr attr = read_fault_attr(none);
  EXPECT_EQ(attr.probability, 0u);
  EXPECT_EQ(attr.interval, 1u);
  EXPECT_EQ(attr.times, 1);
  EXPECT_EQ(attr.space, 0);
  EXPECT_EQ(attr.stack_depth, 32);
  Params set({{"probability", "500 ppm"},
              {"interval", 7},
              {"times", -1},
              {"space", 9},
              {"task", "mkdir_loop"},
              {"stacktrace_depth", 4},
              {"require", List{"a", "b"}},
              {"reject", "c"}},
             "fault");
  const FaultAttr read = read_fault_attr(set);
  set.done();
  EXPECT_EQ(read.probability, 500u);
  EXPECT_EQ(read.interval, 7u);
  EXPECT_EQ(read.times, -1);
  EXPECT_EQ(read.space, 9);
  EXPECT_EQ(read.tasks, std::vector<std::string>{"mkdir_loop"});
  EXPECT_EQ(read.stack_depth, 4);
  EXPECT_EQ(read.require.size(), 2u);
  EXPECT_EQ(read.reject, std::vector<std::string>{"c"});
}

}  // namespace
}  // namespace brink
