// Each rule of the slow path alone, and what it changes; and the claims about kswapd's wake-ups and
// about limits on retries, era by era.

#include "tests/sim/mm/era.hpp"

namespace brink::test {
namespace {

constexpr const char* kernels[] = {"2.6.30", "2.6.31", "2.6.32", "4.0", "6.1"};

// --- Rules.

TEST(SlowPathRules, KswapdIsWokenOnceARequestOrAfterEachRestartOrEachRound) {
  const auto wakes = [](const char* era, Gfp gfp, void (*rules)(Rules&) = nullptr) {
    const Answer answer = ask(era, {.gfp = gfp, .retries = 5, .rules = rules});
    EXPECT_TRUE(answer.returned);
    EXPECT_EQ(answer.counters.rounds, 6u) << era;
    return answer.counters.kswapd_wakes;
  };
  // Five restarts: the patch of 2.6.32 brings back what 2.6.30 did.
  EXPECT_EQ(wakes("2.6.30", GFP_KERNEL), 6u);
  EXPECT_EQ(wakes("2.6.31", GFP_KERNEL), 1u);
  EXPECT_EQ(wakes("2.6.32-rc6", GFP_KERNEL), 1u);
  for (const char* patched : {"2.6.31+1", "2.6.32-rc6+1", "2.6.32"}) {
    EXPECT_EQ(wakes(patched, GFP_KERNEL), 6u) << patched;
  }
  EXPECT_EQ(
      wakes("2.6.31", GFP_KERNEL, [](Rules& r) { r.kswapd_wake = Rules::KswapdWake::restart; }),
      6u);
  // Rounds that are no restarts count for the youngest rule only.
  EXPECT_EQ(wakes("2.6.30", GFP_NOFS), 1u);
  EXPECT_EQ(wakes("2.6.30", GFP_NOFS, [](Rules& r) { r.kswapd_wake = Rules::KswapdWake::round; }),
            6u);
  EXPECT_EQ(wakes("4.0", GFP_NOFS), 6u);
}

TEST(SlowPathRules, WhoBecomesAVictimOnTheWayGetsTheReserveOnlyIfRightsAreTestedAgain) {
  const auto gets = [](const char* era, Gfp gfp, void (*rules)(Rules&) = nullptr) {
    const Answer answer = ask(era, {.gfp = gfp, .chosen = true, .rules = rules});
    EXPECT_TRUE(answer.returned) << era;
    return answer.got;
  };
  EXPECT_TRUE(gets("2.6.30", GFP_KERNEL));
  EXPECT_FALSE(gets("2.6.31", GFP_KERNEL));
  EXPECT_TRUE(gets("2.6.32", GFP_KERNEL));
  EXPECT_TRUE(
      gets("2.6.31", GFP_KERNEL, [](Rules& r) { r.rights_test = Rules::RightsTest::restart; }));
  // Without a restart, only the test of each round sees it.
  EXPECT_TRUE(gets("2.6.30", GFP_NOFS));
  EXPECT_FALSE(
      gets("2.6.30", GFP_NOFS, [](Rules& r) { r.rights_test = Rules::RightsTest::restart; }));
}

TEST(SlowPathRules, ARestartAtTheLowMarkTakesWhatThereIsWithoutWakingKswapd) {
  const auto wakes = [](bool at_low) {
    const Answer answer = ask("2.6.30", {.exits = true, .rules = at_low ? nullptr : +[](Rules& r) {
                                           r.restart_at_low = false;
                                         }});
    EXPECT_TRUE(answer.got);
    return answer.counters.kswapd_wakes;
  };
  EXPECT_EQ(wakes(true) + 1, wakes(false));
}

TEST(SlowPathRules, ARoundWithoutProgressSeesWhatOthersFreedOnlyIfItLooks) {
  const Question nofs = {.gfp = GFP_NOFS, .freed = true};
  EXPECT_FALSE(ask("2.6.31", nofs, 20 * seconds).returned);
  EXPECT_TRUE(ask("4.0", nofs, 20 * seconds).got);
  Question looks = nofs;
  looks.rules = [](Rules& r) { r.round_attempt = Rules::RoundAttempt::round; };
  EXPECT_TRUE(ask("2.6.31", looks, 20 * seconds).got);
}

TEST(SlowPathRules, RealTimeTasksInInterruptsAreARuleThatNobodyComesTo) {
  for (const Gfp gfp : {GFP_KERNEL, GFP_NOFS, GFP_ATOMIC}) {
    Question question = {.gfp = gfp, .retries = 20, .flags = RT_TASK};
    question.rules = [](Rules& r) { r.rt_harder_in_interrupt = false; };
    const Answer without = ask("2.6.31", question);
    question.rules = [](Rules& r) { r.rt_harder_in_interrupt = true; };
    EXPECT_EQ(ask("2.6.31", question).hash, without.hash) << gfp_text(gfp);
  }
}

TEST(SlowPathRules, RealTimeTasksGetAQuarterOfTheMarkOrHalf) {
  Question question = {.gfp = GFP_KERNEL | Gfp::noretry, .flags = RT_TASK, .dma32 = 120};
  EXPECT_FALSE(ask("4.0", question).got);
  question.rules = [](Rules& r) { r.rt_bonus = Rules::RtBonus::half; };
  EXPECT_TRUE(ask("4.0", question).got);
}

TEST(SlowPathRules, ReclaimersThatMustNotFailSleepOrYieldOnTheReserve) {
  // Pages are there after a while. Who sleeps looks every 20 ms.
  Question question = {.gfp = GFP_KERNEL | Gfp::nofail, .flags = PF_MEMALLOC, .dma = 0, .dma32 = 0};
  question.freed = true;
  const auto waits = [&](void (*rules)(Rules&)) {
    question.rules = rules;
    const Answer answer = ask("4.0", question);
    EXPECT_TRUE(answer.got);
    EXPECT_EQ(answer.counters.rounds, 0u);
    return answer;
  };
  const Answer asleep = waits([](Rules& r) { r.nofail_reserve = Rules::NofailReserve::sleep; });
  const Answer awake = waits([](Rules& r) { r.nofail_reserve = Rules::NofailReserve::wait; });
  EXPECT_GT(asleep.time, awake.time + 5 * ms);
  EXPECT_EQ(awake.counters.kswapd_wakes, 1u);
  // The last resort is at the end of a round: there is another one, with all that belongs to it.
  const Answer rounds =
      waits([](Rules& r) { r.nofail_reserve = Rules::NofailReserve::last_resort; });
  EXPECT_GT(rounds.counters.kswapd_wakes, 1'000u);
}

TEST(SlowPathRules, TheLastResortIsTheReserveForWhoeverMustNotFail) {
  Question question = {.gfp = GFP_KERNEL | Gfp::nofail};
  EXPECT_TRUE(ask("6.1", question).got);
  question.rules = [](Rules& r) { r.nofail_reserve = Rules::NofailReserve::wait; };
  EXPECT_FALSE(ask("6.1", question, 20 * seconds).returned);
}

TEST(SlowPathRules, ThisNodeGivesUpBeforeReclaimOrAfterARound) {
  Question question = {.gfp = GFP_KERNEL | Gfp::thisnode | Gfp::noretry | Gfp::nowarn};
  EXPECT_EQ(ask("4.0", question).counters.rounds, 0u);
  question.rules = [](Rules& r) { r.thisnode_gives_up = false; };
  EXPECT_EQ(ask("4.0", question).counters.rounds, 1u);
}

// --- Limits on retries.

TEST(RetryLimits, ZeroFailsTheFirstRoundInVainAndNTheRoundAfterN) {
  for (const char* era : kernels) {
    for (const std::int64_t n : {0, 1, 2, 10}) {
      for (const Gfp gfp : {GFP_KERNEL, GFP_NOFS}) {
        const Answer answer = ask(era, {.gfp = gfp, .retries = n});
        EXPECT_TRUE(answer.returned && !answer.got) << era << " " << n;
        EXPECT_EQ(answer.counters.rounds, static_cast<std::uint64_t>(n) + 1) << era << " " << n;
        EXPECT_EQ(answer.kills, has(gfp, Gfp::fs) && n > 0 ? 1u : 0u) << era << " " << n;
        const bool stays_out = std::string_view(era) < "3" && gfp == GFP_NOFS;
        EXPECT_EQ(answer.counters.oom_rounds, stays_out ? 0u : static_cast<std::uint64_t>(n))
            << era << " " << gfp_text(gfp);
      }
    }
  }
}

TEST(RetryLimits, NobodyRefusesWhatMustNotFail) {
  for (const char* era : kernels) {
    for (const std::int64_t n : {0, 1, 10}) {
      const Question question = {
          .gfp = GFP_NOFS | Gfp::nofail, .retries = n, .flags = PF_KTHREAD, .dma = 0, .dma32 = 0};
      EXPECT_FALSE(ask(era, question, 20 * seconds).returned) << era << " " << n;
    }
  }
}

TEST(RetryLimits, LargeRequestsFailInFragmentedMemoryWhateverTheLimit) {
  for (const char* era : kernels) {
    for (const std::int64_t n : {0, 1, 100, -1}) {
      const Answer answer = ask(era, {.order = 7, .retries = n, .fragmented = true});
      EXPECT_TRUE(answer.returned && !answer.got) << era;
      EXPECT_EQ(answer.kills, 0u) << era;
      EXPECT_EQ(answer.counters.rounds, 1u) << era << " " << n;
      // One page is had all the same.
      EXPECT_TRUE(ask(era, {.retries = n, .fragmented = true}).got);
    }
  }
}

TEST(RetryLimits, LaterKernelsReclaimSixteenTimesInVainBeforeTheyKill) {
  // Sixteen, the one that kills, and the one that fails.
  const Answer hopeful = ask("6.1", {.retries = 1, .pinned = 400});
  EXPECT_TRUE(hopeful.returned && !hopeful.got);
  EXPECT_EQ(hopeful.kills, 1u);
  EXPECT_EQ(hopeful.counters.oom_rounds, 1u);
  EXPECT_GE(hopeful.counters.rounds, 18u);
  // Where all that is reclaimable would not be enough, the first one kills.
  EXPECT_EQ(ask("6.1", {.retries = 1, .pinned = 10}).counters.rounds, 2u);
}

TEST(RetryLimits, CostlyRequestsGoOnUntilAsMuchIsFreedAsTheyAskFor) {
  for (const char* era : {"2.6.30", "2.6.31", "4.0"}) {
    const Answer plain = ask(era, {.order = 5, .clean = 400});
    EXPECT_EQ(plain.counters.rounds, 1u) << era;
    const Answer repeat =
        ask(era, {.order = 5, .gfp = GFP_KERNEL | Gfp::retry_mayfail, .clean = 400});
    EXPECT_TRUE(repeat.returned) << era;
    EXPECT_EQ(repeat.kills, 0u) << era;
    EXPECT_GE(repeat.counters.pages_reclaimed, 32u) << era;
  }
}

}  // namespace
}  // namespace brink::test
