// What reclaim does with a page in each state, and which lists it takes pages from.

#include <algorithm>

#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

/// A machine without kswapd whose one task holds files.
struct Rig {
  explicit Rig(std::uint64_t swap = 0, bool direct_writes = false)
      : m(spec(swap, direct_writes)), files(m), cache(m.memory.cache()) {}
  static MachineSpec spec(std::uint64_t swap, bool direct_writes) {
    MachineSpec s;
    s.memory.swap = swap;
    s.kswapd = false;
    s.direct_writes = direct_writes;
    return s;
  }
  void run(const std::function<void(AddressSpace&)>& body) {
    m.process([&, body](Machine::Process& p) {
      body(*p.mm);
      files.mapping.truncate(0);
    });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
  /// One pass over the zone of these machines at a priority.
  Pages pass(int priority, Gfp gfp = GFP_KERNEL, bool kswapd = false) {
    ScanControl sc;
    sc.gfp = gfp;
    sc.priority = priority;
    sc.kswapd = kswapd;
    sc.nr_to_reclaim = 10'000;  // All that the priority says.
    m.memory.reclaim().shrink_zone(zone(), sc, true);
    return sc.nr_reclaimed;
  }
  Zone& zone() { return m.memory.zones()[ZoneType::dma32]; }
  Page& page(std::uint32_t index) { return m.memory.page(files.mapping.find(index)); }
  bool cached(std::uint32_t index) const { return files.mapping.find(index) != no_page; }
  Pages size(Lru lru) { return zone().lru_size(lru); }

  Machine m;
  FakeFiles files;
  PageCache& cache;
};

struct CountingFlushers final : Flushers {
  void wake(Pages) override { ++woken; }
  int woken = 0;
};

TEST(Vmscan, FreesTheOldestCleanPages) {
  Rig r;
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 256, false));
    EXPECT_EQ(r.pass(3), 32u) << "256 >> 3";
    for (std::uint32_t i = 0; i < 256; ++i) EXPECT_EQ(r.cached(i), i >= 32) << i;
    EXPECT_EQ(r.pass(12), 0u) << "256 >> 12";
    EXPECT_EQ(r.m.counters().pages_reclaimed, 32u);
    EXPECT_EQ(r.files.freed_pages, 32u);
  });
}

TEST(Vmscan, LeavesDirtyPagesToTheFlushersUnlessItIsAKswapdThatMeetsNothingElse) {
  Rig r;
  CountingFlushers flushers;
  r.m.memory.set_flushers(flushers);
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 200, true));
    EXPECT_EQ(r.m.memory.reclaim().direct(0, GFP_KERNEL), 1u);
    EXPECT_EQ(r.files.writes, 0u);
    EXPECT_GT(flushers.woken, 0);
    EXPECT_TRUE(r.page(0).has(PG_reclaim));
    EXPECT_TRUE((r.zone().flags & ZONE_DIRTY) != 0);
    EXPECT_EQ(r.pass(0, GFP_KERNEL, true), 0u);
    EXPECT_EQ(r.files.writes, 200u);
    r.m.core.sleep(1 * ms);
    EXPECT_EQ(r.m.memory.stat().dirty, 0u);
    EXPECT_EQ(r.pass(0), 200u);
  });
}

TEST(Vmscan, WritesThemItselfWhereThePolicyLetsIt) {
  Rig r(0, true);
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 64, true));
    EXPECT_EQ(r.pass(0, GFP_NOFS), 0u);
    EXPECT_EQ(r.files.writes, 0u) << "without __GFP_FS";
    EXPECT_EQ(r.pass(0), 0u);
    EXPECT_EQ(r.files.writes, 64u);
  });
}

TEST(Vmscan, FreesAPageThatWasWrittenForItNext) {
  Rig r;
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 100, false));
    const Pfn written = r.files.mapping.find(90);
    r.cache.lock_page(written);
    r.files.delay = 1 * ms;
    static_cast<void>(r.files.writepage(r.files.mapping, written));
    EXPECT_EQ(r.pass(0, GFP_NOIO), 99u);
    EXPECT_TRUE(r.page(90).has(PG_reclaim)) << "met under writeback";
    EXPECT_TRUE(r.files.fill(200, 50, false));
    r.m.core.sleep(2 * ms);
    EXPECT_FALSE(r.page(90).has_any(PG_reclaim | PG_writeback));
    EXPECT_EQ(r.zone().list(Lru::inactive_file).tail, written);
  });
}

