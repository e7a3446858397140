// What kswapd works for, when it sleeps and naps, and when it gives up: each rule and answer alone.

#include "tests/sim/mm/reclaim_rig.hpp"

namespace brink::test {
namespace {

using Rig = ReclaimRig;

Rules every_zone() {
  Rules rules;
  rules.kswapd_aim = Rules::KswapdAim::every_zone;
  rules.stall = Rules::Stall::each_priority;
  rules.scan_balance = Rules::ScanBalance::percent;
  rules.progress = Rules::Progress::enough;
  return rules;
}

Rules node() {
  Rules rules;
  rules.kswapd_aim = Rules::KswapdAim::node;
  rules.progress = Rules::Progress::freed;
  rules.stall = Rules::Stall::reasons;
  return rules;
}

bool asleep(Rig& r) { return r.m.memory.kswapd().task()->wait == &idle_wait; }

TEST(KswapdRules, AimIsEveryZoneUntilItIsGivenUp) {
  for (const auto aim : {Rules::KswapdAim::every_zone, Rules::KswapdAim::gap}) {
    Rules rules;
    rules.kswapd_aim = aim;
    Rig r(rules, true);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 600, false));
      r.pin(0, 600);
      r.take_to(Watermark::low);
      r.m.memory.kswapd().wake_all(0, GFP_KERNEL);
      r.m.core.sleep(60 * seconds);
      EXPECT_TRUE(asleep(r));
      const bool given_up = (r.zone().flags & ZONE_ALL_UNRECLAIMABLE) != 0;
      EXPECT_EQ(given_up, aim == Rules::KswapdAim::every_zone);
      r.unpin(0, 600);
    });
  }
}

TEST(KswapdRules, AimIsOneZoneOfTheNode) {
  for (const auto aim : {Rules::KswapdAim::gap, Rules::KswapdAim::node}) {
    Rules rules;
    rules.kswapd_aim = aim;
    Rig r(rules, true);
    r.run([&] {
      r.m.core.sleep(1 * seconds);
      EXPECT_TRUE(r.files.fill(0, 6000, false));
      // The low zone alone runs short.
      exhaust(r.m, 10, r.zone().free());
      const std::uint64_t before = r.m.counters().kswapd_wakeups;
      EXPECT_EQ(r.m.memory.kswapd().would_wake(0, GFP_KERNEL), aim == Rules::KswapdAim::gap);
      r.m.memory.kswapd().wake_all(0, GFP_KERNEL);
      EXPECT_EQ(r.m.counters().kswapd_wakeups - before, aim == Rules::KswapdAim::gap ? 1u : 0u);
    });
  }
}

TEST(KswapdRules, InEveryZoneItGivesUpZoneByZoneAndNapsOnTheWay) {
  for (const int naps_below : {10, -1}) {
    Rig r(every_zone(), true);
    r.policy.sleep = KswapdSleep::at_once;
    r.policy.naps_below = naps_below;
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 600, false));
      r.pin(0, 600);
      r.take_to(Watermark::low);
      const Pfn spare = r.taken.front();  // The high zone is taken from first.
      r.taken.erase(r.taken.begin());
      r.m.memory.kswapd().wake_all(0, GFP_KERNEL);
      r.m.core.sleep(60 * seconds);
      EXPECT_TRUE(asleep(r));
      EXPECT_NE(r.zone().flags & ZONE_ALL_UNRECLAIMABLE, 0);
      EXPECT_GE(r.zone().pages_scanned, 6u * 600u);
      // Three descents scan the list twice over each, and nap from the priority on that finds a
      // batch.
      EXPECT_EQ(r.m.counters().kswapd_stalls >= 15, naps_below == 10);
      EXPECT_EQ(r.m.counters().kswapd_stalls == 0, naps_below == -1);
      r.m.memory.free_pages(spare, 0);
      r.m.memory.allocator().drain_all();
      EXPECT_EQ(r.zone().flags & ZONE_ALL_UNRECLAIMABLE, 0);
      r.unpin(0, 600);
    });
  }
}

