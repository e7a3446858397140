// How runs end that nobody's lockup ends: completion, drain, quiet machines, limits, and which
// verdict goes first.

#include <gtest/gtest.h>

#include "tests/sim/watch/dl1.hpp"

namespace brink {
namespace {

using invented::core_config;
using invented::count;
using invented::names;
using invented::Rig;

TEST(Ending, IsCompletedWhenTheLastForegroundTaskEnds) {
  Rig rig;
  rig.daemon("player", [&] {
    for (;;) rig.core.sleep(10 * ms);
  });
  rig.kthread("flusher", [&] {
    for (;;) rig.idle(5 * seconds);
  });
  rig.task("short", [&] { rig.core.sleep(1 * seconds); });
  rig.task("long", [&] { rig.core.sleep(7 * seconds); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::completed);
  EXPECT_EQ(rig.end, RunEnd::stopped);
  EXPECT_NEAR(static_cast<double>(rig.watch.completed_at()), 7e9, 1e6);
  EXPECT_EQ(rig.ended_at, rig.watch.completed_at());
}

TEST(Ending, LetsTheKernelFinishItsWorkFirst) {
  Rig rig;
  bool worked = false, completed = false;
  Task& worker = rig.kthread("kworker", [&] {
    rig.idle();
    for (int i = 0; i < 5; ++i) {
      MutexGuard guard(rig.mutex("work"));
      rig.core.sleep(1 * ms);
    }
    worked = true;
    rig.idle();
  });
  rig.task("user", [&] {
    rig.core.sleep(1 * ms);
    rig.core.wake(worker);
    rig.at(rig.core.now() + 30 * ms, [&] { completed = true; });  // a request at the disk
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
  EXPECT_TRUE(worked);
  EXPECT_TRUE(completed);
  EXPECT_LT(rig.ended_at, rig.watch.completed_at() + 200 * ms);
}

TEST(Ending, DoesNotWaitForEverForTheKernel) {
  Rig rig;
  rig.kthread("busy", [&] {
    MutexGuard guard(rig.mutex("work"));
    for (;;) rig.core.sleep(1 * ms);
  });
  rig.task("user", [&] { rig.core.sleep(1 * ms); });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
  EXPECT_NEAR(static_cast<double>(rig.ended_at - rig.watch.completed_at()), 60e9, 0.2e9);
}

/// A task waits for a worker that has no work: by the rules it may run, in truth it never will.
void wait_for_idle_worker(Rig& rig, invented::Wait& work) {
  Task& worker = rig.kthread("kworker", [&rig] { rig.idle(); });
  work.named = {{&worker, false}};
  rig.task("waiter", [&rig, &work] {
    rig.core.sleep(3 * seconds);
    rig.core.park(work, WaitMode::uninterruptible);
  });
}

TEST(Ending, OfAQuietMachineIsADeadlockOfThoseWhoAreLeft) {
  for (const bool limited : {true, false}) {
    CoreConfig config = core_config();
    if (!limited) config.time_limit = never;
    Rig rig(config);
    invented::Wait work(WaitKind::work, "work item");
    wait_for_idle_worker(rig, work);
    const WatchResult r = rig.run();
    EXPECT_EQ(r.verdict, Verdict::deadlock);
    EXPECT_EQ(names(r.lockup), (std::vector<std::string>{"waiter"}));
    EXPECT_NEAR(static_cast<double>(r.lockup.closed_at), 3e9, 1e6);
    // The watcher's own timer does not keep the machine alive beyond its next look.
    EXPECT_LE(rig.ended_at, 120 * seconds);
  }
}

TEST(Ending, IsNotHiddenByTheTimersOfDaemons) {
  // A wake-up was lost, and only the flusher still moves, every five seconds, to find no work.
  Rig rig;
  Completion done(rig.core, "lost");
  rig.kthread("flusher", [&] {
    for (;;) rig.idle(5 * seconds);
  });
  rig.kthread("napper", [&] {
    for (;;) rig.core.sleep(5 * seconds);
  });
  rig.task("waiter", [&] { done.wait_for(); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::deadlock);
  EXPECT_FALSE(r.lockup.absolute);
  EXPECT_EQ(r.lockup.bystanders, (std::vector<std::string>{"flusher:0", "napper:1"}));
  EXPECT_NEAR(static_cast<double>(rig.ended_at), 600e9, 1e9);
}

TEST(Ending, ADaemonThatDoesWakeAfterAllIsNotOverlooked) {
  Rig rig;
  Completion done(rig.core, "late");
  rig.kthread("flusher", [&] {
    for (int i = 0; i < 10; ++i) rig.idle(5 * seconds);
    done.complete();
    rig.idle();
  });
  rig.task("waiter", [&] { done.wait_for(); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::completed);
  ASSERT_EQ(count(r, Finding::Kind::stall), 1u);
  EXPECT_NEAR(static_cast<double>(r.findings[0].length), 50e9, 1e6);
}

TEST(Ending, AtTheLimitSaysSo) {
  CoreConfig config = core_config();
  config.time_limit = 50 * seconds;
  Rig rig(config);
  rig.task("user", [&] { rig.core.sleep(100 * seconds); });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::limit);
  EXPECT_EQ(r.reason, "the time limit of 50.000 s was reached with 1 task alive");
  EXPECT_FALSE(r.has_lockup);
}

TEST(Ending, TellsOfASetThatWasStillClosedAtTheLimit) {
  invented::Dl1 m(invented::short_run(10 * seconds));
  Task& t = m.rig.task("bystander", [&] { m.rig.core.sleep(100 * seconds); });
  m.rig.memory.of(t).owns_pages = true;
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::limit);
  ASSERT_EQ(count(r, Finding::Kind::conditional_set), 1u);
  EXPECT_NEAR(static_cast<double>(r.findings[0].length), 9e9, 25e6);
}

TEST(Ending, GivesTheFirstVerdictThatApplies) {
  const auto verdict = [](const OtherEndings& others, bool locked_up) {
    Rig rig;
    Mutex& a = rig.mutex("a");
    rig.task("self", [&] {
      MutexGuard once(a);
      if (locked_up) MutexGuard twice(a);
    });
    return rig.run(others).verdict;
  };
  EXPECT_EQ(verdict({"init died", "leak", "events"}, true), Verdict::panic);
  EXPECT_EQ(verdict({"", "leak", "events"}, true), Verdict::deadlock);
  EXPECT_EQ(verdict({"", "leak", "events"}, false), Verdict::bug);
  EXPECT_EQ(verdict({"", "", "events"}, false), Verdict::limit);
  EXPECT_EQ(verdict({}, false), Verdict::completed);
}

}  // namespace
}  // namespace brink
