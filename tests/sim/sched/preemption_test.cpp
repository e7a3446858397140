// Where a CPU may be taken from a task that could go on, and that it never has to be.

#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

/// Preempts at the first opportunity, and notes what it was asked.
class Eager final : public Strategy {
 public:
  std::uint32_t pick_task(const ReadyQueue&, const Task*, Why why) override {
    asked.push_back(why);
    return 0;
  }
  std::uint32_t pick_cpu(std::span<const CpuView>, std::uint32_t) override { return 0; }
  bool asks_at_points() const override { return true; }
  std::vector<Why> asked;
};

/// Never gives up the CPU of its own accord.
class Stubborn final : public Strategy {
 public:
  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why) override {
    return current != nullptr ? ready.size() : 0;
  }
  std::uint32_t pick_cpu(std::span<const CpuView>, std::uint32_t) override { return 0; }
  bool asks_at_points() const override { return true; }
};

/// Whether another READY task gets to run between a point of this kind and what comes after.
bool preempts(Preempt rules, Point kind, bool spinlock = false) {
  Eager strategy;
  World world(strategy, cpus(1, rules));
  bool other_ran = false;
  bool preempted = false;
  world.spawn([&] {
    world.core.current().preempt_count = spinlock;
    world.core.point(kind);
    preempted = other_ran;
    world.core.current().preempt_count = 0;
  });
  world.spawn([&] { other_ran = true; });
  world.core.run();
  return preempted;
}

TEST(Preemption, HappensWhereTheKernelIsBuiltToAllowIt) {
  using enum Preempt;
  const std::map<std::pair<Preempt, Point>, bool> expected = {
      {{none, Point::user}, true},
      {{none, Point::cond_resched}, true},
      {{none, Point::might_sleep}, false},
      {{none, Point::primitive}, false},
      {{voluntary, Point::user}, true},
      {{voluntary, Point::cond_resched}, true},
      {{voluntary, Point::might_sleep}, true},
      {{voluntary, Point::primitive}, false},
      {{full, Point::user}, true},
      {{full, Point::cond_resched}, true},
      {{full, Point::might_sleep}, true},
      {{full, Point::primitive}, true},
  };
  for (const auto& [where, allowed] : expected) {
    EXPECT_EQ(preempts(where.first, where.second), allowed)
        << static_cast<int>(where.first) << ' ' << static_cast<int>(where.second);
  }
}

TEST(Preemption, NeverHappensUnderASpinlock) {
  for (const Point kind :
       {Point::primitive, Point::might_sleep, Point::cond_resched, Point::user}) {
    EXPECT_FALSE(preempts(Preempt::full, kind, true));
  }
}

TEST(Preemption, ATickThatFallsUnderASpinlockStaysPending) {
  FifoStrategy fifo;
  World world(fifo, cpus(1, Preempt::full));
  std::vector<int> order;
  world.spawn([&] {
    Core& core = world.core;
    core.current().preempt_count = 1;
    core.step(2 * core.tick());
    order.push_back(1);
    core.current().preempt_count = 0;
    core.step(1);  // Long before the tick after.
    order.push_back(2);
  });
  world.spawn([&] { order.push_back(3); });
  world.core.run();
  EXPECT_EQ(order, (std::vector<int>{1, 3, 2}));
}

TEST(Preemption, ATaskKeepsItsCpuForOneTick) {
  FifoStrategy fifo;
  World world(fifo, cpus(1, Preempt::full));
  std::vector<TaskId> turns;
  for (int i = 0; i < 2; ++i) {
    world.spawn([&] {
      for (int k = 0; k < 8; ++k) {
        turns.push_back(world.core.current().id);
        world.core.step(world.core.tick() / 2);
      }
    });
  }
  world.core.run();
  // The switch itself costs a little, so a turn is two steps, not three.
  EXPECT_EQ(turns, (std::vector<TaskId>{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}));
}

TEST(Preemption, CarryOnIsAlwaysAChoice) {
  Stubborn strategy;
  World world(strategy, cpus(1, Preempt::full));
  std::vector<TaskId> turns;
  for (int i = 0; i < 3; ++i) {
    world.spawn([&] {
      for (int k = 0; k < 5; ++k) {
        world.core.step(world.core.tick());
        world.core.yield();
        world.core.cond_resched();
        turns.push_back(world.core.current().id);
      }
    });
  }
  world.core.run();
  EXPECT_EQ(turns, (std::vector<TaskId>{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2}));
}

TEST(Preemption, AStrategyIsToldWhyItIsAsked) {
  Eager strategy;
  World world(strategy, cpus(1, Preempt::full));
  world.spawn([&] {
    world.core.step(1);
    world.core.yield();
    world.core.step(world.core.tick());
  });
  world.spawn([&] {
    for (int i = 0; i < 3; ++i) world.core.yield();
  });
  world.core.run();
  using enum Why;
  EXPECT_EQ(strategy.asked,
            (std::vector<Why>{freed, point, yielded, yielded, yielded, tick, yielded}));
}

TEST(Preemption, AFreeCpuTakesAReadyTaskAtOnce) {
  FifoStrategy fifo;
  World world(fifo, cpus(2));
  Gate gate(world.core);
  Nanos opened = 0;
  Nanos woke = 0;
  world.spawn([&] {
    gate.wait();
    woke = world.core.now();
  });
  world.spawn([&] {
    world.core.step(50 * us);
    opened = world.core.now();
    gate.open();
    world.core.step(1 * ms);
  });
  world.core.run();
  EXPECT_EQ(woke, opened + world.core.costs().context_switch);
}

}  // namespace
}  // namespace brink
