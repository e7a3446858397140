// Bystanders, the settling phase, stalls and livelocks.

#include <gtest/gtest.h>

#include "tests/sim/watch/dl1.hpp"

namespace brink {
namespace {

using invented::core_config;
using invented::count;
using invented::Dl1;
using invented::names;
using invented::Rig;
using Names = std::vector<std::string>;

/// Notes when the phase began and ended.
struct Phases final : SettlingHost {
  explicit Phases(std::function<Nanos()> clock = {}) : now(std::move(clock)) {}
  std::function<Nanos()> now;
  std::function<void()> at_begin;
  std::vector<Nanos> began, ended;
  void settling_began() override {
    began.push_back(now());
    if (at_begin) at_begin();
  }
  void settling_ended() override { ended.push_back(now()); }
};

/// A task that runs on beside the set, owns pages, and never gives one back.
Task& bystander(Rig& rig) {
  Task& t = rig.daemon("bystander", [&rig] {
    for (;;) {
      rig.core.step(1 * ms);
      rig.core.sleep(1 * seconds);
      rig.core.current().progress_at = rig.core.now();
    }
  });
  rig.memory.of(t).owns_pages = true;
  return t;
}

TEST(Settling, ProvesAConditionalSetThatOutlivesIt) {
  Phases phases;
  Dl1 m(core_config(), {}, &phases);
  phases.now = [&] { return m.rig.core.machine_time(); };
  bystander(m.rig);
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::memory_deadlock);
  EXPECT_FALSE(r.lockup.absolute);
  EXPECT_EQ(r.lockup.bystanders, (Names{"bystander:2"}));
  EXPECT_EQ(names(r.lockup), (Names{"create", "hog"}));
  EXPECT_GE(r.lockup.closed_at, 1 * seconds);
  EXPECT_LE(r.lockup.closed_at, 1 * seconds + 21 * ms);
  EXPECT_EQ(r.lockup.members[0].suppliers.back().why, "only bystander:2");
  // The creator made its last progress, the grant of its lock, as the run began.
  ASSERT_EQ(phases.began.size(), 1u);
  EXPECT_NEAR(static_cast<double>(phases.began[0]), 300e9, 1e6);
  EXPECT_NEAR(static_cast<double>(m.rig.ended_at), 600e9, 1e6);
  EXPECT_TRUE(phases.ended.empty());
}

TEST(Settling, IsNotNeededOnceTheLastBystanderHasEnded) {
  Dl1 m;
  Task& t = m.rig.task("bystander", [&] { m.rig.core.sleep(100 * seconds); });
  m.rig.memory.of(t).owns_pages = true;
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::memory_deadlock);
  EXPECT_TRUE(r.lockup.absolute);
  EXPECT_NEAR(static_cast<double>(r.lockup.closed_at), 100e9, 1e6);
}

TEST(Settling, ABystanderThatNeitherOwnsPagesNorFreesThemIsNone) {
  Dl1 m;
  m.rig.memory.of(bystander(m.rig)).owns_pages = false;
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::memory_deadlock);
  EXPECT_TRUE(r.lockup.absolute);
}

TEST(Settling, ASetThatABystanderOpensIsAStallOfThatLength) {
  Dl1 m;
  Task& t = m.rig.task("bystander", [&] {
    m.rig.core.sleep(100 * seconds);
    m.rig.grant(m.create);
    m.rig.core.sleep(1 * seconds);
  });
  m.rig.memory.of(t).owns_pages = true;
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::completed);
  ASSERT_EQ(count(r, Finding::Kind::stall), 1u);
  EXPECT_EQ(r.findings[0].kind, Finding::Kind::stall);
  EXPECT_NEAR(static_cast<double>(r.findings[0].at), 1e9, 25e6);
  EXPECT_NEAR(static_cast<double>(r.findings[0].length), 99e9, 50e6);
  EXPECT_EQ(r.findings[0].text,
            "create:0 could not progress, nor could 1 others, until it opened again");
}

TEST(Settling, LetsARunCompleteThatBadLuckHeldUp) {
  Phases phases;
  Dl1 m(core_config(), {}, &phases);
  phases.now = [&] { return m.rig.core.machine_time(); };
  phases.at_begin = [&] { m.rig.grant(m.create); };  // what failed it has stopped
  bystander(m.rig);
  const WatchResult r = m.rig.run();
  EXPECT_EQ(r.verdict, Verdict::completed);
  EXPECT_EQ(count(r, Finding::Kind::stall), 1u);
  EXPECT_EQ(phases.began.size(), 1u);
  EXPECT_LT(m.rig.ended_at, 301 * seconds);
}

