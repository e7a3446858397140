// Each rule of reclaim flipped alone, and what it changes.

#include "tests/sim/mm/reclaim_rig.hpp"

namespace brink::test {
namespace {

using Rig = ReclaimRig;

TEST(ReclaimRules, ProgressIsABatchOrWhatThereIsWhileKswapdHopes) {
  for (const bool given_up : {false, true}) {
    Rules rules;
    rules.progress = Rules::Progress::enough;
    Rig r(rules);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 60, false));
      r.pin(0, 50);
      if (given_up) {
        for (Zone& zone : r.m.memory.zones().all()) zone.flags |= ZONE_ALL_UNRECLAIMABLE;
        // At the first priority everybody may have a glance: 4,096 pages are needed for one.
        EXPECT_EQ(r.reclaim().direct(0, GFP_KERNEL), 0u);
        EXPECT_NE(r.files.mapping.find(59), no_page);
      } else {
        EXPECT_EQ(r.reclaim().direct(0, GFP_KERNEL), 10u);
        EXPECT_EQ(r.reclaim().direct(0, GFP_KERNEL), 0u) << "whatever was scanned";
      }
      r.unpin(0, 50);
    });
  }
}

TEST(ReclaimRules, ProgressIsAlsoAZoneThatCountsAsReclaimableOrOnlyWhatWasFreed) {
  for (const Rules::Progress progress : {Rules::Progress::reclaimable, Rules::Progress::freed}) {
    Rules rules;
    rules.progress = progress;
    Rig r(rules);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 60, false));
      r.pin(0, 60);
      const bool reclaimable = progress == Rules::Progress::reclaimable;
      EXPECT_EQ(r.reclaim().direct(0, GFP_KERNEL), reclaimable ? 1u : 0u);
      r.unpin(0, 60);
    });
  }
}

/// How long a reclaimer is held up while 100 of 110 pages are isolated, by its mask.
Nanos isolation_wait(Rules::IsolationThrottle throttle, Gfp gfp, Pages isolated,
                     Rules::Stall stall = Rules::Stall::congested_zone) {
  Rules rules;
  rules.isolation_throttle = throttle;
  rules.stall = stall;
  Rig r(rules);
  Nanos took = 0;
  r.run([&] {
    EXPECT_TRUE(r.files.fill(0, 100, false));
    r.pin(0, 100);
    r.zone().isolated[1] = isolated;
    r.m.core.at(
        r.m.core.now() + 1 * seconds,
        [](void* zone, std::uint64_t) { static_cast<Zone*>(zone)->isolated[1] = 0; }, &r.zone(), 0);
    ScanControl sc;
    sc.gfp = gfp;
    sc.priority = 0;
    // Without swap there is one batch of each side.
    sc.nr_to_reclaim = 1;
    took = r.time_of([&] { r.reclaim().shrink_zone(r.zone(), sc, false); });
    r.unpin(0, 100);
  });
  return took;
}

TEST(ReclaimRules, IsolationThrottleWaitsNeverForEverOrOnce) {
  using Throttle = Rules::IsolationThrottle;
  EXPECT_LT(isolation_wait(Throttle::none, GFP_KERNEL, 200), 1 * ms);
  EXPECT_GE(isolation_wait(Throttle::loop, GFP_KERNEL, 200), 1 * seconds);
  // Four batches of 100 pages, each after one nap.
  const Nanos once = isolation_wait(Throttle::once, GFP_KERNEL, 200);
  EXPECT_GE(once, 400 * ms);
  EXPECT_LT(once, 500 * ms);
}

TEST(ReclaimRules, IsolationThrottleOfThoseWithAllRightsIsStricterSince38) {
  using Throttle = Rules::IsolationThrottle;
  EXPECT_GE(isolation_wait(Throttle::loop, GFP_KERNEL, 50), 1 * seconds);
  EXPECT_LT(isolation_wait(Throttle::loop, GFP_NOFS, 50), 1 * ms);
  EXPECT_LT(isolation_wait(Throttle::loop_alike, GFP_KERNEL, 50), 1 * ms);
  EXPECT_GE(isolation_wait(Throttle::loop_alike, GFP_NOFS, 200), 1 * seconds);
}

