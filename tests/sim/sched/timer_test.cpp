// Timers and virtual time: what fires when, and what a run's time is.

#include <gtest/gtest.h>

#include <vector>

#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

struct Fired {
  Core& core;
  std::vector<std::pair<Nanos, std::uint64_t>> calls;
  static void call(void* self, std::uint64_t argument) {
    Fired& fired = *static_cast<Fired*>(self);
    fired.calls.emplace_back(fired.core.now(), argument);
  }
};

using Calls = std::vector<std::pair<Nanos, std::uint64_t>>;

TEST(Timer, EqualTimesFireInTheOrderInWhichTheyWereSet) {
  FifoStrategy fifo;
  World world(fifo);
  Fired fired{world.core, {}};
  const std::uint64_t order[] = {7, 3, 9, 1, 5};
  for (const std::uint64_t i : order) world.core.at(10 * us, Fired::call, &fired, i);
  world.core.at(5 * us, Fired::call, &fired, 0);
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(fired.calls, (Calls{{5 * us, 0}, {10 * us, 7}, {10 * us, 3}, {10 * us, 9}, {10 * us, 1},
                                {10 * us, 5}}));
}

TEST(Timer, SleepersOfEqualTimesWakeInTheOrderInWhichTheyLayDown) {
  FifoStrategy fifo;
  World world(fifo);
  std::vector<TaskId> woke;
  for (int i = 0; i < 6; ++i) {
    world.spawn([&] {
      world.core.sleep_until(1 * ms);
      woke.push_back(world.core.current().id);
    });
  }
  world.core.run();
  EXPECT_EQ(woke, (std::vector<TaskId>{0, 1, 2, 3, 4, 5}));
}

TEST(Timer, CancelledTimersDoNotFireAndMoveNoTime) {
  FifoStrategy fifo;
  World world(fifo);
  Fired fired{world.core, {}};
  const Core::Timer kept = world.core.at(1 * us, Fired::call, &fired, 1);
  const Core::Timer gone = world.core.at(9 * seconds, Fired::call, &fired, 2);
  EXPECT_TRUE(world.core.cancel(gone));
  EXPECT_FALSE(world.core.cancel(gone));
  world.core.run();
  EXPECT_EQ(fired.calls, (Calls{{1 * us, 1}}));
  EXPECT_FALSE(world.core.cancel(kept));
  EXPECT_EQ(world.core.machine_time(), 1 * us);
}

TEST(Timer, ATimerThatWasNeverSetCannotBeCancelled) {
  FifoStrategy fifo;
  World world(fifo);
  EXPECT_FALSE(world.core.cancel(Core::Timer{}));
  const Core::Timer timer = world.core.at(1, [](void*, std::uint64_t) {}, nullptr, 0);
  EXPECT_TRUE(world.core.cancel(timer));
  EXPECT_FALSE(world.core.cancel(Core::Timer{}));
}

TEST(Timer, ASlotThatIsUsedAgainDoesNotConfuseAnOldHandle) {
  FifoStrategy fifo;
  World world(fifo);
  Fired fired{world.core, {}};
  const Core::Timer old = world.core.at(1 * us, Fired::call, &fired, 1);
  EXPECT_TRUE(world.core.cancel(old));
  world.core.at(2 * us, Fired::call, &fired, 2);
  EXPECT_FALSE(world.core.cancel(old));
  world.core.run();
  EXPECT_EQ(fired.calls, (Calls{{2 * us, 2}}));
}

