// Wait queues and completions: wake-ups, signals, deadlines, exclusive waiters, declared wakers.

#include "sim/locking/wait_queue.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sim/locking/completion.hpp"
#include "sim/sched/random.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

using Ids = std::vector<TaskId>;

TEST(WaitQueue, WaitsUntilTheConditionHolds) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue queue(world.core, "log space");
  int value = 0;
  int asked = 0;
  world.spawn([&] {
    queue.wait_event([&] {
      ++asked;
      return value == 3;
    });
    EXPECT_EQ(value, 3);
  });
  world.spawn([&] {
    EXPECT_EQ(world.core.task(0).wait, &queue);
    for (int i = 0; i < 3; ++i) {
      ++value;
      queue.wake_up();
      world.core.sleep(10 * us);
    }
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
  EXPECT_EQ(asked, 4);
}

TEST(WaitQueue, AConditionThatHoldsIsNotWaitedFor) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue queue(world.core);
  world.spawn([&] {
    queue.wait_event([] { return true; });
    EXPECT_EQ(queue.wait_event_killable([] { return true; }), 0);
    EXPECT_EQ(queue.wait_event_until([] { return true; }, 0), 0);
  });
  world.core.run();
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(WaitQueue, WakesAllButOnlySoManyExclusiveWaiters) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue queue(world.core);
  Ids woke;
  for (int i = 0; i < 6; ++i) {
    world.spawn([&, i] {
      EXPECT_EQ(queue.sleep(WaitMode::uninterruptible, never, i % 2 == 0), 0);
      woke.push_back(world.core.current().id);
    });
  }
  world.spawn([&] {
    queue.wake_up();
    world.core.sleep(100 * us);
    EXPECT_EQ(woke, (Ids{0, 1, 3, 5}));
    queue.wake_up(2);
    world.core.sleep(100 * us);
    EXPECT_EQ(woke, (Ids{0, 1, 3, 5, 2, 4}));
    EXPECT_FALSE(queue.has_waiters());
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
}

TEST(WaitQueue, AWaiterWhoseTimeIsUpUsesUpNoWakeUp) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue queue(world.core);
  std::vector<int> results;
  world.spawn([&] { results.push_back(queue.sleep(WaitMode::uninterruptible, 1 * ms, true)); });
  world.spawn([&] { results.push_back(queue.sleep(WaitMode::uninterruptible, never, true)); });
  // The deadline comes first, the wake-up before its task has run.
  world.spawn([&] {
    world.core.at(1 * ms, [](void* q, std::uint64_t) { static_cast<WaitQueue*>(q)->wake_up(1); },
                  &queue, 0);
    world.core.charge(2 * ms);
    world.core.yield();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
  EXPECT_EQ(results, (std::vector<int>{-ETIME, 0}));
}

TEST(WaitQueue, SignalsAndDeadlinesEndTheWait) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue queue(world.core);
  const auto no = [] { return false; };
  world.spawn([&] {
    EXPECT_EQ(queue.wait_event_until(no, 1 * ms), -ETIME);
    EXPECT_EQ(queue.wait_event_killable(no), -EINTR);
    EXPECT_EQ(queue.wait_event_killable(no), -EINTR);  // Still pending.
    world.core.current().clear(FATAL_SIGNAL);
    EXPECT_EQ(queue.wait_event_interruptible(no), -EINTR);
    EXPECT_FALSE(queue.has_waiters());
  });
  world.spawn([&] {
    world.core.sleep(2 * ms);
    send_signal(world.core, world.core.task(0), FATAL_SIGNAL);
    world.core.sleep(2 * ms);
    send_signal(world.core, world.core.task(0), TIF_SIGPENDING);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(WaitQueue, ItsWaitIsForWhoIsDeclaredOrForAnyone) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WaitQueue queue(world.core, "slots");
  WaitQueue hardware(world.core, "disk", WaitKind::io);
  const auto waits_on = [&](WaitQueue& q) {
    world.spawn([&] { q.wait_event([] { return false; }); });
  };
  waits_on(queue);
  waits_on(hardware);
  world.core.run();
  Task& waiter = world.core.task(0);
  EXPECT_EQ(blockers_of(waiter).anyones, 1);
  EXPECT_EQ(blockers_of(world.core.task(1)).events, 1);
  queue.declare_waker(world.core.task(1));
  queue.declare_waker(waiter);
  EXPECT_EQ(blockers_of(waiter).tasks, (Ids{1, 0}));
  EXPECT_EQ(blockers_of(waiter).anyones, 0);
  queue.retract_waker(world.core.task(1));
  EXPECT_EQ(blockers_of(waiter).tasks, (Ids{0}));
  EXPECT_EQ(queue.describe(), "wait queue slots");
  EXPECT_EQ(queue.kind(), WaitKind::wakers);
}

// --- Completions.

TEST(Completion, RemembersWhatNobodyHasWaitedFor) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Completion done(world.core, "commit");
  world.spawn([&] {
    done.complete();
    done.complete();
    done.wait_for();
    EXPECT_TRUE(done.try_wait());
    EXPECT_FALSE(done.try_wait());
    EXPECT_EQ(done.wait_for(WaitMode::uninterruptible, 1 * ms), -ETIME);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
  EXPECT_EQ(done.describe(), "completion commit");
}

TEST(Completion, OneCompleteLetsOneTaskGo) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Completion done(world.core);
  Ids woke;
  for (int i = 0; i < 3; ++i) {
    world.spawn([&] {
      done.wait_for();
      woke.push_back(world.core.current().id);
    });
  }
  world.spawn([&] {
    done.complete();
    world.core.sleep(1 * ms);
    EXPECT_EQ(woke, (Ids{0}));
    done.complete_all();
    world.core.sleep(1 * ms);
    EXPECT_EQ(woke, (Ids{0, 1, 2}));
    done.wait_for();
    done.wait_for();
    done.reinit();
    EXPECT_FALSE(done.try_wait());
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 0u);
}

TEST(Completion, NothingIsLostOverRandomSchedules) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomStrategy strategy(seed);
    LockingWorld world(strategy, cpus(2, Preempt::full));
    Completion done(world.core);
    int through = 0;
    for (int i = 0; i < 4; ++i) {
      world.spawn([&] {
        const int error = done.wait_for(WaitMode::killable, 40 * us);
        if (error == 0) ++through;
        world.core.step(1);
      });
      world.spawn([&] {
        world.core.sleep(30 * us);
        done.complete();
        send_signal(world.core, world.core.task(2), FATAL_SIGNAL);
      });
    }
    world.core.run();
    ASSERT_EQ(world.core.live(), 0u);
    int left = 0;
    world.spawn([&] {
      while (done.try_wait()) ++left;
    });
    ASSERT_EQ(world.core.run(), RunEnd::quiet);
    ASSERT_EQ(through + left, 4) << seed;
  }
}

}  // namespace
}  // namespace brink
