// What zones keep for some: pageblocks for high orders, marks that rise when types mix, high zones
// before low ones. Each rule by itself, in a machine.

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

MachineSpec plain(std::uint64_t memory = 512 * MiB) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.retries = 0;
  spec.memory.memory = memory;
  return spec;
}

Pages reserved_blocks(const Memory& memory, const Zone& zone, Migrate type) {
  Pages blocks = 0;
  PageMap& map = const_cast<Memory&>(memory).map();
  for (Pfn pfn = zone.begin; pfn < zone.end; pfn += Pfn{1} << pageblock_order) {
    if (map.block_type(pfn) == type) ++blocks;
  }
  return blocks;
}

TEST(Reserve, HasAsManyPageblocksAsTheMinMarkFillsUntil2631) {
  using Kind = Rules::HighOrderReserve;
  for (const auto& [kind, blocks] :
       {std::pair{Kind::pageblocks, 6u}, std::pair{Kind::two_pageblocks, 2u},
        std::pair{Kind::highatomic, 0u}}) {
    MachineSpec spec = plain();
    spec.rules.high_order_reserve = kind;
    spec.memory.min_free_kbytes = 12'000;  // DMA32: 2,906 pages
    Machine m(std::move(spec));
    const Zone& zone = m.memory.zones()[ZoneType::dma32];
    EXPECT_EQ(reserved_blocks(m.memory, zone, Migrate::reserve), blocks);
  }
}

Rules with_highatomic() {
  Rules rules;
  rules.high_order_reserve = Rules::HighOrderReserve::highatomic;
  rules.high_order_mark = Rules::HighOrderMark::free_block;
  return rules;
}

/// One attempt with the rights that the slow path would give.
Pfn attempt(Machine& m, unsigned order, Gfp gfp) {
  PageAlloc& a = m.memory.allocator();
  const Pfn page = a.take(order, gfp, Watermark::min, a.alloc_flags(gfp, false, false));
  if (page != no_page) a.prepare(page, order, gfp);
  return page;
}

