// Exploring every schedule of tiny programs: exactly as many as there are, each once.

#include "sim/sched/dfs.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

constexpr std::uint32_t unbounded = ~std::uint32_t{0};

/// How many orders there are of the segments of tasks that have so many each, with at most so many
/// switches away from a task that has not ended. `last` is the task that ran last.
std::uint64_t orders(std::vector<int>& left, std::size_t last, std::uint32_t preemptions) {
  std::uint64_t count = 0;
  bool done = true;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == 0) continue;
    done = false;
    const bool preempts = last < left.size() && last != i && left[last] != 0;
    if (preempts && preemptions == 0) continue;
    --left[i];
    count += orders(left, i, preemptions - (preempts ? 1 : 0));
    ++left[i];
  }
  return done ? 1 : count;
}

/// Runs every schedule of tasks that log their id once before each of their points and once after.
std::set<std::string> explore(const std::vector<int>& points, std::uint32_t preemptions,
                              std::uint32_t cpu_count, const std::function<void(Core&)>& at_point,
                              std::uint64_t* runs) {
  std::set<std::string> logs;
  DfsExplorer explorer(preemptions);
  while (DfsStrategy* strategy = explorer.next()) {
    World world(*strategy, cpus(cpu_count, Preempt::full));
    std::string log;
    for (const int count : points) {
      world.spawn([&world, &log, &at_point, count] {
        const char me = static_cast<char>('a' + world.core.current().id);
        for (int i = 0; i < count; ++i) {
          log += me;
          at_point(world.core);
        }
        log += me;
      });
    }
    EXPECT_EQ(world.core.run(), RunEnd::quiet);
    logs.insert(log);
    if (explorer.runs() > 100'000) break;
  }
  *runs = explorer.runs();
  return logs;
}

void step(Core& core) { core.step(1); }
void yield(Core& core) { core.yield(); }

TEST(Dfs, RunsEveryInterleavingOfTwoTasksOnce) {
  std::uint64_t runs = 0;
  EXPECT_EQ(explore({2, 2}, unbounded, 1, step, &runs).size(), 20u);  // 6 over 3
  EXPECT_EQ(runs, 20u);
  EXPECT_EQ(explore({4, 4}, unbounded, 1, step, &runs).size(), 252u);  // 10 over 5
  EXPECT_EQ(runs, 252u);
  EXPECT_EQ(explore({5, 1}, unbounded, 1, step, &runs).size(), 28u);  // 8 over 2
  EXPECT_EQ(runs, 28u);
}

TEST(Dfs, RunsEveryInterleavingOfThreeTasksOnce) {
  std::uint64_t runs = 0;
  EXPECT_EQ(explore({1, 1, 1}, unbounded, 1, step, &runs).size(), 90u);  // 6! / (2! 2! 2!)
  EXPECT_EQ(runs, 90u);
}

TEST(Dfs, TheBoundCountsPreemptions) {
  for (const std::vector<int>& points : {std::vector<int>{3, 3}, {2, 4}, {1, 2, 2}}) {
    for (const std::uint32_t bound : {0u, 1u, 2u, 3u}) {
      std::vector<int> segments;
      for (const int count : points) segments.push_back(count + 1);
      const std::uint64_t expected = orders(segments, segments.size(), bound);
      std::uint64_t runs = 0;
      EXPECT_EQ(explore(points, bound, 1, step, &runs).size(), expected) << bound;
      EXPECT_EQ(runs, expected) << bound;
    }
  }
}

TEST(Dfs, AYieldIsNoPreemption) {
  std::uint64_t runs = 0;
  EXPECT_EQ(explore({3, 3}, 0, 1, yield, &runs).size(), 70u);  // 8 over 4
  EXPECT_EQ(runs, 70u);
}

TEST(Dfs, ChoicesOfCpusCount) {
  // Either task may be placed on CPU 0, and then the CPUs step in any order.
  std::uint64_t runs = 0;
  EXPECT_EQ(explore({2, 2}, unbounded, 2, step, &runs).size(), 20u);
  EXPECT_EQ(runs, 40u);
  // Without preemptions a CPU that has stepped goes on until its task has ended.
  EXPECT_EQ(explore({2, 2}, 0, 2, step, &runs).size(), 2u);
  EXPECT_EQ(runs, 4u);
}

TEST(Dfs, PollLoopsDoNotMakeSchedulesWithoutEnd) {
  DfsExplorer explorer(2);
  std::set<int> rounds_seen;
  while (DfsStrategy* strategy = explorer.next()) {
    ASSERT_LT(explorer.runs(), 5000u);
    World world(*strategy, cpus(1, Preempt::full));
    bool flag = false;
    int rounds = 0;
    for (int i = 0; i < 2; ++i) {
      world.spawn([&] {
        while (!flag) {
          ++rounds;
          world.core.poll_round();
          world.core.yield();
        }
      });
    }
    world.spawn([&] {
      world.core.step(1);
      world.core.step(1);
      flag = true;
    });
    ASSERT_EQ(world.core.run(), RunEnd::quiet);
    ASSERT_EQ(world.core.live(), 0u);
    rounds_seen.insert(rounds);
  }
  EXPECT_TRUE(rounds_seen.count(0));
  EXPECT_EQ(*rounds_seen.rbegin(), 2);  // Each once, then the third is let run.
}

TEST(Dfs, APrefixAsTextLeadsToTheSameNextRun) {
  // What a process hands to the next: nothing but the beginning of its schedule.
  std::uint64_t runs = 1;
  std::string prefix = "0100";
  for (;; ++runs) {
    DfsStrategy strategy(unbounded, schedule_from_hex(prefix));
    World world(strategy, cpus(1, Preempt::full));
    for (int i = 0; i < 2; ++i) {
      world.spawn([&] {
        for (int k = 0; k < 2; ++k) world.core.step(1);
      });
    }
    world.core.run();
    strategy.check();
    const std::optional<Schedule> next = strategy.next();
    if (!next) break;
    prefix = to_hex(*next);
  }
  EXPECT_EQ(runs, 20u);
}

TEST(Dfs, NoticesAProgramThatIsNotTheSameTwice) {
  int runs = 0;
  DfsExplorer explorer(unbounded);
  EXPECT_THROW(
      {
        while (DfsStrategy* strategy = explorer.next()) {
          World world(*strategy, cpus(1, Preempt::full));
          for (int i = 0; i < (runs == 0 ? 3 : 2); ++i) {
            world.spawn([&] { world.core.step(1); });
          }
          ++runs;
          world.core.run();
        }
      },
      ReplayMismatch);
}

}  // namespace
}  // namespace brink
