// Lockups without memory: real locks on a real core. Each is found at the very park that closes it.

#include <gtest/gtest.h>

#include "tests/sim/watch/rig.hpp"

namespace brink {
namespace {

using invented::core_config;
using invented::names;
using invented::Rig;
using Names = std::vector<std::string>;

/// When the member of this name began to wait.
Nanos since(const Lockup& lockup, const std::string& name) {
  for (const LockupMember& m : lockup.members) {
    if (m.task == name) return m.since;
  }
  return never;
}

/// Takes the locks one after the other, a millisecond apart.
auto takes(Rig& rig, Mutex& first, Mutex& second) {
  return [&] {
    MutexGuard a(first);
    rig.core.sleep(1 * ms);
    MutexGuard b(second);
  };
}

TEST(Deadlock, OfTwoLocksIsProvedAtTheParkThatClosesIt) {
  Rig rig;
  Mutex& a = rig.mutex("a");
  Mutex& b = rig.mutex("b");
  rig.task("ab", takes(rig, a, b));
  rig.task("ba", takes(rig, b, a));
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"ab", "ba"}));
  EXPECT_TRUE(r.lockup.absolute);
  EXPECT_EQ(r.lockup.closed_at, since(r.lockup, "ba"));
  EXPECT_EQ(rig.ended_at, r.lockup.closed_at);
  EXPECT_LT(rig.ended_at, 2 * ms);
  EXPECT_GT(r.lockup.closed_at_choice, 0u);
}

TEST(Deadlock, TellsWhoWaitsForWhomAndHoldsWhat) {
  Rig rig;
  Mutex& a = rig.mutex("a");
  Mutex& b = rig.mutex("b");
  const TaskId ab = rig.task("ab", takes(rig, a, b)).id;
  rig.task("ba", [&] {
    Frame frame(rig.core.current(), "vfs_rename");
    takes(rig, b, a)();
  });
  const LockupMember ba = rig.run().lockup.members.at(1);
  EXPECT_EQ(ba.waits_for, "mutex test.mutex:a");
  EXPECT_EQ(ba.holder, ab);
  EXPECT_EQ(ba.locks_held, (Names{"mutex test.mutex:b"}));
  EXPECT_EQ(ba.frames, (Names{"vfs_rename"}));
  EXPECT_EQ(ba.syscall, "mkdir");
  EXPECT_TRUE(ba.obliged);
  EXPECT_FALSE(ba.memory);
}

TEST(Deadlock, OfOneTaskWithItself) {
  Rig rig;
  Mutex& a = rig.mutex("a");
  rig.task("self", [&] {
    MutexGuard once(a);
    MutexGuard twice(a);
  });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"self"}));
}

TEST(Deadlock, OfThreeLeavesOutWhoOnlyQueuesBehind) {
  Rig rig(core_config(2));
  Mutex& a = rig.mutex("a");
  Mutex& b = rig.mutex("b");
  Mutex& c = rig.mutex("c");
  rig.task("behind", [&] {
    rig.core.sleep(500 * us);
    MutexGuard guard(a);
  });
  rig.task("ab", takes(rig, a, b));
  rig.task("bc", takes(rig, b, c));
  rig.task("ca", takes(rig, c, a));
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"ab", "bc", "ca"}));
}

TEST(Deadlock, OfAReaderBehindAWriterBehindAReader) {
  Rig rig;
  RwSem sem(rig.locks, rig.lock_class("mm.mmap_sem"));
  Mutex& a = rig.mutex("a");
  rig.task("reader", [&] {
    ReadGuard read(sem);
    rig.core.sleep(2 * ms);
    MutexGuard guard(a);  // held by `late`, which queues behind `writer`
  });
  rig.task("writer", [&] {
    rig.core.sleep(1 * ms);
    WriteGuard write(sem);
  });
  rig.task("late", [&] {
    MutexGuard guard(a);
    rig.core.sleep(1500 * us);
    ReadGuard read(sem);
  });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  // Without the writer nobody would see why a reader waits for a reader.
  EXPECT_EQ(names(r.lockup), (Names{"reader", "writer", "late"}));
}

