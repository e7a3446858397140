// What reclaim has tried in vain: looked at or not, the result is the same; and when it counts.

#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

struct Sweeps {
  std::uint64_t hash = 0;
  Counters counters;
  Nanos time = 0;
  std::vector<Pfn> order;  ///< of the inactive file list in the end
};

/// Dirty file pages that nobody may write, anonymous pages that nobody may swap, and requests that
/// sweep over them again and again; in the middle the pages are cleaned.
Sweeps sweep(bool visit, Gfp gfp, bool kswapd, const Rules& rules = {}) {
  MachineSpec spec;
  spec.rules = rules;
  spec.memory.visit_exhausted = visit;
  spec.memory.swap = 64 * MiB;
  spec.kswapd = kswapd;
  spec.retries = 5;
  Machine m(std::move(spec));
  FakeFiles files(m);
  files.refuse = true;
  Sweeps run;
  m.kernel([&] {
    EXPECT_TRUE(files.fill(0, 3000, true));
    EXPECT_TRUE(files.fill(3000, 40, false));
    m.process([&](Machine::Process& p) {
      const auto at = static_cast<Address>(p.mm->mmap_anonymous(16 * MiB));
      EXPECT_EQ(p.mm->touch(at, 16 * MiB), Access::done);
      exhaust(m, 60, 100);
      for (int i = 0; i < 8; ++i) {
        static_cast<void>(m.memory.alloc_pages(site::kernel_boot, 0, gfp | Gfp::noretry));
      }
      // One page becomes clean: everything is to be tried again.
      const Pfn page = files.mapping.find(1234);
      if (page != no_page) static_cast<void>(m.memory.cache().clear_page_dirty_for_io(page));
      for (int i = 0; i < 4; ++i) {
        static_cast<void>(m.memory.alloc_pages(site::kernel_boot, 0, gfp));
      }
      m.memory.reclaim().settle();
      const Zone& zone = m.memory.zones()[ZoneType::dma32];
      for (Pfn pfn = zone.list(Lru::inactive_file).head; pfn != no_page;
           pfn = m.memory.page(pfn).next) {
        run.order.push_back(pfn);
      }
    });
  });
  m.core.run();
  run.hash = m.core.hash();
  run.counters = m.counters();
  run.time = m.core.now();
  EXPECT_EQ(m.memory.check(), "");
  return run;
}

TEST(Exhaustion, ChargedSweepsAreTheSameAsVisitedOnes) {
  for (const Gfp gfp : {GFP_NOIO, GFP_NOFS, GFP_KERNEL}) {
    for (const bool kswapd : {false, true}) {
      const Sweeps charged = sweep(false, gfp, kswapd);
      const Sweeps visited = sweep(true, gfp, kswapd);
      EXPECT_EQ(charged.hash, visited.hash) << gfp_text(gfp) << kswapd;
      EXPECT_EQ(charged.time, visited.time);
      EXPECT_EQ(charged.order, visited.order);
      EXPECT_EQ(charged.counters.pages_scanned, visited.counters.pages_scanned);
      EXPECT_EQ(charged.counters.pages_reclaimed, visited.counters.pages_reclaimed);
      EXPECT_EQ(charged.counters.questions, visited.counters.questions);
      EXPECT_GT(charged.counters.pages_scanned, 5000u);
    }
  }
}

TEST(Exhaustion, ChargedSweepsAreTheSameAsVisitedOnesInEveryKernel) {
  for (const EraRow& era : eras()) {
    for (const Gfp gfp : {GFP_NOFS, GFP_KERNEL}) {
      const Sweeps charged = sweep(false, gfp, true, era.rules);
      const Sweeps visited = sweep(true, gfp, true, era.rules);
      EXPECT_EQ(charged.hash, visited.hash) << era.name << gfp_text(gfp);
      EXPECT_EQ(charged.time, visited.time) << era.name;
      EXPECT_EQ(charged.order, visited.order) << era.name;
      EXPECT_EQ(charged.counters.pages_scanned, visited.counters.pages_scanned) << era.name;
    }
  }
}

/// File pages that cannot be freed and no swap: in each kernel one request's fruitless sweeps, and
/// kswapd's, come to where nobody could free anything, and know it.
TEST(Exhaustion, ComesInEveryKernel) {
  for (const EraRow& era : eras()) {
    MachineSpec spec;
    spec.rules = era.rules;
    spec.retries = 200;
    Machine m(std::move(spec));
    FakeFiles files(m);
    bool tried = false;
    // Whoever is killed first cannot go.
    m.process([&](Machine::Process&) { m.core.sleep(500 * seconds); });
    m.kernel([&] {
      EXPECT_TRUE(files.fill(0, 3000, true));
      for (std::uint32_t i = 0; i < 3000; ++i) m.memory.cache().pin(files.mapping.find(i));
      exhaust(m, 60, 100);
      EXPECT_FALSE(m.memory.exhaustion(ReclaimClass::kernel, GFP_KERNEL).exhausted) << era.name;
      static_cast<void>(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL));
      // In 4.0 the last ones are found by a kswapd that looks at 32 each time it is woken.
      for (int i = 0; i < 120; ++i) {
        m.memory.kswapd().wake_all(0, GFP_KERNEL);
        m.core.sleep(500 * ms);
      }
      const Exhaustion left = m.memory.exhaustion(ReclaimClass::kernel, GFP_KERNEL);
      EXPECT_TRUE(left.exhausted) << era.name << ": " << left.untried << " untried";
      EXPECT_TRUE(m.memory.kswapd().gave_up()) << era.name;
      // One page that could be freed is enough to change that; but in 2.6.3x nobody looks at a
      // short list of a zone that was given up, until a page of it is freed.
      m.memory.cache().unpin(files.mapping.find(7));
      static_cast<void>(m.memory.cache().clear_page_dirty_for_io(files.mapping.find(7)));
      const bool given_up = era.rules.progress == Rules::Progress::enough;
      EXPECT_EQ(m.memory.exhaustion(ReclaimClass::kernel, GFP_KERNEL).exhausted, given_up)
          << era.name;
      const std::uint64_t before = m.counters().pages_reclaimed;
      for (int i = 0; i < 20; ++i) static_cast<void>(m.memory.reclaim().direct(0, GFP_KERNEL));
      for (int i = 0; i < 120; ++i) {
        m.memory.kswapd().wake_all(0, GFP_KERNEL);
        m.core.sleep(500 * ms);
      }
      EXPECT_EQ(m.counters().pages_reclaimed - before, given_up ? 0u : 1u) << era.name;
      tried = true;
    });
    m.core.run();
    EXPECT_TRUE(tried) << era.name;
  }
}

