// The mutex: hand-over in order, signals, trylock, what a waiter waits for, and the end of a world.
#include "sim/locking/mutex.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sim/sched/random.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

using Ids = std::vector<TaskId>;

TEST(Mutex, IsHandedToWhoHasWaitedForLongest) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  Ids order;
  for (int i = 0; i < 5; ++i) {
    world.spawn([&] {
      MutexGuard guard(mutex);
      order.push_back(world.core.current().id);
      world.core.sleep(1 * us);
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(order, (Ids{0, 1, 2, 3, 4}));
  EXPECT_FALSE(mutex.locked());
}

TEST(Mutex, ARunningTaskDoesNotOvertakeThoseThatWait) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  Ids order;
  world.spawn([&] {
    for (int i = 0; i < 2; ++i) {
      MutexGuard guard(mutex);
      order.push_back(0);
      world.core.sleep(1 * us);
    }
  });
  world.spawn([&] {
    MutexGuard guard(mutex);
    order.push_back(1);
  });
  world.core.run();
  EXPECT_EQ(order, (Ids{0, 1, 0}));
}

TEST(Mutex, AWaiterWaitsForTheOwnerAndThoseAhead) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex("ext4.dir.i_mutex", "/srv");
  for (int i = 0; i < 3; ++i) {
    world.spawn([&] {
      MutexGuard guard(mutex);
      world.core.sleep(1 * seconds);
    });
  }
  world.core.at(
      1 * ms, [](void* core, std::uint64_t) { static_cast<Core*>(core)->stop(); }, &world.core, 0);
  world.core.run();
  const Task& last = world.core.task(2);
  ASSERT_EQ(last.wait, &mutex);
  EXPECT_EQ(mutex.kind(), WaitKind::lock);
  EXPECT_EQ(mutex.owner(), &world.core.task(0));
  EXPECT_EQ(blockers_of(last).tasks, (Ids{0, 1}));
  EXPECT_EQ(blockers_of(world.core.task(1)).tasks, (Ids{0}));
  EXPECT_EQ(mutex.describe(), "mutex ext4.dir.i_mutex:/srv");
}

TEST(Mutex, TrylockTakesItOnlyIfItIsFree) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  world.spawn([&] {
    EXPECT_TRUE(mutex.trylock());
    EXPECT_TRUE(mutex.held_by(world.core.current()));
    world.core.sleep(5 * us);
    mutex.unlock();
  });
  world.spawn([&] {
    EXPECT_FALSE(mutex.trylock());
    EXPECT_EQ(world.core.current().locks, nullptr);
    world.core.sleep(20 * us);
    EXPECT_TRUE(mutex.trylock());
    mutex.unlock();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
}

// --- Signals.

TEST(Mutex, AKilledWaiterLeavesTheQueue) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  Ids order;
  int error = 0;
  world.spawn([&] {
    MutexGuard guard(mutex);
    world.core.sleep(1 * ms);
    send_signal(world.core, world.core.task(1), FATAL_SIGNAL);
    world.core.sleep(1 * ms);
  });
  world.spawn([&] {
    error = mutex.lock_killable();
    EXPECT_LT(world.core.now(), 2 * ms);
    EXPECT_EQ(world.core.current().locks, nullptr);
  });
  world.spawn([&] {
    MutexGuard guard(mutex);
    order.push_back(world.core.current().id);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(error, -EINTR);
  EXPECT_EQ(order, (Ids{2}));
  EXPECT_FALSE(mutex.locked());
}

/// What locking in `mode` returns while another holds it and a signal is pending or comes.
int lock_result(WaitMode mode, TaskFlag signal, bool before) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  int result = 1;
  world.spawn([&] {
    MutexGuard guard(mutex);
    world.core.sleep(1 * ms);
    if (!before) send_signal(world.core, world.core.task(1), signal);
    world.core.sleep(1 * ms);
  });
  Task& waiter = world.spawn([&] {
    result = mutex.acquire(mode);
    if (result == 0) mutex.unlock();
  });
  if (before) waiter.set(signal);
  world.core.run();
  return result;
}

TEST(Mutex, OnlySignalsThatTheModeAdmitsEndTheWait) {
  for (const bool before : {false, true}) {
    EXPECT_EQ(lock_result(WaitMode::uninterruptible, FATAL_SIGNAL, before), 0);
    EXPECT_EQ(lock_result(WaitMode::killable, FATAL_SIGNAL, before), -EINTR);
    EXPECT_EQ(lock_result(WaitMode::killable, TIF_SIGPENDING, before), 0);
    EXPECT_EQ(lock_result(WaitMode::interruptible, TIF_SIGPENDING, before), -EINTR);
    EXPECT_EQ(lock_result(WaitMode::interruptible, FATAL_SIGNAL, before), -EINTR);
  }
}

TEST(Mutex, AFreeMutexIsTakenInSpiteOfASignal) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  world.spawn([&] {
    world.core.current().set(FATAL_SIGNAL);
    EXPECT_EQ(mutex.lock_killable(), 0);
    mutex.unlock();
  });
  world.core.run();
}

