// khungtaskd's rule, the soft lockup's, and the verdicts that rest on them.

#include <gtest/gtest.h>

#include "sim/locking/spinlock.hpp"
#include "tests/sim/watch/rig.hpp"

namespace brink {
namespace {

using invented::core_config;
using invented::count;
using invented::names;
using invented::Rig;

/// A task that lives on beside the others, so that nothing is proved of who waits for it.
Task& somebody(Rig& rig) {
  return rig.daemon("somebody", [&rig] {
    for (;;) rig.core.sleep(1 * seconds);
  });
}

TEST(HungTask, IsOneThatStaysUninterruptiblyBlockedToTheEnd) {
  Rig rig;
  Completion done(rig.core, "done");
  done.declare_waker(somebody(rig));
  rig.task("waiter", [&] { done.wait_for(); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::hung_task);
  EXPECT_EQ(names(r.lockup), (std::vector<std::string>{"waiter"}));
  EXPECT_EQ(rig.end, RunEnd::time_limit);
  // The first look, at 120 s, notes the switch count; the second finds it unmoved.
  ASSERT_EQ(count(r, Finding::Kind::hung_task), 1u);
  EXPECT_EQ(r.findings[0].at, 240 * seconds);
  EXPECT_GE(r.findings[0].length, 3'400 * seconds);
  EXPECT_EQ(r.findings[0].text,
            "INFO: task waiter:1 blocked for more than 120 seconds: completion done");
}

TEST(HungTask, IsAFindingOnlyIfItGoesOn) {
  Rig rig;
  Completion done(rig.core, "done");
  rig.task("waker", [&] {
    rig.core.sleep(250 * seconds, WaitMode::interruptible);  // as nanosleep() does
    done.complete();
  });
  rig.task("waiter", [&] { done.wait_for(); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::completed);
  EXPECT_EQ(count(r, Finding::Kind::hung_task), 1u);
}

TEST(HungTask, IsNotReportedBeforeTwoLooks) {
  Rig rig;
  Completion done(rig.core, "done");
  rig.task("waker", [&] {
    rig.core.sleep(239 * seconds);
    done.complete();
  });
  rig.task("waiter", [&] { done.wait_for(); });
  EXPECT_EQ(count(rig.run(), Finding::Kind::hung_task), 0u);
}

TEST(HungTask, IsNeitherKillableNorIdleNorANap) {
  Rig rig;
  Completion done(rig.core, "done");
  done.declare_waker(somebody(rig));
  rig.kthread("idle", [&] { rig.core.park(idle_wait, WaitMode::uninterruptible); });
  rig.task("killable", [&] { static_cast<void>(done.wait_for(WaitMode::killable)); });
  rig.daemon("napper", [&] {
    for (;;) rig.core.sleep(100 * seconds);
  });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::limit);
  EXPECT_EQ(count(r, Finding::Kind::hung_task), 0u);
}

TEST(HungTask, CanBeSwitchedOff) {
  WatchConfig config;
  config.hung_task_timeout = 0;
  Rig rig(core_config(), config);
  Completion done(rig.core, "done");
  done.declare_waker(somebody(rig));
  rig.task("waiter", [&] { done.wait_for(); });
  EXPECT_EQ(rig.run().verdict, Verdict::limit);
}

TEST(HungTask, WarnsTenTimesAtMost) {
  Rig rig;
  Completion done(rig.core, "done");
  done.declare_waker(somebody(rig));
  for (int i = 0; i < 12; ++i) rig.task("waiter", [&] { done.wait_for(); });
  const WatchResult r = rig.run();
  EXPECT_EQ(count(r, Finding::Kind::hung_task), 10u);
  EXPECT_EQ(r.lockup.members.size(), 12u);
}

// --- Soft lockups.

TEST(SoftLockup, IsTimeChargedBetweenPlacesToSwitch) {
  for (const auto& [charged, verdict] : {std::pair{21 * seconds, Verdict::soft_lockup},
                                         std::pair{19 * seconds, Verdict::completed}}) {
    Rig rig(core_config(2));
    rig.task("long", [&, charged = charged] {
      for (Nanos t = 0; t < charged; t += 1 * ms) rig.core.step(1 * ms);
    });
    const WatchResult r = rig.run();
    EXPECT_EQ(r.verdict, verdict) << charged;
    ASSERT_EQ(r.findings.size(), verdict == Verdict::soft_lockup ? 1u : 0u);
    if (r.findings.empty()) continue;
    EXPECT_EQ(r.findings[0].kind, Finding::Kind::soft_lockup);
    EXPECT_NEAR(static_cast<double>(r.findings[0].length), 21e9, 10e6);
    EXPECT_EQ(r.findings[0].text.substr(0, 36), "BUG: soft lockup - CPU#0 stuck for 2");
    EXPECT_EQ(names(r.lockup), (std::vector<std::string>{"long"}));
  }
}

TEST(SoftLockup, IsFoundInASingleCharge) {
  Rig rig;
  rig.task("long", [&] {
    rig.core.charge(30 * seconds);
    rig.core.sleep(1);
  });
  EXPECT_EQ(rig.run().verdict, Verdict::soft_lockup);
}

TEST(SoftLockup, IsNotWhatCouldSwitchButNeedNot) {
  Rig rig;
  rig.task("user", [&] {
    for (Nanos t = 0; t < 60 * seconds; t += 1 * ms) {
      rig.core.charge(1 * ms);
      rig.core.cond_resched();
    }
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
}

TEST(SoftLockup, DoesNotCountTheTimeThatACpuWasIdle) {
  Rig rig(core_config(2));
  rig.task("sleeper", [&] {
    rig.core.sleep(100 * seconds);
    for (int i = 0; i < 100; ++i) rig.core.step(1 * ms);
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
}

TEST(SoftLockup, OfASpinnerWhoseHolderSpinsForIt) {
  // Two spinlocks taken in opposite orders: a deadlock, found at once, before any CPU is late.
  Rig rig(core_config(2));
  SpinLock a(rig.locks, rig.lock_class("a"));
  SpinLock b(rig.locks, rig.lock_class("b"));
  const auto takes = [&rig](SpinLock& first, SpinLock& second) {
    SpinGuard one(first);
    rig.core.step(1 * ms);
    SpinGuard two(second);
  };
  rig.task("ab", [&] { takes(a, b); });
  rig.task("ba", [&] { takes(b, a); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_LT(rig.ended_at, 2 * ms);
}

}  // namespace
}  // namespace brink