TEST(Highatomic, KeepsThePageblocksThatHighOrderAtomicRequestsHaveMet) {
  for (const bool keeps : {false, true}) {
    MachineSpec spec = plain();
    if (keeps) spec.rules = with_highatomic();
    Machine m(std::move(spec));
    m.kernel([&] {
      Zone& zone = m.memory.zones()[ZoneType::dma32];
      const Pfn plain_page = attempt(m, 2, GFP_KERNEL);
      EXPECT_NE(m.memory.map().block_type(plain_page), Migrate::highatomic);
      EXPECT_NE(attempt(m, 0, GFP_ATOMIC), no_page);
      EXPECT_EQ(zone.nr_reserved_highatomic, 0u) << "neither order 0 nor who may sleep";
      const Pfn page = attempt(m, 2, GFP_ATOMIC);
      EXPECT_EQ(m.memory.map().block_type(page) == Migrate::highatomic, keeps);
      EXPECT_EQ(zone.nr_reserved_highatomic, keeps ? 512u : 0u);
    });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
}

TEST(Highatomic, KeepsAHundredthOfTheZoneAndOnePageblockAtMost) {
  MachineSpec spec = plain();
  spec.rules = with_highatomic();
  Machine m(std::move(spec));
  m.kernel([&] {
    Zone& zone = m.memory.zones()[ZoneType::dma32];
    for (int i = 0; i < 2000; ++i) EXPECT_NE(attempt(m, 3, GFP_ATOMIC), no_page);
    // 126,976 / 100 + 512 = 1,781: no further block once that is reached.
    EXPECT_EQ(zone.nr_reserved_highatomic, 4u * 512);
    EXPECT_EQ(reserved_blocks(m.memory, zone, Migrate::highatomic), 4u);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Highatomic, IsNotSeenByOthersAndGivenUpUnderPressure) {
  MachineSpec spec = plain();
  spec.rules = with_highatomic();
  Machine m(std::move(spec));
  m.kernel([&] {
    PageAlloc& allocator = m.memory.allocator();
    Zone& zone = m.memory.zones()[ZoneType::dma32];
    const Pfn page = attempt(m, 4, GFP_ATOMIC);
    // Everything else is in use: what is left is of use to atomic requests only.
    while (zone.buddy.has_block(0)) {
      const Pfn p = allocator.take(0, GFP_KERNEL, Watermark::min, ALLOC_NO_WATERMARKS);
      ASSERT_NE(p, no_page);
      allocator.prepare(p, 0, GFP_KERNEL);
      allocator.drain_all();
    }
    EXPECT_EQ(zone.free(), 512u - 16u);
    exhaust(m, 0, zone.free());
    const unsigned oom = ALLOC_OOM | ALLOC_HIGH;
    EXPECT_FALSE(zone.watermark_ok(0, 100, ZoneType::dma32, 0, m.memory.rules().high_order_mark));
    EXPECT_TRUE(zone.watermark_ok(0, 100, ZoneType::dma32, oom, m.memory.rules().high_order_mark));
    EXPECT_EQ(attempt(m, 0, GFP_KERNEL), no_page);
    EXPECT_NE(attempt(m, 4, GFP_ATOMIC), no_page);
    EXPECT_NE(attempt(m, 0, GFP_ATOMIC), no_page) << "as a last resort";
    // May dip into the reserve, may sleep: has no right to these.
    EXPECT_EQ(attempt(m, 0, GFP_KERNEL | Gfp::high), no_page);
    EXPECT_FALSE(allocator.would_find(0, GFP_KERNEL | Gfp::high, Watermark::min, ALLOC_HIGH));
    EXPECT_TRUE(
        allocator.would_find_after_drain(0, GFP_KERNEL | Gfp::high, Watermark::min, ALLOC_HIGH));

    EXPECT_FALSE(allocator.unreserve_highatomic(GFP_KERNEL, false)) << "the last one stays";
    EXPECT_TRUE(allocator.unreserve_highatomic(GFP_KERNEL, true));
    EXPECT_EQ(zone.nr_reserved_highatomic, 0u);
    EXPECT_EQ(m.memory.map().block_type(page), Migrate::unmovable);
    EXPECT_NE(attempt(m, 0, GFP_KERNEL | Gfp::high), no_page);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

/// Fills a machine with unmovable pages and frees some blocks; then asks for movable ones.
void mix(Machine& m) {
  exhaust(m, 0, 0);
  const Zone& zone = m.memory.zones()[ZoneType::dma32];
  for (Pfn pfn = zone.begin + 8192; pfn < zone.begin + 8192 + 40'000; pfn += 2) {
    m.memory.free_pages(pfn, 0);
  }
  m.memory.allocator().drain_all();
  EXPECT_NE(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL | Gfp::movable), no_page);
}

TEST(Boost, RaisesMarksWhenTypesMixAndIsTakenBackByKswapd) {
  for (const std::uint32_t factor : {0u, 15'000u}) {
    MachineSpec spec = plain();
    spec.rules.watermark_boost_factor = factor;
    Machine m(std::move(spec));
    m.kernel([&] {
      Zone& zone = m.memory.zones()[ZoneType::dma32];
      const Pages min = zone.watermark(Watermark::min);
      mix(m);
      EXPECT_EQ(zone.boost != 0, factor != 0);
      EXPECT_EQ(zone.watermark(Watermark::min), min + zone.boost);
      // 150 % of the high mark, 1,051 pages.
      for (int i = 0; i < 10; ++i) zone.boost_watermark(factor);
      EXPECT_EQ(zone.boost, factor != 0 ? 1576u : 0u);
      zone.unboost(576);
      EXPECT_EQ(zone.boost, factor != 0 ? 1000u : 0u);
      // Small zones are left alone.
      EXPECT_FALSE(Zone{}.boost_watermark(factor));
    });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
}

TEST(Boost, IsIgnoredByAtomicRequestsOfAPage) {
  MachineSpec spec = plain();
  Machine m(std::move(spec));
  m.kernel([&] {
    PageAlloc& allocator = m.memory.allocator();
    Zone& zone = m.memory.zones()[ZoneType::dma32];
    exhaust(m, 0, 1000);  // the min mark is 701
    zone.boost = 512;
    const auto found = [&](unsigned order, Gfp gfp, Watermark mark) {
      return allocator.would_find(order, gfp, mark, 0);
    };
    EXPECT_FALSE(found(0, GFP_KERNEL, Watermark::min));
    EXPECT_TRUE(found(0, GFP_ATOMIC, Watermark::min));
    EXPECT_FALSE(found(0, GFP_ATOMIC, Watermark::low));
    zone.boost = 0;
    EXPECT_TRUE(found(0, GFP_KERNEL, Watermark::min));
  });
  m.core.run();
}

TEST(Nofragment, GoesToALowerZoneRatherThanMixTypes) {
  for (const bool nofragment : {false, true}) {
    MachineSpec spec = plain(5 * GiB);
    spec.rules.nofragment = nofragment;
    Machine m(std::move(spec));
    m.kernel([&] {
      // Normal has free pages enough, but only small blocks in unmovable pageblocks.
      Zones& zones = m.memory.zones();
      Zone& normal = zones[ZoneType::normal];
      while (normal.buddy.alloc(0, Migrate::unmovable) != no_page) {
      }
      const Pfn begin = normal.begin + 1024;  // behind the reserve
      for (Pfn pfn = begin; pfn < begin + 60'000; pfn += 2) normal.buddy.free(pfn, 0);
      const Pfn page = m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL | Gfp::movable);
      EXPECT_EQ(zones.type_of(page), nofragment ? ZoneType::dma32 : ZoneType::normal);
      // Where there is no other way, types mix after all.
      for (const ZoneType type : {ZoneType::dma, ZoneType::dma32}) {
        while (zones[type].buddy.alloc(0, Migrate::movable) != no_page) {
        }
      }
      m.memory.allocator().drain_all();
      const Pfn last = m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL | Gfp::movable);
      EXPECT_EQ(zones.type_of(last), ZoneType::normal);
    });
    m.core.run();
  }
}

TEST(Highmem, IsForThoseWhoAskForIt) {
  MachineSpec spec = plain(1280 * MiB);
  spec.memory.arch = Arch::x86_32;
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    Zones& zones = m.memory.zones();
    const Pages normal = zones[ZoneType::normal].free();
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(64 * MiB));
    EXPECT_EQ(p.mm->touch(at, 64 * MiB), Access::done);
    EXPECT_GE(zones[ZoneType::highmem].free() + 64 * MiB / page_size,
              zones[ZoneType::highmem].managed - 200);
    EXPECT_LT(normal - zones[ZoneType::normal].free(), 200u) << "page tables and the like only";
    EXPECT_LE(zones[ZoneType::highmem].free(), zones[ZoneType::highmem].managed - 16'384);
    EXPECT_EQ(zones.type_of(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL)),
              ZoneType::normal);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(DrainPcp, ComesBeforeTheAttemptOrAfterItByTheRule) {
  // Two pages that lie on the list of a CPU are one block of order 1.
  for (const auto drain : {Rules::DrainPcp::high_order, Rules::DrainPcp::miss}) {
    MachineSpec spec = plain(64 * MiB);
    spec.rules.drain_pcp = drain;
    spec.rules.high_order_mark = Rules::HighOrderMark::free_block;
    Machine m(std::move(spec));
    m.kernel([&] {
      std::vector<Pfn> pages;
      for (int i = 0; i < 2; ++i) pages.push_back(m.memory.alloc_pages(site::kernel_boot));
      exhaust(m, 60, 180);
      m.memory.free_pages(pages[0], 0);
      const Zone& zone = m.memory.zones()[ZoneType::dma32];
      EXPECT_EQ(zone.pcp.pages(), 1u);
      EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 1, GFP_KERNEL), no_page);
      // Reclaim finds nothing: only the older rule drains all the same.
      EXPECT_EQ(zone.pcp.pages(), drain == Rules::DrainPcp::high_order ? 0u : 1u);
      m.memory.failures().settle_last(Fate::degraded);
    });
    m.core.run();
  }
}

}  // namespace
}  // namespace brink::test
