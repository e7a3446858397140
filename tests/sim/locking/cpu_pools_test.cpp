// The pool of a CPU: at most one of its workers that are at work is runnable, unless they woke
// later; whoever sleeps lets another begin.

#include "sim/locking/cpu_pools.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "sim/sched/random.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

/// An item that does what a test says, and counts.
struct Work {
  explicit Work(std::function<void()> what) : body(std::move(what)), item({run, this}, "work") {}
  static void run(void* self) {
    Work& work = *static_cast<Work*>(self);
    work.body();
    ++work.runs;
  }
  std::function<void()> body;
  int runs = 0;
  WorkItem item;
};

TEST(CpuPools, HaveNoWorkersBeforeTheyAreAskedFor) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  CpuPools pools(world.core, 4);
  EXPECT_EQ(pools.count(), 4u);
  EXPECT_EQ(world.core.task_count(), 0u);
  pools.of(2);
  EXPECT_EQ(&pools.of(2), &pools.of(2));
  EXPECT_EQ(world.core.task_count(), 1u);
  EXPECT_STREQ(world.core.task(0).name(), "kworker/2");
}

/// The shape of it: one item spins without ever sleeping, and the other is never begun, though
/// workers idle and, with two CPUs, a CPU as well.
TEST(CpuPools, AWorkerThatSpinsKeepsAllOthersFromBeginning) {
  for (const std::uint32_t count : {1u, 2u}) {
    FifoStrategy fifo;
    CoreConfig config = cpus(count);
    config.time_limit = 5 * seconds;
    LockingWorld world(fifo, config);
    CpuPools pools(world.core, 2);
    Work spins([&] {
      for (;;) world.core.step(1 * us), world.core.cond_resched();
    });
    Work same([] {}), other([] {});
    world.spawn([&] {
      pools.of(0).queue(spins.item);
      world.core.sleep(1 * ms);
      pools.of(0).queue(same.item);
      pools.of(1).queue(other.item);
    });
    EXPECT_EQ(world.core.run(), RunEnd::time_limit);
    EXPECT_EQ(same.runs, 0);
    EXPECT_TRUE(same.item.pending());
    EXPECT_EQ(other.runs, 1) << "the other CPU's pool is another pool";
  }
}

TEST(CpuPools, AWorkerThatSleepsATickLetsAnotherBegin) {
  FifoStrategy fifo;
  CoreConfig config = cpus(1);
  config.time_limit = 1 * seconds;
  LockingWorld world(fifo, config);
  CpuPools pools(world.core, 1);
  Work naps([&] {
    for (;;) world.core.step(1 * ms), world.core.sleep(world.core.tick());
  });
  std::vector<Nanos> begun;
  std::vector<std::unique_ptr<Work>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(std::make_unique<Work>([&] { begun.push_back(world.core.now()); }));
  }
  world.spawn([&] {
    pools.of(0).queue(naps.item);
    for (const auto& other : others) pools.of(0).queue(other->item);
  });
  EXPECT_EQ(world.core.run(), RunEnd::time_limit);
  ASSERT_EQ(begun.size(), 3u);
  EXPECT_GE(begun[0], 1 * ms) << "not before the first one sleeps";
  EXPECT_LT(begun[2], 2 * ms) << "one worker does all that is there";
  EXPECT_EQ(pools.of(0).worker_count(), 3u) << "the one that naps, the one that works, a spare one";
}

/// Whoever woke while another was at work goes on; but nobody begins beside a runnable one.
TEST(CpuPools, NobodyBeginsBesideARunnableWorker) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RandomStrategy random(seed);
    LockingWorld world(random, cpus(2, Preempt::full));
    CpuPools pools(world.core, 1);
    Random dice(seed, stream_id("dice"));
    std::vector<const Task*> inside;
    int done = 0;
    std::vector<std::unique_ptr<Work>> works;
    for (int i = 0; i < 12; ++i) {
      works.push_back(std::make_unique<Work>([&] {
        for (const Task* task : inside) EXPECT_NE(task->state, TaskState::runnable);
        inside.push_back(&world.core.current());
        for (int step = 0; step < 20; ++step) {
          world.core.step(10 * us);
          if (dice.below(4) == 0) world.core.sleep(dice.below(100) * us);
        }
        std::erase(inside, &world.core.current());
        ++done;
      }));
    }
    world.spawn([&] {
      for (const auto& work : works) {
        pools.of(0).queue(work->item);
        world.core.sleep(dice.below(200) * us);
      }
      for (const auto& work : works) pools.of(0).flush(work->item);
    });
    EXPECT_EQ(world.core.run(), RunEnd::quiet);
    EXPECT_EQ(done, 12);
  }
}

/// Of an unbound queue, all items are begun at once.
TEST(CpuPools, AnUnboundQueueDoesNotCareWhoIsRunnable) {
  FifoStrategy fifo;
  CoreConfig config = cpus(1);
  config.time_limit = 1 * seconds;
  LockingWorld world(fifo, config);
  WorkQueue queue(world.core, {.name = "unbound"});
  Work spins([&] {
    for (;;) world.core.step(1 * us), world.core.yield();
  });
  Work other([] {});
  world.spawn([&] {
    queue.queue(spins.item);
    queue.queue(other.item);
  });
  EXPECT_EQ(world.core.run(), RunEnd::time_limit);
  EXPECT_EQ(other.runs, 1);
}

}  // namespace
}  // namespace brink