TEST(Vmscan, SparesWhatWasUsedTwice) {
  Rig r;
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 128, false));
    for (std::uint32_t i = 0; i < 20; ++i) r.cache.mark_page_accessed(r.files.mapping.find(i));
    EXPECT_EQ(r.size(Lru::active_file), 0u);
    for (std::uint32_t i = 0; i < 10; ++i) r.cache.mark_page_accessed(r.files.mapping.find(i));
    EXPECT_EQ(r.size(Lru::active_file), 10u);
    EXPECT_EQ(r.pass(1), 59u) << "half of the 118 inactive ones";
    for (std::uint32_t i = 0; i < 10; ++i) EXPECT_TRUE(r.cached(i));
    for (std::uint32_t i = 10; i < 20; ++i) EXPECT_FALSE(r.cached(i)) << "once is not enough";
    // Only when fewer are inactive than active does the active list shrink.
    EXPECT_EQ(r.size(Lru::active_file), 10u);
    EXPECT_EQ(r.pass(0), 59u);
    EXPECT_EQ(r.pass(0), 0u);
    EXPECT_EQ(r.size(Lru::active_file), 0u);
    EXPECT_EQ(r.size(Lru::inactive_file), 10u);
    EXPECT_EQ(r.pass(0), 10u);
  });
}

TEST(Vmscan, SparesAReferencedPageThatItWouldHaveToWrite) {
  Rig r(0, true);
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 2, true));
    r.cache.mark_page_accessed(r.files.mapping.find(0));
    EXPECT_EQ(r.pass(0), 0u);
    EXPECT_EQ(r.files.writes, 1u);
    EXPECT_TRUE(r.page(0).has(PG_dirty));
    EXPECT_EQ(r.pass(0), 0u);
    EXPECT_EQ(r.files.writes, 2u);
  });
}

TEST(Vmscan, LeavesLockedPinnedAndUnreleasablePages) {
  Rig r;
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 5, false));
    const Pfn locked = r.files.mapping.find(0), pinned = r.files.mapping.find(1);
    r.cache.lock_page(locked);
    r.cache.pin(pinned);
    r.cache.set_private(r.files.mapping.find(2));
    r.cache.set_private(r.files.mapping.find(3));
    r.files.pinned = true;
    EXPECT_EQ(r.pass(0), 1u);
    EXPECT_FALSE(r.cached(4));
    EXPECT_TRUE(r.page(2).has(PG_active)) << "it is not worth trying soon";
    EXPECT_FALSE(r.page(1).has(PG_active));
    r.cache.unlock_page(locked);
    r.cache.unpin(pinned);
    r.files.pinned = false;
    EXPECT_EQ(r.pass(0), 2u);
    EXPECT_EQ(r.pass(0) + r.pass(0), 2u);
  });
}

TEST(Vmscan, ForgetsThatItTriedAPageThatHasComeAStepNearer) {
  Rig r;
  r.run([&](AddressSpace&) {
    EXPECT_TRUE(r.files.fill(0, 40, true));
    EXPECT_EQ(r.pass(0, GFP_NOIO), 0u);  // Marks them for immediate reclaim.
    EXPECT_EQ(r.pass(0, GFP_NOIO), 0u);  // In vain.
    EXPECT_EQ(r.m.memory.check(), "");
    for (std::uint32_t i = 0; i < 40; ++i) r.cache.mark_page_accessed(r.files.mapping.find(i));
    EXPECT_EQ(r.pass(0, GFP_NOIO), 0u);  // Takes their referenced bits away.
    EXPECT_EQ(r.m.memory.check(), "");
    const Exhaustion e = r.m.memory.exhaustion(ReclaimClass::noio, GFP_NOIO);
    EXPECT_EQ(e.untried, 40u);
    EXPECT_EQ(e.tried, 0u);
    EXPECT_EQ(r.pass(0, GFP_NOIO), 0u);
    EXPECT_EQ(r.m.memory.exhaustion(ReclaimClass::noio, GFP_NOIO).untried, 0u);
  });
}

