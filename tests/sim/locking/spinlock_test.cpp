// The spinlock: exclusion between CPUs, order of tickets, spinning as a poll, no preemption.

#include "sim/locking/spinlock.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sim/locking/poll.hpp"
#include "sim/sched/pct.hpp"
#include "sim/sched/random.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

TEST(SpinLock, KeepsOtherCpusOut) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RandomStrategy random(seed);
    PctStrategy pct(seed, 3, 200);
    for (Strategy* strategy : {static_cast<Strategy*>(&random), static_cast<Strategy*>(&pct)}) {
      LockingWorld world(*strategy, cpus(3, Preempt::full));
      SpinLock& lock = world.spinlock();
      int inside = 0;
      int count = 0;
      for (int i = 0; i < 4; ++i) {
        world.spawn([&] {
          for (int k = 0; k < 5; ++k) {
            SpinGuard guard(lock);
            EXPECT_EQ(++inside, 1);
            world.core.step(100);
            ++count;
            world.core.step(100);
            --inside;
          }
        });
      }
      ASSERT_EQ(world.core.run(), RunEnd::quiet);
      ASSERT_EQ(world.core.live(), 0u);
      ASSERT_EQ(count, 20);
      ASSERT_FALSE(lock.locked());
    }
  }
}

TEST(SpinLock, ItsHolderIsNotPreempted) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(1, Preempt::full));
  SpinLock& lock = world.spinlock();
  std::vector<int> order;
  world.spawn([&] {
    lock.lock();
    EXPECT_EQ(world.core.current().preempt_count, 1u);
    world.core.step(20 * world.core.tick());
    order.push_back(1);
    lock.unlock();
    EXPECT_EQ(world.core.current().preempt_count, 0u);
    world.core.step(1);
    order.push_back(3);
  });
  world.spawn([&] { order.push_back(2); });
  world.core.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(SpinLock, SpinningIsChargedAndIsAPoll) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(2));
  SpinLock& lock = world.spinlock("zone.lock", "DMA32");
  const Waitable* loop = nullptr;
  world.spawn([&] {
    SpinGuard guard(lock);
    world.core.step(50 * us);
    const Task& spinner = world.core.task(1);
    loop = spinner.loop;
    EXPECT_EQ(spinner.state, TaskState::runnable);
    EXPECT_GT(spinner.loop_rounds, 3u);
    EXPECT_EQ(spinner.effective_wait(), &lock);
    Blockers sink;
    lock.blockers(spinner, sink);
    EXPECT_EQ(sink.tasks, (std::vector<TaskId>{0}));
    world.core.step(50 * us);
  });
  world.spawn([&] {
    world.core.step(1 * us);
    const Nanos before = world.core.now();
    SpinGuard guard(lock);
    EXPECT_GE(world.core.now() - before, 90 * us);
    EXPECT_LE(world.core.now() - before, 210 * us);
    EXPECT_EQ(world.core.current().loop, nullptr);
    EXPECT_EQ(world.core.current().progress_at, world.core.now());
  });
  world.core.run();
  EXPECT_EQ(loop, &lock);
  EXPECT_EQ(lock.describe(), "spinlock zone.lock:DMA32");
}

TEST(SpinLock, GoesToSpinnersInTheOrderOfTheirTickets) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(4));
  SpinLock& lock = world.spinlock();
  std::vector<TaskId> order;
  for (int i = 0; i < 4; ++i) {
    world.spawn([&, i] {
      world.core.step(static_cast<Nanos>(i + 1) * us);
      SpinGuard guard(lock);
      order.push_back(world.core.current().id);
      world.core.step(30 * us);
    });
  }
  world.core.run();
  EXPECT_EQ(order, (std::vector<TaskId>{0, 1, 2, 3}));
}

TEST(SpinLock, SpinnersThatWaitForEachOtherSpinUntilTheLimit) {
  FifoStrategy fifo;
  CoreConfig config = cpus(2);
  config.time_limit = 20 * seconds;
  LockingWorld world(fifo, config);
  SpinLock& a = world.spinlock();
  SpinLock& b = world.spinlock();
  for (int i = 0; i < 2; ++i) {
    world.spawn([&, i] {
      SpinGuard first(i == 0 ? a : b);
      world.core.step(10 * us);
      SpinGuard second(i == 0 ? b : a);
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::time_limit);
  EXPECT_EQ(world.core.live(), 2u);
  EXPECT_LT(world.core.steps(), 2'000'000u);
}

TEST(SpinLock, TrylockFailsWhileItIsHeld) {
  FifoStrategy fifo;
  LockingWorld world(fifo, cpus(2));
  SpinLock& lock = world.spinlock();
  world.spawn([&] {
    EXPECT_TRUE(lock.trylock());
    world.core.step(10 * us);
    EXPECT_EQ(world.core.current().preempt_count, 1u);
    lock.unlock();
  });
  world.spawn([&] {
    world.core.step(5 * us);
    EXPECT_FALSE(lock.trylock());
    EXPECT_EQ(world.core.current().preempt_count, 0u);
  });
  world.core.run();
}

}  // namespace
}  // namespace brink