TEST(Mutex, AHandOverThatComesWithTheSignalIsKept) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  int error = 1;
  world.spawn([&] {
    mutex.lock();
    world.core.sleep(1 * ms);
    send_signal(world.core, world.core.task(1), FATAL_SIGNAL);
    mutex.unlock();  // Before the other has run.
  });
  world.spawn([&] {
    error = mutex.lock_killable();
    if (error == 0) mutex.unlock();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(error, 0);
  EXPECT_FALSE(mutex.locked());
}

// --- What it leaves on the task.

TEST(Mutex, ATaskKnowsWhatItHolds) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& a = world.mutex("fs.a", "1");
  Mutex& b = world.mutex("fs.b");
  Mutex& c = world.mutex("fs.a", "2");
  world.spawn([&] {
    Task& me = world.core.current();
    a.lock();
    b.lock();
    c.lock();
    EXPECT_EQ(locks_held(me), 3u);
    EXPECT_EQ(held_locks(me),
              (std::vector<std::string>{"mutex fs.a:1", "mutex fs.b", "mutex fs.a:2"}));
    b.unlock();
    EXPECT_EQ(held_locks(me), (std::vector<std::string>{"mutex fs.a:1", "mutex fs.a:2"}));
    a.unlock();
    c.unlock();
    EXPECT_EQ(me.locks, nullptr);
  });
  world.core.run();
}

TEST(Mutex, AGrantIsProgressButNotInsideAnUnlimitedLoop) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  world.spawn([&] {
    Task& me = world.core.current();
    world.core.sleep(1 * ms);
    mutex.lock();
    EXPECT_EQ(me.progress_at, world.core.now());
    mutex.unlock();
    const Nanos then = me.progress_at;
    world.core.sleep(1 * ms);
    me.loop = &timer_wait;
    mutex.lock();
    EXPECT_EQ(me.progress_at, then);
    mutex.unlock();
    me.loop = nullptr;
  });
  world.core.run();
}

TEST(Mutex, AHandOverIsProgressOfWhoGetsIt) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& mutex = world.mutex();
  world.spawn([&] {
    MutexGuard guard(mutex);
    world.core.sleep(3 * ms);
  });
  world.spawn([&] {
    MutexGuard guard(mutex);
    EXPECT_GE(world.core.current().progress_at, 3 * ms);
  });
  world.core.run();
}

TEST(Mutex, EveryGrantIsAnEvent) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Events events;
  world.core.set_sink(&events);
  Mutex& a = world.mutex();
  Mutex& b = world.mutex();
  for (int i = 0; i < 2; ++i) {
    world.spawn([&] {
      MutexGuard outer(b);
      world.core.sleep(1);
      MutexGuard inner(a);
    });
  }
  world.core.run();
  std::vector<std::pair<std::uint64_t, std::uint64_t>> grants;
  for (const Events::Event& e : events.events) {
    if (e.kind == EventKind::lock_grant) grants.emplace_back(e.a, e.b);
  }
  using Grants = decltype(grants);
  EXPECT_EQ(grants, (Grants{{0, b.id()}, {0, a.id()}, {1, b.id()}, {1, a.id()}}));
}

TEST(Mutex, UnlockIsSilentAndLockThrowsOnceTheWorldHasEnded) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Mutex& a = world.mutex();
  Mutex& b = world.mutex();
  bool passed = false;
  for (int i = 0; i < 2; ++i) {
    world.spawn([&, i] {
      MutexGuard first(i == 0 ? a : b);
      world.core.sleep(1 * us);
      try {
        MutexGuard second(i == 0 ? b : a);
        passed = true;
      } catch (const WorldAbort&) {
        EXPECT_THROW(a.lock(), WorldAbort);
        EXPECT_THROW(static_cast<void>(b.trylock()), WorldAbort);
        a.unlock();  // Not even ours.
        throw;
      }
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.live(), 2u);
  world.core.abort();
  EXPECT_EQ(world.core.live(), 0u);
  EXPECT_FALSE(passed);
}

}  // namespace
}  // namespace brink