TEST(Vmscan, LeavesAnonymousPagesAloneWithoutSwap) {
  for (const std::uint64_t swap : {std::uint64_t{0}, 16 * MiB}) {
    Rig r(swap);
    r.run([&](AddressSpace& mm) {
      const auto at = static_cast<Address>(mm.mmap_anonymous(4 * MiB));
      EXPECT_EQ(mm.touch(at, 4 * MiB), Access::done);
      EXPECT_EQ(r.size(Lru::active_anon), 1024u);
      for (int i = 0; i < 4; ++i) static_cast<void>(r.pass(0));
      EXPECT_EQ(mm.swap_entries() != 0, swap != 0);
      EXPECT_EQ(mm.rss() + mm.swap_entries(), 1024u);
      EXPECT_EQ(r.m.counters().pages_scanned != 0, swap != 0);
    });
  }
}

TEST(Vmscan, GivesAnonymousPagesThatAreUsedASecondRound) {
  Rig r(16 * MiB);
  r.run([&](AddressSpace& mm) {
    const auto at = static_cast<Address>(mm.mmap_anonymous(1 * MiB));
    EXPECT_EQ(mm.touch(at, 1 * MiB), Access::done);
    ScanControl sc;
    sc.gfp = GFP_KERNEL;
    // 32 at a time become inactive, until half are, and lose their young bits.
    for (int i = 0; i < 20; ++i) r.m.memory.reclaim().age_active_anon(r.zone(), sc);
    EXPECT_EQ(r.size(Lru::active_anon), 128u);
    EXPECT_EQ(r.size(Lru::inactive_anon), 128u);
    EXPECT_EQ(mm.touch(at, 16 * page_size), Access::done);
    EXPECT_EQ(r.pass(1), 0u);
    EXPECT_EQ(mm.swap_entries(), 0u) << "not before files get few";
    EXPECT_EQ(r.pass(0), 0u);
    // Of the inactive ones 16 were used; the others are on their way out.
    EXPECT_EQ(mm.swap_entries(), 112u);
    EXPECT_EQ(mm.rss(), 256u - 112u);
    EXPECT_EQ(r.m.memory.io_in_flight(), 112u);
    EXPECT_EQ(mm.touch(at, 16 * page_size), Access::done);
    EXPECT_EQ(r.m.counters().page_touches, 256u) << "those never left";
    r.m.core.sleep(1 * ms);
    EXPECT_GE(r.pass(0), 112u);
  });
}

TEST(Vmscan, MakesAKswapdWaitThatMeetsWritesASecondTime) {
  Rig r(16 * MiB);
  r.m.lose_swap_io = true;  // They never end.
  r.run([&](AddressSpace& mm) {
    const auto at = static_cast<Address>(mm.mmap_anonymous(1 * MiB));
    EXPECT_EQ(mm.touch(at, 1 * MiB), Access::done);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(r.pass(0), 0u);
    EXPECT_EQ(mm.swap_entries(), r.m.lost_io.size());
    const auto took = [&](bool kswapd, bool flagged) {
      r.zone().flags = static_cast<std::uint8_t>(flagged ? ZONE_WRITEBACK : 0);
      const Nanos before = r.m.core.now();
      ScanControl sc;
      sc.gfp = GFP_KERNEL;
      sc.priority = 2;  // One batch of the inactive ones.
      sc.kswapd = kswapd;
      r.m.memory.reclaim().shrink_zone(r.zone(), sc, false);
      return r.m.core.now() - before;
    };
    EXPECT_TRUE(r.files.fill(0, 40, false));
    for (std::uint32_t i = 0; i < 40; ++i) {
      r.cache.mark_page_accessed(r.files.mapping.find(i));
      r.cache.mark_page_accessed(r.files.mapping.find(i));
    }
    EXPECT_LT(took(false, true), 1 * ms);
    EXPECT_LT(took(true, false), 1 * ms);
    EXPECT_GE(took(true, true), 100 * ms);
    for (const Pfn page : r.m.lost_io) r.m.memory.end_swap_write(page, 0);
  });
}

TEST(Vmscan, WaitsForNobodyWithoutTheRightToSwap) {
  Rig r(16 * MiB);
  r.run([&](AddressSpace& mm) {
    const auto at = static_cast<Address>(mm.mmap_anonymous(1 * MiB));
    EXPECT_EQ(mm.touch(at, 1 * MiB), Access::done);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(r.pass(0, GFP_NOIO), 0u);
    EXPECT_EQ(mm.swap_entries(), 0u);
    EXPECT_EQ(r.pass(0, GFP_NOFS), 0u);
    EXPECT_GT(mm.swap_entries(), 0u) << "swap needs no file system";
  });
}

}  // namespace
}  // namespace brink::test
