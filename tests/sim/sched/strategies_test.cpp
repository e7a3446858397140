// The random and PCT strategies: how their choices are distributed, and the table of all
// strategies.

#include "sim/sched/strategies.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "brink/params.hpp"
#include "sim/sched/pct.hpp"
#include "sim/sched/random.hpp"
#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

/// READY tasks 0 … n - 1, and one more that runs.
struct Scene {
  explicit Scene(std::uint32_t ready_count) : tasks(ready_count + 1) {
    for (std::uint32_t i = 0; i <= ready_count; ++i) {
      tasks[i].id = i;
      if (i < ready_count) ready.push(tasks[i]);
    }
  }
  const Task* running() const { return &tasks.back(); }
  std::vector<Task> tasks;
  ReadyQueue ready;
};

/// Five standard deviations of a count of `n` draws that are each hit with a probability of 1 / k.
void expect_about(std::uint64_t count, std::uint64_t n, std::uint64_t k) {
  const double mean = static_cast<double>(n) / static_cast<double>(k);
  const double deviation = std::sqrt(mean * (1 - 1 / static_cast<double>(k)));
  EXPECT_NEAR(static_cast<double>(count), mean, 5 * deviation);
}

constexpr std::uint64_t draws = 100'000;

TEST(RandomStrategy, IsUniformWhereTheCpuMustBeGivenAway) {
  Scene scene(3);
  RandomStrategy strategy(1);
  std::array<std::uint64_t, 4> freed{}, yielded{}, ticked{};
  for (std::uint64_t i = 0; i < draws; ++i) {
    ++freed.at(strategy.pick_task(scene.ready, nullptr, Why::freed));
    ++yielded.at(strategy.pick_task(scene.ready, scene.running(), Why::yielded));
    ++ticked.at(strategy.pick_task(scene.ready, scene.running(), Why::tick));
  }
  EXPECT_EQ(freed[3], 0u);
  for (int i = 0; i < 3; ++i) expect_about(freed[static_cast<std::size_t>(i)], draws, 3);
  for (const std::uint64_t count : yielded) expect_about(count, draws, 4);
  for (const std::uint64_t count : ticked) expect_about(count, draws, 4);
}

TEST(RandomStrategy, PreemptsOnceInSixteenAndThenUniformly) {
  Scene scene(4);
  RandomStrategy strategy(2);
  std::array<std::uint64_t, 5> taken{};
  for (std::uint64_t i = 0; i < draws; ++i) {
    ++taken.at(strategy.pick_task(scene.ready, scene.running(), Why::point));
  }
  EXPECT_EQ(RandomStrategy::preempt_once_in, 16u);
  expect_about(draws - taken[4], draws, 16);
  for (int i = 0; i < 4; ++i) expect_about(taken[static_cast<std::size_t>(i)], draws, 64);
}

TEST(RandomStrategy, IsUniformOverCpus) {
  Scene scene(1);
  const std::array<CpuView, 3> cpus = {
      {{0, 5, &scene.tasks[0]}, {2, 1, &scene.tasks[0]}, {3, 9, &scene.tasks[0]}}};
  RandomStrategy strategy(3);
  std::array<std::uint64_t, 3> taken{};
  for (std::uint64_t i = 0; i < draws; ++i) ++taken.at(strategy.pick_cpu(cpus, 0));
  for (const std::uint64_t count : taken) expect_about(count, draws, 3);
}

// --- PCT.

TEST(PctStrategy, EveryTaskIsEquallyLikelyToBeHighest) {
  Scene scene(4);
  std::array<std::uint64_t, 5> first{};
  for (std::uint64_t seed = 0; seed < draws / 10; ++seed) {
    PctStrategy strategy(seed, 1, 100);
    ++first.at(strategy.pick_task(scene.ready, scene.running(), Why::point));
  }
  for (const std::uint64_t count : first) expect_about(count, draws / 10, 5);
}

