// How tasks begin and end, and how a world that locked up is taken down.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

TEST(TaskLife, TasksSpawnTasks) {
  for (const std::uint32_t count : {1u, 2u, 4u}) {
    FifoStrategy fifo;
    World world(fifo, cpus(count));
    std::vector<TaskId> ended;
    world.spawn([&] {
      for (int i = 0; i < 3; ++i) {
        world.spawn([&] {
          world.core.yield();
          ended.push_back(world.core.current().id);
        });
      }
      world.core.step(1);
      ended.push_back(world.core.current().id);
    });
    EXPECT_EQ(world.core.run(), RunEnd::quiet);
    EXPECT_EQ(ended.size(), 4u);
    EXPECT_EQ(world.core.live(), 0u);
    EXPECT_EQ(world.core.task_count(), 4u);
  }
}

TEST(TaskLife, NamesAreCutAsInTheKernel) {
  FifoStrategy fifo;
  World world(fifo);
  EXPECT_STREQ(world.spawn([] {}, "a-name-of-twenty-two-c").name(), "a-name-of-twent");
  EXPECT_STREQ(world.spawn([] {}, "").name(), "");
  world.core.run();
}

TEST(TaskLife, FibersAreUsedAgainAndNeverMoreThanAreAliveAtOnce) {
  FifoStrategy fifo;
  FiberPool& pool = FiberPool::this_thread();
  const auto run_many = [&] {
    World world(fifo);
    world.spawn([&] {
      for (int i = 0; i < 500; ++i) {
        world.spawn([&] { world.core.step(1); });
        world.core.yield();
      }
    });
    world.core.run();
    EXPECT_EQ(world.core.task_count(), 501u);
  };
  run_many();
  const std::size_t total = pool.total();
  EXPECT_LT(total, 100u);
  run_many();
  EXPECT_EQ(pool.total(), total);
  EXPECT_EQ(pool.idle(), total);
}

TEST(TaskLife, ANewTaskRemembersNothingOfTheOneBefore) {
  FifoStrategy fifo;
  {
    World world(fifo);
    world.spawn([&] {
      Task& me = world.core.current();
      me.set(FATAL_SIGNAL);
      me.frames.push("f");
      me.preempt_count = 3;
      me.loop = &timer_wait;
    });
    world.core.run();
  }
  World world(fifo);
  Task& task = world.spawn([] {});
  EXPECT_EQ(task.flags, 0u);
  EXPECT_EQ(task.frames.depth, 0u);
  EXPECT_EQ(task.preempt_count, 0u);
  EXPECT_EQ(task.loop, nullptr);
  EXPECT_EQ(task.switches, 0u);
  EXPECT_EQ(task.locks, nullptr);
  world.core.run();
}

/// Says when it is unwound.
struct Witness {
  std::vector<TaskId>& unwound;
  TaskId id;
  ~Witness() { unwound.push_back(id); }
};

TEST(TaskLife, AWorldThatLockedUpIsUnwoundInOrderOfId) {
  for (const std::uint32_t count : {1u, 2u}) {
    FifoStrategy fifo;
    FiberPool& pool = FiberPool::this_thread();
    std::vector<TaskId> unwound;
    World world(fifo, cpus(count));
    Gate gate(world.core);
    for (int i = 0; i < 5; ++i) {
      world.spawn([&] {
        const Witness witness{unwound, world.core.current().id};
        const std::string heap(100, 'x');
        world.core.sleep(Nanos{10 - world.core.current().id} * us);
        gate.wait();
        ADD_FAILURE() << "it went on";
      });
    }
    EXPECT_EQ(world.core.run(), RunEnd::quiet);
    EXPECT_EQ(world.core.live(), 5u);
    EXPECT_EQ(pool.idle() + 5, pool.total());
    world.core.abort();
    EXPECT_EQ(world.core.live(), 0u);
    EXPECT_EQ(pool.idle(), pool.total());
    EXPECT_EQ(unwound, (std::vector<TaskId>{0, 1, 2, 3, 4}));
  }
}

TEST(TaskLife, EveryPrimitiveThrowsOnceTheWorldHasEnded) {
  FifoStrategy fifo;
  World world(fifo);
  Core& core = world.core;
  Gate gate(core);
  int thrown = 0;
  // A destructor may not call these; a task that swallows the exception against the rules may.
  const auto throws = [&](auto&& primitive) {
    try {
      primitive();
    } catch (const WorldAbort&) {
      ++thrown;
    }
  };
  world.spawn([&] {
    throws([&] { gate.wait(); });
    throws([&] { core.step(1); });
    throws([&] { core.might_sleep(); });
    throws([&] { core.cond_resched(); });
    throws([&] { core.point(Point::user); });
    throws([&] { core.yield(); });
    throws([&] { core.sleep(1); });
    throws([&] { gate.wait_until(5); });
  });
  core.run();
  EXPECT_EQ(thrown, 0);
  core.abort();
  EXPECT_EQ(thrown, 8);
  EXPECT_EQ(core.live(), 0u);
}

TEST(TaskLife, TasksThatNeverRanEndWithoutRunning) {
  FifoStrategy fifo;
  bool ran = false;
  World world(fifo);
  world.spawn([&] { ran = true; });
  world.core.abort();
  EXPECT_FALSE(ran);
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(TaskLife, StopEndsTheRunAtTheNextPoint) {
  for (const std::uint32_t count : {1u, 2u}) {
    FifoStrategy fifo;
    World world(fifo, cpus(count));
    int after = 0;
    world.spawn([&] {
      world.core.sleep(1 * us);
      world.core.stop();
      ++after;
      world.core.step(1);
      ++after;
    });
    world.spawn([&] {
      for (;;) {
        world.core.charge(100);
        world.core.cond_resched();
      }
    });
    EXPECT_EQ(world.core.run(), RunEnd::stopped);
    EXPECT_EQ(after, 1);
    EXPECT_EQ(world.core.live(), 2u);
  }
}

TEST(TaskLife, ObserversAreToldAndMaySpawn) {
  class Counting final : public CoreObserver {
   public:
    explicit Counting(World& w) : world(w) {}
    void parked(Task& task) override { parks.push_back(task.id); }
    void exited(Task& task) override {
      exits.push_back(task.id);
      if (exits.size() < 3) world.spawn([this] { world.core.sleep(1); });
    }
    void polled(Task&) override { ++polls; }
    World& world;
    std::vector<TaskId> parks, exits;
    int polls = 0;
  };
  FifoStrategy fifo;
  World world(fifo);
  Counting observer(world);
  world.core.set_observer(&observer);
  world.spawn([&] {
    world.core.sleep(1);
    world.core.poll_round();
    world.core.sleep(1);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(observer.parks, (std::vector<TaskId>{0, 0, 1, 2}));
  EXPECT_EQ(observer.exits, (std::vector<TaskId>{0, 1, 2}));
  EXPECT_EQ(observer.polls, 1);
}

TEST(TaskLife, ThousandsOfWorldsLiveOneAfterAnotherInOneThread) {
  FifoStrategy fifo;
  std::uint64_t hash = 0;
  for (int i = 0; i < 3000; ++i) {
    World world(fifo);
    Gate gate(world.core);
    for (int k = 0; k < 3; ++k) {
      world.spawn([&, k] {
        world.core.sleep(Nanos{1} + static_cast<Nanos>(k));
        if (k == 1) gate.wait();
      });
    }
    world.core.run();
    if (i == 0) hash = world.core.hash();
    ASSERT_EQ(world.core.hash(), hash);
    ASSERT_EQ(world.core.live(), 1u);
  }
}

}  // namespace
}  // namespace brink