TEST(Settling, EndsAndMayBeginAgain) {
  // A waiter whose waker is alive but never acts: nothing is proved and nobody polls.
  Phases phases;
  Rig rig(core_config(), {}, &phases);
  phases.now = [&] { return rig.core.machine_time(); };
  Completion done(rig.core, "done");
  done.declare_waker(bystander(rig));
  rig.task("waiter", [&] { static_cast<void>(done.wait_for(WaitMode::killable)); });
  EXPECT_EQ(rig.run().verdict, Verdict::limit);
  ASSERT_EQ(phases.began.size(), 6u);  // of the hour: begins at 300, 900, 1500 … seconds
  EXPECT_EQ(phases.ended.size(), 5u);  // the last would have ended with the hour
  EXPECT_NEAR(static_cast<double>(phases.began[1] - phases.ended[0]), 300e9, 1e6);
}

TEST(Settling, DoesNotBeginBecauseATaskSleepsOrMakesProgress) {
  Phases phases;
  Rig rig(core_config(), {}, &phases);
  phases.now = [&] { return rig.core.machine_time(); };
  rig.task("sleeper", [&] { rig.core.sleep(2'000 * seconds); });
  rig.task("worker", [&] {
    for (int i = 0; i < 20; ++i) {
      Completion done(rig.core, "request");
      rig.core.at(
          rig.core.now() + 100 * seconds,
          [](void* c, std::uint64_t) { static_cast<Completion*>(c)->complete(); }, &done, 0);
      done.wait_for();
      rig.core.current().progress_at = rig.core.now();
    }
  });
  EXPECT_EQ(rig.run().verdict, Verdict::completed);
  EXPECT_TRUE(phases.began.empty());
}

// --- Polls.

TEST(Livelock, IsAPollThatGoesRoundInTheSettlingPhaseWithoutProof) {
  Rig rig;
  Task& t = rig.task("looper", [&] { rig.ask_for_memory(20 * ms); });
  rig.memory.of(t).reclaims = true;  // its class never becomes exhausted
  const WatchResult r = rig.run();
  EXPECT_EQ(r.verdict, Verdict::livelock);
  EXPECT_EQ(names(r.lockup), (Names{"looper"}));
  EXPECT_NEAR(static_cast<double>(rig.ended_at), 600e9, 100e6);
  EXPECT_FALSE(is_proved(r.verdict));
  EXPECT_EQ(count(r, Finding::Kind::hung_task), 0u);  // its switch count moves
}

TEST(Livelock, NeedsAThousandRounds) {
  for (const auto& [nap, verdict] :
       {std::pair{299 * ms, Verdict::livelock}, std::pair{301 * ms, Verdict::limit}}) {
    Rig rig;
    Task& t = rig.task("looper", [&, nap = nap] { rig.ask_for_memory(nap); });
    rig.memory.of(t).reclaims = true;
    EXPECT_EQ(rig.run().verdict, verdict) << nap;
  }
}

TEST(Livelock, IsNotWhatMakesProgress) {
  CoreConfig config = core_config();
  config.time_limit = 1'000 * seconds;
  Rig rig(config);
  Task& t = rig.task("looper", [&] {
    for (;;) rig.ask_for_memory(20 * ms);
  });
  rig.memory.of(t).reclaims = true;
  for (Nanos when = 100 * seconds; when < 1'000 * seconds; when += 100 * seconds) {
    rig.at(when, [&] { rig.grant(t); });
  }
  EXPECT_EQ(rig.run().verdict, Verdict::limit);
}

TEST(Settling, RunsWhomAnUnfairScheduleStarved) {
  // `spinner` polls for what `setter` would do, and the strategy always lets it carry on.
  struct Unfair final : Strategy {
    std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why) override {
      return current != nullptr ? ready.size() : 0;
    }
    std::uint32_t pick_cpu(std::span<const CpuView>, std::uint32_t) override { return 0; }
    bool asks_at_points() const override { return false; }
  } unfair;
  Core core(core_config(), unfair);
  invented::Obliged obliged;
  WatchConfig config;
  config.usual = &unfair;
  Watch watch(core, config, obliged, nullptr);
  struct Shared {
    Core* core;
    bool set = false;
  } shared{&core};
  const auto spin = [](void* s) {
    invented::Wait wait(WaitKind::wakers);
    wait.anyone = true;
    auto& mine = *static_cast<Shared*>(s);
    poll(
        *mine.core, wait,
        [&] {
          mine.core->charge(10 * ms);
          return mine.set;
        },
        0);
  };
  watch.foreground(core.spawn("spinner", {spin, &shared}));
  watch.foreground(
      core.spawn("setter", {[](void* s) { static_cast<Shared*>(s)->set = true; }, &shared}));
  const RunEnd end = core.run();
  EXPECT_EQ(watch.finish(end).verdict, Verdict::completed);
  EXPECT_GE(core.machine_time(), 300 * seconds);
  EXPECT_LT(core.machine_time(), 301 * seconds);
}

}  // namespace
}  // namespace brink
