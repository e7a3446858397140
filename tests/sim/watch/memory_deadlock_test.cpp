// Lockups through memory, with suppliers made up: the shape DL1 and what opens it.

#include <gtest/gtest.h>

#include "tests/sim/watch/dl1.hpp"

namespace brink {
namespace {

using invented::count;
using invented::Dl1;
using invented::names;
using invented::Rig;
using invented::short_run;
using Names = std::vector<std::string>;

TEST(MemoryDeadlock, IsProvedWhenTheLastSupplierRunsOut) {
  Dl1 m;
  m.rig.memory.of(m.create).first_question = 17;
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::memory_deadlock);
  EXPECT_TRUE(r.lockup.absolute);
  EXPECT_EQ(names(r.lockup), (Names{"create", "hog"}));
  // The looper finds out in its next round, 20 ms later at most.
  EXPECT_GE(r.lockup.closed_at, 1 * seconds);
  EXPECT_LE(r.lockup.closed_at, 1 * seconds + 21 * ms);
  EXPECT_EQ(r.lockup.first_question, 17u);
  EXPECT_TRUE(r.lockup.never_refused.empty());
  EXPECT_EQ(r.stuck, (std::vector<TaskId>{0, 1}));
}

TEST(MemoryDeadlock, TellsWhoLoopsAndWhyEachSupplierRanOut) {
  Dl1 m;
  const Lockup lockup = m.rig.run().lockup;
  const LockupMember& create = lockup.members.at(0);
  EXPECT_TRUE(create.memory);
  EXPECT_EQ(create.waits_for, "memory: order 0, GFP_NOFS, site test.site.create");
  EXPECT_EQ(create.site, "test.site.create");
  EXPECT_EQ(create.holder, m.hog.id);
  EXPECT_EQ(create.locks_held, (Names{"mutex test.mutex:/srv"}));
  ASSERT_EQ(create.suppliers.size(), 4u);
  EXPECT_EQ(create.suppliers[2].supplier, "victim");
  EXPECT_EQ(create.suppliers[2].why, "cannot exit: hog:1 (mutex test.mutex:/srv)");
  EXPECT_EQ(create.suppliers[3].why, "no other task that can progress owns pages");
  EXPECT_TRUE(lockup.members.at(1).victim);
  EXPECT_EQ(lockup.members.at(1).holder, m.create.id);
}

TEST(MemoryDeadlock, OfASiteThatNeverTakesNoIsAttributedToIt) {
  for (const OnFailure kind : {OnFailure::nofail, OnFailure::loop}) {
    Dl1 m;
    m.rig.memory.of(m.create).on_failure = kind;
    const Lockup lockup = m.rig.run().lockup;
    EXPECT_EQ(lockup.never_refused, (Names{"test.site.create"}));
    EXPECT_EQ(lockup.members.at(0).on_failure, kind);
  }
}

/// Each supplier by itself keeps the set open.
struct Supplier {
  const char* name;
  void (*grant)(Dl1&);
};
void PrintTo(const Supplier& supplier, std::ostream* os) { *os << supplier.name; }

class EachSupplier : public testing::TestWithParam<Supplier> {};

TEST_P(EachSupplier, KeepsTheSetOpen) {
  Dl1 m(short_run(10 * seconds));
  m.rig.at(1 * seconds - 1, [&] { GetParam().grant(m); });
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::limit);
  EXPECT_EQ(count(r, Finding::Kind::conditional_set), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Design4, EachSupplier,
    testing::Values(
        Supplier{"free_pages", [](Dl1& m) { m.rig.memory.of(m.create).pages = true; }},
        Supplier{"reclaim_by_another_looper",
                 [](Dl1& m) {
                   Task& other = m.rig.daemon("looper", [&m] { m.rig.ask_for_memory(); });
                   m.rig.memory.of(other).reclaims = true;
                 }},
        Supplier{
            "kswapd",
            [](Dl1& m) {
              m.rig.memory.helpers = {{&m.rig.kthread("kswapd", [&m] { m.rig.idle(); }), false}};
            }},
        Supplier{"io_in_flight", [](Dl1& m) { m.rig.memory.io = true; }},
        Supplier{"kill_now",
                 [](Dl1& m) {
                   m.rig.memory.of(m.create).may_enter = true;
                   m.rig.memory.of(m.create).would_kill = 0;
                 }},
        Supplier{"kill_later",
                 [](Dl1& m) {
                   m.rig.memory.of(m.create).may_enter = true;
                   m.rig.memory.of(m.create).would_kill = 100 * seconds;
                 }},
        Supplier{"another_victim",
                 [](Dl1& m) {
                   Task& dying = m.rig.daemon("dying", [&m] { m.rig.core.sleep(3'000 * seconds); });
                   m.rig.at(1 * seconds + 1, [&] { m.rig.memory.victims.push_back(&dying); });
                 }},
        Supplier{"refusal", [](Dl1& m) { m.rig.memory.of(m.create).refusal = true; }}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(MemoryDeadlock, IsNotOpenedByWhatCannotHelp) {
  Dl1 m;
  m.rig.at(500 * ms, [&] {
    // A looper that may kill, but whose policy waits for the victim; one whose class is exhausted;
    // a sleeper that owns nothing.
    Task& killer = m.rig.daemon("killer", [&] { m.rig.ask_for_memory(); });
    m.rig.memory.of(killer).may_enter = true;
    m.rig.daemon("looper", [&] { m.rig.ask_for_memory(); });
    m.rig.daemon("sleeper", [&] { m.rig.core.sleep(1'000 * seconds); });
  });
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::memory_deadlock);
  EXPECT_LE(r.lockup.closed_at, 1 * seconds + 21 * ms);
  EXPECT_EQ(names(r.lockup), (Names{"create", "hog"}));
}

TEST(MemoryDeadlock, WithAStickyFailureHasNoSupplierAtAll) {
  Dl1 m;
  m.rig.at(200 * ms, [&] {
    m.rig.memory.of(m.create) = {.sticky = true,
                                 .pages = false,
                                 .reclaims = true,
                                 .may_enter = true,
                                 .refusal = true,
                                 .would_kill = 0};
    m.rig.memory.io = true;
    m.rig.changed();
  });
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::memory_deadlock);
  EXPECT_LT(r.lockup.closed_at, 300 * ms);
  EXPECT_EQ(names(r.lockup), (Names{"create"}));
}

TEST(MemoryDeadlock, OfALooperThatIsStuckInsideOfItsLoop) {
  // Its class is not exhausted, and pages are free; but inside of reclaim it waits for a lock whose
  // holder waits for it.
  Rig rig;
  Mutex& outer = rig.mutex("outer");
  Mutex& inner = rig.mutex("inner");
  Task& reclaimer = rig.task("reclaimer", [&] {
    MutexGuard guard(outer);
    invented::Wait wait(WaitKind::memory);
    UnlimitedLoop loop(rig.core, wait);
    loop.round();
    rig.core.sleep(10 * ms);
    MutexGuard shrinker(inner);
  });
  rig.memory.of(reclaimer) = {.pages = true, .reclaims = true, .refusal = true};
  rig.task("other", [&] {
    MutexGuard guard(inner);
    rig.core.sleep(5 * ms);
    MutexGuard second(outer);
  });
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::memory_deadlock);
  EXPECT_EQ(names(r.lockup), (Names{"reclaimer", "other"}));
  EXPECT_NE(r.lockup.members[0].waits_for.find("inside of that loop: mutex test.mutex:inner"),
            std::string::npos);
}

TEST(MemoryDeadlock, DoesNotHoldWhoWaitsForALockTakenInsideOfTheLoop) {
  // The looper cannot leave its loop, but it drops the shrinker's lock in every round.
  Rig rig(short_run(2 * seconds));
  Mutex& shrinker = rig.mutex("shrinker");
  Task& looper = rig.daemon("looper", [&] {
    invented::Wait wait(WaitKind::memory);
    UnlimitedLoop loop(rig.core, wait);
    for (;;) {
      loop.round();
      MutexGuard guard(shrinker);
      rig.core.sleep(20 * ms);
    }
  });
  static_cast<void>(looper);
  std::uint32_t got = 0;
  rig.task("user", [&] {
    for (; got < 5; ++got) MutexGuard guard(shrinker);
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
  EXPECT_EQ(got, 5u);
}

}  // namespace
}  // namespace brink