TEST(Timer, AWakeBeforeTheDeadlineWinsAndTheTimeoutIsForgotten) {
  FifoStrategy fifo;
  World world(fifo);
  Gate gate(world.core);
  std::vector<Wake> woke;
  world.spawn([&] {
    woke.push_back(gate.wait_until(1 * ms));
    woke.push_back(gate.wait());  // The old deadline passes here.
  });
  world.spawn([&] {
    gate.open();
    world.core.sleep_until(5 * ms);
    EXPECT_EQ(woke.size(), 1u);
    gate.open();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(woke, (std::vector<Wake>{Wake::woken, Wake::woken}));
}

TEST(Timer, ADeadlineBeforeTheWakeWinsAndTheWakeGoesNowhere) {
  FifoStrategy fifo;
  World world(fifo);
  Gate gate(world.core);
  Wake woke = Wake::woken;
  Nanos at = 0;
  Task& waiter = world.spawn([&] {
    woke = gate.wait_until(1 * ms);
    at = world.core.now();
    world.core.charge(1);
  });
  world.spawn([&] {
    world.core.sleep_until(1 * ms + 1);
    world.core.wake(waiter);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(woke, Wake::timeout);
  EXPECT_EQ(at, 1 * ms + world.core.costs().context_switch);
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(Timer, ADeadlineInThePastIsATimeoutAtOnce) {
  FifoStrategy fifo;
  for (const std::uint32_t count : {1u, 2u}) {
    World world(fifo, cpus(count));
    Gate gate(world.core);
    world.spawn([&] {
      world.core.charge(1 * ms);
      const Nanos before = world.core.now();
      EXPECT_EQ(gate.wait_until(3), Wake::timeout);
      EXPECT_GE(world.core.now(), before);
    });
    EXPECT_EQ(world.core.run(), RunEnd::quiet);
    EXPECT_EQ(world.core.live(), 0u);
  }
}

TEST(Timer, TimersFireWhileEverybodyIsBusyWhoeverRuns) {
  FifoStrategy fifo;
  World world(fifo, cpus(2));
  Fired fired{world.core, {}};
  world.core.at(100 * us, Fired::call, &fired, 1);
  for (int i = 0; i < 2; ++i) {
    world.spawn([&] {
      for (int k = 0; k < 300; ++k) world.core.step(1 * us);
    });
  }
  world.core.run();
  EXPECT_EQ(fired.calls, (Calls{{100 * us, 1}}));
}

TEST(Timer, ATimerMaySpawnATask) {
  FifoStrategy fifo;
  World world(fifo);
  std::function<void()> late = [&] { world.core.sleep(1 * us); };
  struct Spawner {
    Core& core;
    std::function<void()>& body;
    static void call(void* self, std::uint64_t) {
      Spawner& s = *static_cast<Spawner*>(self);
      for (int i = 0; i < 20; ++i) s.core.spawn("late", {World::call, &s.body});
    }
  } spawner{world.core, late};
  world.core.at(10 * us, Spawner::call, &spawner, 0);   // Nobody runs.
  world.core.at(1 * ms, Spawner::call, &spawner, 0);    // On the stack of a sleeper.
  world.spawn([&] { world.core.sleep_until(2 * ms); });
  world.core.at(3 * ms, Spawner::call, &spawner, 0);    // On the stack of one that has ended.
  world.spawn([&] { world.core.sleep_until(3 * ms - 2 * us); });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.task_count(), 62u);
  EXPECT_EQ(world.core.live(), 0u);
}

// --- The limit.

TEST(TimeLimit, EndsARunThatWouldGoOn) {
  FifoStrategy fifo;
  for (const std::uint32_t count : {1u, 2u}) {
    for (const bool sleeps : {false, true}) {
      CoreConfig config = cpus(count);
      config.time_limit = 10 * ms;
      World world(fifo, config);
      world.spawn([&] {
        for (;;) {
          if (sleeps) world.core.sleep(3 * ms);
          world.core.step(1 * us);
        }
      });
      EXPECT_EQ(world.core.run(), RunEnd::time_limit);
      EXPECT_GE(world.core.machine_time(), 10 * ms);
      EXPECT_LE(world.core.machine_time(), 14 * ms);
    }
  }
}

TEST(TimeLimit, EndsARunWhoseTasksOnlyYield) {
  FifoStrategy fifo;
  CoreConfig config;
  config.time_limit = 10 * ms;
  World world(fifo, config);
  for (int i = 0; i < 2; ++i) {
    world.spawn([&] {
      for (;;) world.core.yield();
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::time_limit);
}

TEST(TimeLimit, IsNotReachedByARunThatHasNothingLeftToDo) {
  FifoStrategy fifo;
  CoreConfig config;
  config.time_limit = 10 * seconds;
  World world(fifo, config);
  Gate gate(world.core);
  world.spawn([&] { gate.wait(); });
  world.spawn([&] {
    EXPECT_EQ(gate.wait_until(20 * seconds), Wake::woken);  // Leaves a timer beyond the limit.
  });
  world.spawn([&] {
    world.core.sleep(1 * ms);
    gate.open();
    gate.open();
  });
  world.spawn([&] { gate.wait(); });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 1u);
  EXPECT_LT(world.core.machine_time(), 2 * ms);
}

TEST(TimeLimit, IsReachedByASleeperBeyondIt) {
  FifoStrategy fifo;
  CoreConfig config;
  config.time_limit = 10 * ms;
  World world(fifo, config);
  world.spawn([&] { world.core.sleep(1 * seconds); });
  EXPECT_EQ(world.core.run(), RunEnd::time_limit);
  EXPECT_EQ(world.core.machine_time(), 10 * ms);
  EXPECT_EQ(world.core.live(), 1u);
}

}  // namespace
}  // namespace brink