TEST(Deadlock, IsNotClaimedWhileAnotherReaderMayMakeRoom) {
  Rig rig;
  RwSem sem(rig.locks, rig.lock_class("mm.mmap_sem"));
  rig.task("slow", [&] {
    ReadGuard read(sem);
    rig.core.sleep(500 * seconds);
  });
  rig.task("writer", [&] {
    rig.core.sleep(1 * ms);
    WriteGuard write(sem);
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
}

TEST(Deadlock, OfAWriterAndOneOfItsReaders) {
  Rig rig;
  RwSem sem(rig.locks, rig.lock_class("mm.mmap_sem"));
  Mutex& a = rig.mutex("a");
  rig.task("fine", [&] {
    ReadGuard read(sem);
    rig.core.sleep(3 * ms);
  });
  rig.task("reader", [&] {
    ReadGuard read(sem);
    rig.core.sleep(2 * ms);
    MutexGuard guard(a);
  });
  rig.task("writer", [&] {
    MutexGuard guard(a);
    rig.core.sleep(1 * ms);
    WriteGuard write(sem);
  });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"reader", "writer"}));
  EXPECT_LT(rig.ended_at, 3 * ms);  // `fine` need not have left
}

TEST(Deadlock, OfAWakeUpThatNobodyIsLeftToGive) {
  Rig rig;
  Completion done(rig.core, "never done");
  rig.task("waiter", [&] { done.wait_for(); });
  rig.task("other", [&] { rig.core.sleep(5 * ms); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"waiter"}));
  // Anyone might have completed it, until the last one ended.
  EXPECT_GE(rig.ended_at, 5 * ms);
  EXPECT_LT(rig.ended_at, 6 * ms);
}

TEST(Deadlock, OfAWakeUpThatOnlyAStuckTaskCouldGive) {
  Rig rig;
  Completion done(rig.core, "done");
  Mutex& a = rig.mutex("a");
  Task& waker = rig.task("waker", [&] {
    rig.core.sleep(1 * ms);
    MutexGuard guard(a);
    done.complete();
  });
  done.declare_waker(waker);
  rig.task("waiter", [&] {
    MutexGuard guard(a);
    done.wait_for();
  });
  rig.task("other", [&] { rig.core.sleep(10 * seconds); });  // declared wakers alone count
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"waker", "waiter"}));
  EXPECT_LT(rig.ended_at, 2 * ms);
}

TEST(Deadlock, IsNotClaimedOfAWaitForATaskThatSleeps) {
  Rig rig;
  Completion done(rig.core, "done");
  rig.task("waker", [&] {
    rig.core.sleep(100 * seconds);
    done.complete();
  });
  rig.task("waiter", [&] { done.wait_for(); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::completed);
  EXPECT_TRUE(r.findings.empty());
}

TEST(Deadlock, IsNotClaimedOfAnInterruptThatWillComplete) {
  Rig rig;
  Completion done(rig.core, "request");
  rig.task("waiter", [&] {
    rig.core.at(rig.core.now() + 7 * ms,
                [](void* c, std::uint64_t) { static_cast<Completion*>(c)->complete(); }, &done, 0);
    done.wait_for();
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
}

TEST(Deadlock, NeedsSomebodyWhoOwesAnAnswer) {
  Rig rig;
  Mutex& a = rig.mutex("a");
  Mutex& b = rig.mutex("b");
  rig.kthread("kab", takes(rig, a, b));
  rig.kthread("kba", takes(rig, b, a));
  rig.task("unconcerned", [&] { rig.core.sleep(1 * seconds); });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
}

TEST(Deadlock, OfKernelThreadsConcernsWhoWaitsForThem) {
  Rig rig;
  Mutex& a = rig.mutex("a");
  Mutex& b = rig.mutex("b");
  rig.kthread("kab", takes(rig, a, b));
  rig.kthread("kba", takes(rig, b, a));
  rig.task("user", [&] {
    rig.core.sleep(1 * seconds);
    MutexGuard guard(a);
  });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"kab", "kba", "user"}));
  EXPECT_GE(r.lockup.closed_at, 1 * seconds);
}

TEST(Deadlock, DoesNotHoldWhomATimeoutOrASignalFrees) {
  Rig rig;
  Mutex& a = rig.mutex("a");
  Completion done(rig.core, "done");
  rig.task("holder", [&] {
    MutexGuard guard(a);
    EXPECT_EQ(done.wait_for(WaitMode::uninterruptible, rig.core.now() + 50 * ms), -ETIME);
  });
  rig.task("waiter", [&] {
    rig.core.sleep(1 * ms);
    MutexGuard guard(a);
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
}

}  // namespace
}  // namespace brink