TEST(Exhaustion, HoldsFromTheLastTryToTheNextChange) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.retries = 3;
  Machine m(std::move(spec));
  FakeFiles files(m);
  m.kernel([&] {
    EXPECT_TRUE(files.fill(0, 500, true));
    const Pfn spare = m.memory.alloc_pages(site::kernel_boot);
    exhaust(m, 60, 100);
    const auto exhausted = [&](ReclaimClass c) {
      return m.memory.exhaustion(c, GFP_KERNEL).exhausted;
    };
    EXPECT_FALSE(exhausted(ReclaimClass::nofs));
    EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 0, GFP_NOFS), no_page);
    m.memory.failures().settle_last(Fate::degraded);
    // With these rights and fewer, not with more.
    EXPECT_TRUE(exhausted(ReclaimClass::nofs));
    EXPECT_TRUE(exhausted(ReclaimClass::noio));
    EXPECT_FALSE(exhausted(ReclaimClass::kernel));
    const Exhaustion detail = m.memory.exhaustion(ReclaimClass::nofs, GFP_NOFS, true);
    EXPECT_EQ(detail.dirty, 500u);
    EXPECT_EQ(detail.untried, 0u);
    EXPECT_FALSE(detail.counting);

    const Pfn page = files.mapping.find(7);
    m.memory.cache().pin(page);
    m.memory.cache().unpin(page);
    EXPECT_FALSE(exhausted(ReclaimClass::nofs)) << "a reference was dropped";
    EXPECT_EQ(m.memory.exhaustion(ReclaimClass::nofs, GFP_NOFS).untried, 1u);
    // A page is freed somewhere, and leaves its CPU's list: the zone counts as reclaimable again,
    // and is swept.
    m.memory.free_pages(spare, 0);
    m.memory.allocator().drain_all();
    static_cast<void>(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL | Gfp::memalloc));
    EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 0, GFP_NOFS), no_page);
    m.memory.failures().settle_last(Fate::degraded);
    EXPECT_TRUE(exhausted(ReclaimClass::nofs));
    static_cast<void>(m.memory.cache().clear_page_dirty_for_io(page));
    EXPECT_FALSE(exhausted(ReclaimClass::nofs)) << "a page was cleaned";
  });
  m.core.run();
}

class FakeCache final : public Shrinker {
 public:
  const char* name() const override { return "fake"; }
  std::uint64_t count(Gfp) override { return objects; }
  std::uint64_t scan(Gfp gfp, std::uint64_t nr) override {
    ++scans;
    asked += nr;
    if (!has(gfp, Gfp::fs)) return stop;
    const std::uint64_t freed = std::min(nr, freeable);
    freeable -= freed;
    objects -= freed;
    return freed;
  }
  std::uint64_t objects = 0, freeable = 0, scans = 0, asked = 0;
};

TEST(Shrinkers, AreAskedInProportionAndInBatches) {
  Machine m(MachineSpec{});
  FakeCache cache;
  cache.objects = cache.freeable = 10'000;
  m.memory.register_shrinker(cache);
  m.kernel([&] {
    // 4 × 100 / 2 × 10,000 / 1,001 = 1,998: fifteen batches of 128, the rest next time.
    m.memory.reclaim().shrinkers().shrink(GFP_KERNEL, 100, 1000);
    EXPECT_EQ(cache.asked, 15u * 128u);
    m.memory.reclaim().shrinkers().shrink(GFP_KERNEL, 1, 100'000);
    EXPECT_EQ(cache.asked, 15u * 128u) << "78 left over and less than 50 more";
  });
  m.core.run();
}

TEST(Shrinkers, LeaveToOthersWhatTheyMayNotDo) {
  Machine m(MachineSpec{});
  FakeCache cache;
  cache.objects = cache.freeable = 1000;
  m.memory.register_shrinker(cache);
  m.kernel([&] {
    m.memory.reclaim().shrinkers().shrink(GFP_NOFS, 200, 1000);
    EXPECT_EQ(cache.objects, 1000u);
    EXPECT_EQ(cache.scans, 1u);
    m.memory.reclaim().shrinkers().shrink(GFP_NOFS, 200, 1000);
    EXPECT_EQ(cache.scans, 1u) << "asked in vain a moment ago";
    EXPECT_TRUE(m.memory.reclaim().shrinkers_barren(GFP_NOFS));
    EXPECT_FALSE(m.memory.reclaim().shrinkers_barren(GFP_KERNEL));
    // 399 deferred and 400 more, cut to half of the cache since neither is large by itself.
    m.memory.reclaim().shrinkers().shrink(GFP_KERNEL, 100, 1000);
    EXPECT_EQ(cache.objects, 1000u - 3u * 128u);
  });
  m.core.run();
}

}  // namespace
}  // namespace brink::test