TEST(ReclaimRules, StallForAReasonEndsSoonerAndSparesKernelThreads) {
  using Throttle = Rules::IsolationThrottle;
  const Nanos took = isolation_wait(Throttle::once, GFP_KERNEL, 200, Rules::Stall::reasons);
  EXPECT_GE(took, 80 * ms) << "four times 20 ms";
  EXPECT_LT(took, 100 * ms);

  Rules rules;
  rules.stall = Rules::Stall::reasons;
  Rig r(rules);
  r.run([&] {
    using Reason = ReclaimThrottle::Reason;
    EXPECT_GE(r.time_of([&] { r.reclaim().reasons().wait(Reason::writeback); }), 100 * ms);
    EXPECT_LT(r.time_of([&] { r.reclaim().reasons().wait(Reason::no_progress); }), 1 * ms)
        << "there is nothing to wait for";
    EXPECT_TRUE(r.files.fill(0, 100, true));
    const Nanos jiffy = r.m.core.tick();
    EXPECT_GE(r.time_of([&] { r.reclaim().reasons().wait(Reason::no_progress); }), jiffy);
    EXPECT_EQ(r.m.counters().direct_stalls, 2u);
    r.m.core.current().set(PF_KTHREAD);
    EXPECT_LT(r.time_of([&] { r.reclaim().reasons().wait(Reason::writeback); }), 1 * ms);
    r.m.core.current().clear(PF_KTHREAD);
    // 33 pages that are written meanwhile end a wait for writeback.
    EXPECT_TRUE(r.files.fill(200, 33, false));
    r.files.delay = 10 * ms;
    for (std::uint32_t i = 200; i < 233; ++i) {
      const Pfn page = r.files.mapping.find(i);
      r.m.memory.cache().lock_page(page);
      static_cast<void>(r.files.writepage(r.files.mapping, page));
    }
    EXPECT_LT(r.time_of([&] { r.reclaim().reasons().wait(Reason::writeback); }), 20 * ms);
  });
}

TEST(ReclaimRules, StallAfterEachPriorityIsATenthOfASecondEach) {
  for (const Rules::Stall stall : {Rules::Stall::each_priority, Rules::Stall::congested_zone}) {
    Rules rules;
    rules.progress = Rules::Progress::enough;
    rules.stall = stall;
    Rig r(rules);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 512, false));
      r.pin(0, 512);
      const Nanos took = r.time_of([&] { EXPECT_EQ(r.reclaim().direct(0, GFP_KERNEL), 0u); });
      // 512 >> 9 is the first to find a page: priorities 9 to 0.
      EXPECT_EQ(took / (100 * ms), stall == Rules::Stall::each_priority ? 10u : 0u);
      EXPECT_EQ(r.m.counters().direct_stall_time / (100 * ms), took / (100 * ms));
      r.unpin(0, 512);
    });
  }
}

/// How long a nap of direct reclaim takes whose policy waits for a class, while requests of the
/// other class end every 10 ms.
TEST(ReclaimRules, CongestionClassDecidesWhoseRequestsEndANap) {
  const auto nap = [](CongestionClass of, bool sync_ends) {
    Rig r(Rules{});
    r.policy.congestion = of;
    Nanos took = 0;
    struct Ends {
      Machine& m;
      bool sync;
    } ends{r.m, sync_ends};
    r.run([&] {
      for (Nanos after = 10 * ms; after < 100 * ms; after += 10 * ms) {
        r.m.core.at(
            r.m.core.now() + after,
            [](void* self, std::uint64_t) {
              const Ends& e = *static_cast<Ends*>(self);
              e.m.memory.congestion().clear(e.sync, false);
            },
            &ends, 0);
      }
      took = r.time_of([&] { r.reclaim().nap(100 * ms); });
    });
    return took / ms;
  };
  EXPECT_EQ(nap(CongestionClass::async, false), 10u);
  EXPECT_EQ(nap(CongestionClass::async, true), 100u);
  EXPECT_EQ(nap(CongestionClass::sync, true), 10u);
  EXPECT_EQ(nap(CongestionClass::sync, false), 100u);
  EXPECT_EQ(nap(CongestionClass::both, true), 100u) << "first the whole time for the other";
}

