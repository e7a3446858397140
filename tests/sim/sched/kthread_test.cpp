// Kernel threads: kicks are not lost, idling is idling, stop() waits for the end.

#include "sim/sched/kthread.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sim/sched/random.hpp"
#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

/// Counts what it was kicked for.
struct Worker {
  explicit Worker(Core& its_core, Nanos every = never)
      : core(its_core), period(every), thread(its_core, "worker", {body, this}) {}

  static void body(void* self) {
    Worker& w = *static_cast<Worker*>(self);
    while (!w.thread.should_stop()) {
      const Nanos deadline = w.period == never ? never : w.core.now() + w.period;
      const bool kicked = w.thread.wait_for_kick(deadline);
      ++(kicked ? w.kicks : w.timeouts);
      w.done += std::exchange(w.work, 0);
      if (w.done >= w.enough) return;
    }
  }

  Core& core;
  const Nanos period;
  int work = 0, done = 0, kicks = 0, timeouts = 0, enough = 1000;
  Kthread thread;
};

TEST(Kthread, IdlesUntilItIsKicked) {
  FifoStrategy fifo;
  World world(fifo);
  Worker worker(world.core);
  EXPECT_TRUE(worker.thread.task().has(PF_KTHREAD));
  EXPECT_TRUE(worker.thread.task().has(DAEMON));
  world.spawn([&] {
    world.core.sleep(1 * us);
    EXPECT_EQ(worker.thread.task().wait, &idle_wait);
    for (int i = 0; i < 3; ++i) {
      ++worker.work;
      worker.thread.kick();
      world.core.sleep(10 * us);
      EXPECT_EQ(worker.done, i + 1);
    }
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(worker.kicks, 3);
  EXPECT_FALSE(worker.thread.ended());
}

TEST(Kthread, NoKickIsLostWheneverItComes) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomStrategy strategy(seed);
    World world(strategy, cpus(2, Preempt::full));
    Worker worker(world.core);
    world.spawn([&] {
      for (int i = 0; i < 5; ++i) {
        ++worker.work;
        worker.thread.kick();
        world.core.step(2 * us);
      }
    });
    world.core.run();
    ASSERT_EQ(worker.done, 5) << seed;
  }
}

TEST(Kthread, WakesByItselfAtItsDeadline) {
  FifoStrategy fifo;
  World world(fifo);
  Worker worker(world.core, 5 * seconds);
  worker.enough = 1;
  world.core.at(12 * seconds, [](void* w, std::uint64_t) {
    ++static_cast<Worker*>(w)->work;
    static_cast<Worker*>(w)->thread.kick();
  }, &worker, 0);
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(worker.timeouts, 2);
  EXPECT_EQ(worker.kicks, 1);
  EXPECT_TRUE(worker.thread.ended());
}

TEST(Kthread, StopWaitsForTheEnd) {
  FifoStrategy fifo;
  World world(fifo);
  Worker worker(world.core);
  Nanos stopped = 0;
  for (int i = 0; i < 2; ++i) {
    world.spawn([&] {
      worker.thread.stop();
      EXPECT_TRUE(worker.thread.ended());
      stopped = world.core.now();
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
  EXPECT_GT(stopped, 0u);
}

TEST(Kthread, WhoStopsItWaitsForItsTask) {
  FifoStrategy fifo;
  World world(fifo);
  Gate gate(world.core);
  struct Stuck {
    Gate& gate;
    static void body(void* self) { static_cast<Stuck*>(self)->gate.wait(); }
  } stuck{gate};
  Kthread thread(world.core, "stuck", {Stuck::body, &stuck});
  Task& stopper = world.spawn([&] { thread.stop(); });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  ASSERT_NE(stopper.wait, nullptr);
  EXPECT_EQ(stopper.wait->kind(), WaitKind::exit);
  EXPECT_EQ(stopper.wait->owner(), &thread.task());
  EXPECT_EQ(stopper.wait->describe(), "end of stuck");
}

}  // namespace
}  // namespace brink
