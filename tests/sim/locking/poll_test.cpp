// Poll loops: their limits, what their task waits for meanwhile, and that they let others run.

#include "sim/locking/poll.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sim/locking/wait_queue.hpp"
#include "sim/sched/pct.hpp"
#include "sim/sched/random.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

TEST(Poll, AsksUntilTheConditionHoldsAndNapsInBetween) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue memory(world.core, "memory");
  int asked = 0;
  world.spawn([&] {
    const Nanos before = world.core.now();
    poll(world.core, memory, [&] { return ++asked == 5; }, 20 * ms);
    EXPECT_GE(world.core.now() - before, 80 * ms);
    EXPECT_LT(world.core.now() - before, 81 * ms);
  });
  world.core.run();
  EXPECT_EQ(asked, 5);
}

TEST(Poll, WithoutALimitTheTaskWaitsForWhatTheLoopAsksFor) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue memory(world.core, "memory");
  bool found = false;
  Task& poller = world.spawn([&] {
    Task& me = world.core.current();
    poll(world.core, memory, [&] { return found; }, 1 * ms);
    EXPECT_EQ(me.loop, nullptr);
  });
  world.spawn([&] {
    world.core.sleep(10 * ms + 500 * us);
    EXPECT_EQ(poller.wait, &timer_wait);
    EXPECT_EQ(poller.effective_wait(), &memory);
    EXPECT_EQ(poller.loop_rounds, 11u);
    EXPECT_LT(poller.loop_since, 10 * us);
    found = true;
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
}

TEST(Poll, WithALimitItGivesUpAndIsNoLoop) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue memory(world.core);
  world.spawn([&] {
    Task& me = world.core.current();
    int asked = 0;
    const auto never_true = [&] {
      ++asked;
      EXPECT_EQ(me.loop, nullptr);
      return false;
    };
    EXPECT_FALSE(poll(world.core, memory, never_true, 0, {.rounds = 4}));
    EXPECT_EQ(asked, 5);
    const Nanos deadline = world.core.now() + 10 * ms;
    EXPECT_FALSE(poll(world.core, memory, never_true, 3 * ms, {.deadline = deadline}));
    EXPECT_GE(world.core.now(), deadline);
    EXPECT_LT(world.core.now(), deadline + 3 * ms);
    EXPECT_TRUE(poll(world.core, memory, [] { return true; }, 0, {.rounds = 0}));
    EXPECT_FALSE(poll(world.core, memory, [] { return false; }, 0, {.rounds = 0}));
    int left = 3;
    EXPECT_TRUE(poll(world.core, memory, [&] { return --left == 0; }, 0, PollLimit{}));
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(Poll, OnlyTheOutermostLoopCountsAndAllRoundsCountForIt) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue outer_wait(world.core, "outer");
  WaitQueue inner_wait(world.core, "inner");
  world.spawn([&] {
    Task& me = world.core.current();
    {
      UnlimitedLoop outer(world.core, outer_wait);
      outer.round();
      int rounds = 3;
      poll(world.core, inner_wait, [&] { return rounds-- == 0; }, 0);
      EXPECT_EQ(me.loop, &outer_wait);
      EXPECT_EQ(me.loop_rounds, 4u);
    }
    EXPECT_EQ(me.loop, nullptr);
    UnlimitedLoop again(world.core, inner_wait);
    EXPECT_EQ(me.loop, &inner_wait);
    EXPECT_EQ(me.loop_rounds, 0u);
  });
  world.core.run();
}

TEST(Poll, LocksTakenInsideAreMarkedUntilTheLoopEnds) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue memory(world.core);
  Mutex& before = world.mutex();
  Mutex& inside = world.mutex();
  world.spawn([&] {
    const Task& me = world.core.current();
    before.lock();
    {
      UnlimitedLoop loop(world.core, memory);
      inside.lock();
      EXPECT_TRUE(me.locks->inner);
      EXPECT_FALSE(me.locks->next->inner);
    }
    EXPECT_FALSE(me.locks->inner);
    inside.unlock();
    before.unlock();
  });
  world.core.run();
}

TEST(Poll, NobodyIsStarvedByALoopThatOnlyYields) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    std::vector<std::unique_ptr<Strategy>> all;
    all.push_back(std::make_unique<RandomStrategy>(seed));
    all.push_back(std::make_unique<PctStrategy>(seed, 3, 100));
    all.push_back(std::make_unique<FifoStrategy>());
    for (const auto& strategy : all) {
      for (const std::uint32_t count : {1u, 2u}) {
        CoreConfig config = cpus(count);
        config.time_limit = 10 * seconds;
        LockingWorld world(*strategy, config);
        WaitQueue flag_wait(world.core);
        bool flag = false;
        for (int i = 0; i < 3; ++i) {
          world.spawn([&] { poll(world.core, flag_wait, [&] { return flag; }, 0); });
        }
        world.spawn([&] {
          for (int i = 0; i < 20; ++i) world.core.step(1 * us);
          flag = true;
        });
        ASSERT_EQ(world.core.run(), RunEnd::quiet);
        ASSERT_EQ(world.core.live(), 0u);
      }
    }
  }
}

TEST(Poll, ALoopIsTakenDownWithItsWorld) {
  FifoStrategy fifo;
  CoreConfig config;
  config.time_limit = 1 * seconds;
  LockingWorld world(fifo, config);
  WaitQueue memory(world.core);
  world.spawn([&] { poll(world.core, memory, [] { return false; }, 20 * ms); });
  world.spawn([&] { poll(world.core, memory, [] { return false; }, 0); });
  EXPECT_EQ(world.core.run(), RunEnd::time_limit);
  world.core.abort();
  EXPECT_EQ(world.core.live(), 0u);
}

}  // namespace
}  // namespace brink