TEST(ReclaimRules, ScanInPercentSavesSmallNumbersUpToABatch) {
  for (const auto balance : {Rules::ScanBalance::percent, Rules::ScanBalance::rotation}) {
    Rules rules;
    rules.scan_balance = balance;
    Rig r(rules);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 256, false));
      ScanControl sc;
      sc.gfp = GFP_KERNEL;
      sc.priority = 5;  // 8 of 256.
      const Pages least = balance == Rules::ScanBalance::percent ? 0 : 8;
      r.reclaim().shrink_zone(r.zone(), sc, false);
      EXPECT_EQ(sc.nr_reclaimed, least);
      for (int i = 0; i < 3; ++i) r.reclaim().shrink_zone(r.zone(), sc, false);
      EXPECT_GE(sc.nr_reclaimed, 29u);
      EXPECT_LE(sc.nr_reclaimed, 32u);
    });
  }
}

TEST(ReclaimRules, ScanByCostTurnsAwayFromWhatIsWritten) {
  std::uint64_t by_cost = 0, by_rotation = 0;
  for (const auto balance : {Rules::ScanBalance::rotation, Rules::ScanBalance::cost}) {
    Rules rules;
    rules.scan_balance = balance;
    rules.progress = Rules::Progress::freed;
    Rig r(rules, false, 64 * MiB);
    r.m.process([&](Machine::Process& p) {
      EXPECT_TRUE(r.files.fill(0, 6000, false));
      // More active than inactive files, so that both sides are weighed.
      for (int twice = 0; twice < 2; ++twice) {
        for (std::uint32_t i = 0; i < 4000; ++i) {
          r.m.memory.cache().mark_page_accessed(r.files.mapping.find(i));
        }
      }
      const auto at = static_cast<Address>(p.mm->mmap_anonymous(16 * MiB));
      EXPECT_EQ(p.mm->touch(at, 16 * MiB), Access::done);
      for (int i = 0; i < 40; ++i) static_cast<void>(r.reclaim().direct(0, GFP_KERNEL));
      // By rotation, used anonymous pages are left alone; cost does not look at use.
      const std::uint64_t swapped = r.m.counters().swap_outs;
      (balance == Rules::ScanBalance::cost ? by_cost : by_rotation) = swapped;
      r.files.mapping.truncate(0);
    });
    r.m.core.run();
  }
  EXPECT_NE(by_cost, by_rotation);
}

TEST(ReclaimRules, FileTargetFollowsTheSizeOfTheList) {
  Rules rules;
  const Pages gib8 = Pages{8} << 18;
  Rig half(rules);
  rules.file_target = Rules::FileTarget::ratio;
  Rig ratio(rules);
  for (Rig* r : {&half, &ratio}) {
    // The sizes alone: a list of 8 GiB is to have one inactive page for 8 active ones.
    LruList& inactive = r->zone().list(Lru::inactive_file);
    LruList& active = r->zone().list(Lru::active_file);
    inactive.size = gib8 / 8;
    active.size = gib8 - gib8 / 8;
    EXPECT_EQ(r->reclaim().inactive_is_low(r->zone(), true), r == &half);
    inactive.size = gib8 / 10;
    active.size = gib8 - gib8 / 10;
    EXPECT_TRUE(r->reclaim().inactive_is_low(r->zone(), true));
    inactive.size = active.size = 0;
  }
}

TEST(ReclaimRules, ReserveThrottleHoldsDirectReclaimersBack) {
  for (const auto throttle : {Rules::ReserveThrottle::none, Rules::ReserveThrottle::wait}) {
    Rules rules;
    rules.reserve_throttle = throttle;
    Rig r(rules, true);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 100, false));
      r.pin(0, 100);
      r.m.core.sleep(1 * seconds);
      exhaust(r.m, 0, 0);
      const bool waits = throttle == Rules::ReserveThrottle::wait;
      EXPECT_EQ(r.reclaim().reserve_ok(), !waits);
      const Nanos took = r.time_of([&] { static_cast<void>(r.reclaim().direct(0, GFP_NOFS)); });
      EXPECT_EQ(took / seconds, waits ? 1u : 0u) << "without __GFP_FS a second at most";
      r.unpin(0, 100);
    });
  }
}

}  // namespace
}  // namespace brink::test