TEST(KswapdRules, NapsBeginLaterForHighOrdersIfThePolicySaysSo) {
  std::uint64_t naps[2] = {0, 0};
  for (const bool by_order : {false, true}) {
    Rig r(every_zone(), true);
    r.policy.sleep = KswapdSleep::at_once;
    r.policy.naps_below = 10;
    r.policy.naps_by_order = by_order;
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 600, false));
      r.pin(0, 600);
      r.take_to(Watermark::low);
      r.m.memory.kswapd().wake_all(8, GFP_KERNEL);
      r.m.core.sleep(60 * seconds);
      naps[by_order] = r.m.counters().kswapd_stalls;
      r.unpin(0, 600);
    });
  }
  EXPECT_GT(naps[0], naps[1]) << "in the first descent from priority 1 on only";
}

TEST(KswapdRules, SleepsAtOnceOrLooksTwice) {
  for (const auto how : {KswapdSleep::at_once, KswapdSleep::second_look}) {
    Rig r(every_zone(), true);
    r.policy.sleep = how;
    r.run([&] {
      r.m.core.sleep(1 * seconds);
      EXPECT_TRUE(r.files.fill(0, 8000, false));
      // Woken again and again, long before 100 ms are over.
      for (int i = 0; i < 10; ++i) {
        r.take_to(Watermark::low);
        r.taken.push_back(r.m.memory.alloc_pages(site::kernel_boot));
        r.m.core.sleep(30 * ms);
      }
      const Counters c = r.m.counters();
      EXPECT_GE(c.kswapd_wakeups, 10u);
      EXPECT_GE(c.kswapd_low_wmark_hit_quickly, 9u);
      // With a second look, that is a nap that ended early: it never slept in between.
      EXPECT_EQ(c.kswapd_high_wmark_hit_quickly, 0u);
    });
  }
}

TEST(KswapdRules, ASecondLookFindsAMarkThatDoesNotHold) {
  std::uint64_t high[2] = {0, 0};
  for (const bool second : {false, true}) {
    Rig r(every_zone(), true);
    r.policy.sleep = second ? KswapdSleep::second_look : KswapdSleep::at_once;
    r.run([&] {
      r.m.core.sleep(1 * seconds);
      EXPECT_TRUE(r.files.fill(0, 8000, false));
      r.take_to(Watermark::low);
      r.taken.push_back(r.m.memory.alloc_pages(site::kernel_boot));
      r.m.core.sleep(30 * ms);
      // Taken without waking anybody.
      const Pages mark = r.zone().watermark(Watermark::high);
      while (r.zone().free() + 10 > mark) {
        r.taken.push_back(
            r.m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL & ~Gfp::kswapd_reclaim));
      }
      r.m.core.sleep(200 * ms);
      EXPECT_EQ(r.zone().free() > mark, second);
      high[second] = r.m.counters().kswapd_high_wmark_hit_quickly;
    });
  }
  EXPECT_EQ(high[0], 0u);
  EXPECT_EQ(high[1], 1u);
}

TEST(KswapdRules, AfterSixteenFailuresItSleepsUntilSomebodyFreesSomething) {
  for (const std::uint32_t most : {0u, 16u}) {
    Rules rules = node();
    rules.kswapd_failures_max = most;
    Rig r(rules, true);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 600, false));
      r.pin(0, 600);
      r.take_to(Watermark::low);
      exhaust(r.m, 0, 100);
      r.m.memory.kswapd().wake_all(0, GFP_KERNEL);
      r.m.core.sleep(10 * seconds);
      EXPECT_TRUE(asleep(r));
      EXPECT_EQ(r.m.memory.kswapd().hopeless(), most != 0);
      const std::uint64_t scanned = r.m.counters().pages_scanned;
      // Sixteen descents to priority 1: each goes through the list once.
      EXPECT_EQ(scanned > 10 * 600, most != 0);
      EXPECT_FALSE(r.m.memory.kswapd().would_wake(0, GFP_KERNEL));
      r.unpin(0, 600);
      if (most == 0) return;
      EXPECT_FALSE(r.m.memory.kswapd().would_wake(0, GFP_KERNEL)) << "nobody has freed any";
      EXPECT_TRUE(r.reclaim().reserve_ok()) << "who cannot be helped is not held back";
      EXPECT_GT(r.reclaim().direct(0, GFP_KERNEL), 0u);
      EXPECT_TRUE(r.m.memory.kswapd().would_wake(0, GFP_KERNEL));
    });
  }
}

}  // namespace
}  // namespace brink::test