TEST(PctStrategy, TheHighestRunsUntilAChangeOrAPoll) {
  Scene scene(5);
  PctStrategy strategy(7, 1, 1000);
  const std::uint32_t best = strategy.pick_task(scene.ready, scene.running(), Why::freed);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(strategy.pick_task(scene.ready, scene.running(), Why::point), best);
  }
  strategy.poll_round(best == 5 ? *scene.running() : scene.tasks[best]);
  EXPECT_NE(strategy.pick_task(scene.ready, scene.running(), Why::point), best);
}

TEST(PctStrategy, PollersTakeTurnsBelowEverybodyElse) {
  Scene scene(3);
  PctStrategy strategy(7, 3, 10);
  for (const Task& task : scene.tasks) strategy.poll_round(task);
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      EXPECT_EQ(strategy.pick_task(scene.ready, scene.running(), Why::point), i);
      strategy.poll_round(scene.tasks[i]);
    }
  }
  Task fresh;
  fresh.id = 9;
  scene.ready.push(fresh);
  EXPECT_EQ(strategy.pick_task(scene.ready, scene.running(), Why::point), 3u);
}

TEST(PctStrategy, TheCpuOfTheHighestTaskSteps) {
  Scene scene(3);
  PctStrategy strategy(11, 1, 10);
  const std::uint32_t best = strategy.pick_task(scene.ready, nullptr, Why::freed);
  std::vector<CpuView> cpus;
  for (std::uint32_t i = 0; i < 3; ++i) cpus.push_back({i, i, &scene.tasks[2 - i]});
  EXPECT_EQ(strategy.pick_cpu(cpus, 3), 2 - best);
}

TEST(PctStrategy, FindsADepthTwoBugAsOftenAsPromised) {
  // The bug: another task writes between a task's two reads. Two constraints, so d = 2.
  constexpr std::uint64_t runs = 20'000;
  std::uint64_t found = 0;
  std::uint64_t choices = 0;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    PctStrategy strategy(seed, 2, 24);
    World world(strategy, cpus(1, Preempt::full));
    int value = 0;
    const auto steps = [&world](int n) {
      for (int i = 0; i < n; ++i) world.core.step(1);
    };
    world.spawn([&] {
      steps(4);
      const int before = value;
      steps(1);
      if (value != before) ++found;
      steps(3);
    });
    world.spawn([&] {
      steps(6);
      ++value;
    });
    world.spawn([&] { steps(8); });
    world.core.run();
    choices = std::max(choices, world.core.choices().count());
  }
  ASSERT_LE(choices, 24u);
  const double promised = static_cast<double>(runs) / (3 * 24);
  EXPECT_GT(static_cast<double>(found), promised - 4 * std::sqrt(promised));
  EXPECT_LT(found, runs / 2);
}

// --- The table.

TEST(Strategies, EveryRowMakesAStrategyThatRuns) {
  std::string before;
  for (const StrategyRow& row : strategies()) {
    EXPECT_LT(before, row.name);
    before = row.name;
    EXPECT_GT(std::string(row.summary).size(), 10u);
    SchedulerConfig config;
    config.strategy = row.name;
    if (config.strategy == "replay") config.choices = "0003";
    const std::unique_ptr<Strategy> strategy = make_strategy(config, 5);
    World world(*strategy);
    for (int i = 0; i < 2; ++i) world.spawn([&] { world.core.yield(); });
    world.core.run();
    EXPECT_EQ(world.core.live(), 0u);
  }
}

std::string refusal(const SchedulerConfig& config) {
  try {
    make_strategy(config, 1);
  } catch (const ConfigError& error) {
    return error.message();
  }
  return "accepted";
}

TEST(Strategies, RefuseWhatMakesNoSense) {
  SchedulerConfig config;
  EXPECT_EQ(refusal(config), "accepted");
  config.strategy = "randm";
  EXPECT_EQ(refusal(config), "unknown scheduler strategy \"randm\"; did you mean \"random\"?");
  config.strategy = "replay";
  EXPECT_EQ(refusal(config), "malformed schedule: it is empty");
  config.strategy = "pct";
  config.pct_depth = 0;
  EXPECT_EQ(refusal(config), "pct_depth must be at least 1");
  config.pct_depth = 1;
  config.pct_steps = 0;
  EXPECT_EQ(refusal(config), "pct_steps must be at least 1");
}

}  // namespace
}  // namespace brink
