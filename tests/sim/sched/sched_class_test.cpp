// Scheduling classes: while a task of a higher class wants a CPU, none of a lower one gets it.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>

#include "sim/sched/fifo.hpp"
#include "sim/sched/random.hpp"
#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

using enum SchedClass;

/// Those of a higher class than the running task that are READY, and since when, on a machine with
/// one CPU.
std::vector<std::pair<TaskId, Nanos>> above(const Core& core) {
  std::vector<std::pair<TaskId, Nanos>> found;
  const Task& current = core.current();
  for (TaskId id = 0; id < core.task_count(); ++id) {
    const Task& task = core.task(id);
    const bool ready = task.state == TaskState::runnable && &task != &current;
    if (ready && task.sched_class < current.sched_class) found.emplace_back(id, task.ready_since);
  }
  return found;
}

struct Plan {
  SchedClass sched_class;
  std::vector<std::uint32_t> ops;
};

void run_plans(const std::vector<Plan>& plans, Strategy& strategy) {
  World world(strategy, cpus(1, Preempt::full));
  Core& core = world.core;
  std::size_t ended = 0;
  bool right = true;
  for (const Plan& plan : plans) {
    world.spawn(
        [&] {
          for (const std::uint32_t op : plan.ops) {
            const auto before = above(core);
            switch (op % 3) {
              case 0: core.step(op * 100 * us); break;
              case 1: core.sleep(op * 100 * us); break;
              case 2: core.yield(); break;
            }
            // Whoever became READY at this very point goes first at the next.
            for (const auto& task : above(core)) {
              right = right && std::find(before.begin(), before.end(), task) == before.end();
            }
          }
          ++ended;
        },
        plan.sched_class);
  }
  RC_ASSERT(core.run() == RunEnd::quiet);
  RC_ASSERT(ended == plans.size());
  RC_ASSERT(right);
}

RC_GTEST_PROP(SchedClasses, NobodyRunsWhileAHigherClassIsReady, (std::uint64_t seed)) {
  const auto plan = rc::gen::construct<Plan>(
      rc::gen::element(fifo, normal, idle),
      rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 90)));
  const auto plans = *rc::gen::resize(12, rc::gen::container<std::vector<Plan>>(plan));
  FifoStrategy in_order;
  run_plans(plans, in_order);
  RandomStrategy at_random(seed);
  run_plans(plans, at_random);
}

/// Which of two tasks of a class, that both have much to do, get the CPU for how many steps in a
/// row.
std::vector<TaskId> turns_of_two(SchedClass sched_class) {
  FifoStrategy strategy;
  World world(strategy, cpus(1, Preempt::full));
  std::vector<TaskId> turns;
  for (int i = 0; i < 2; ++i) {
    world.spawn(
        [&] {
          for (int k = 0; k < 4; ++k) {
            turns.push_back(world.core.current().id);
            world.core.step(world.core.tick());
          }
        },
        sched_class);
  }
  world.core.run();
  return turns;
}

TEST(SchedClasses, RealTimeTasksTakeNoTurns) {
  EXPECT_EQ(turns_of_two(fifo), (std::vector<TaskId>{0, 0, 0, 0, 1, 1, 1, 1}));
  const std::vector<TaskId> by_turns = {0, 1, 0, 1, 0, 1, 0, 1};
  EXPECT_EQ(turns_of_two(normal), by_turns);
  EXPECT_EQ(turns_of_two(idle), by_turns);
}

TEST(SchedClasses, AWokenTaskOfAHigherClassIsNotKeptWaitingForATick) {
  FifoStrategy strategy;
  World world(strategy, cpus(1, Preempt::full));
  Core& core = world.core;
  Nanos woken_at = 0;
  world.spawn([&] {
    core.sleep(core.tick() / 2);
    woken_at = core.now();
  });
  world.spawn(
      [&] {
        for (int i = 0; i < 1'000; ++i) core.step(10 * us);
      },
      idle);
  core.run();
  EXPECT_LT(woken_at, core.tick() / 2 + 50 * us);
}

TEST(SchedClasses, ALowerClassHasTheCpusThatAreLeft) {
  for (const std::uint32_t busy : {1u, 2u}) {
    FifoStrategy strategy;
    World world(strategy, cpus(2, Preempt::full));
    Core& core = world.core;
    Nanos idle_done = 0, normal_done = 0;
    world.spawn(
        [&] {
          for (int i = 0; i < 10; ++i) core.step(1 * ms);
          idle_done = core.now();
        },
        idle);
    for (std::uint32_t n = 0; n < busy; ++n) {
      world.spawn([&] {
        for (int i = 0; i < 100; ++i) core.step(1 * ms);
        normal_done = core.now();
      });
    }
    core.run();
    EXPECT_EQ(idle_done < normal_done, busy == 1);
  }
}

TEST(SchedClasses, RealTimeTasksAreKnownAsSuch) {
  FifoStrategy strategy;
  World world(strategy, cpus(1));
  const Task& task = world.spawn([] {}, fifo);
  EXPECT_TRUE(task.has(RT_TASK));
  EXPECT_FALSE(world.spawn([] {}).has(RT_TASK));
  world.core.run();
}

}  // namespace
}  // namespace brink
