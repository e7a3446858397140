// Requests at the allocator's entry: masks, zones, migratetypes, marks and rights, and what is
// told.

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

MachineSpec plain(std::uint64_t memory = 64 * MiB) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.retries = 0;
  spec.memory.memory = memory;
  return spec;
}

TEST(PageAlloc, ReadsRightsFromTheMaskAsGfpToAllocFlagsDoes) {
  const struct {
    Gfp gfp;
    bool reclaimer, victim;
    unsigned flags;
  } rows[] = {
      {GFP_KERNEL, false, false, 0},
      {GFP_NOFS | Gfp::high, false, false, ALLOC_HIGH},
      {GFP_ATOMIC, false, false, ALLOC_HIGH | ALLOC_HARDER | ALLOC_NON_BLOCK},
      {GFP_NOWAIT, false, false, ALLOC_HARDER | ALLOC_NON_BLOCK},
      {Gfp::none, false, false, 0},  // GFP_TRANSHUGE without waiting: also no kswapd.
      {GFP_ATOMIC | Gfp::nomemalloc, false, false, ALLOC_HIGH},
      {GFP_ATOMIC | Gfp::memalloc, false, false,
       ALLOC_HIGH | ALLOC_HARDER | ALLOC_NON_BLOCK | ALLOC_NO_WATERMARKS},
      {GFP_KERNEL | Gfp::memalloc | Gfp::nomemalloc, true, true, 0},
      {GFP_KERNEL, true, false, ALLOC_NO_WATERMARKS},
      {GFP_KERNEL, false, true, ALLOC_NO_WATERMARKS},
      {GFP_KERNEL | Gfp::nomemalloc, false, true, 0},
  };
  Machine m(plain());
  for (const auto& row : rows) {
    EXPECT_EQ(m.memory.allocator().alloc_flags(row.gfp, row.reclaimer, row.victim), row.flags)
        << gfp_text(row.gfp) << row.reclaimer << row.victim;
  }
}

TEST(PageAlloc, GivesWhoCannotSleepWhatTheRuleSays) {
  for (const bool with_high : {false, true}) {
    MachineSpec spec = plain();
    if (with_high) spec.rules.no_sleep_bonus = Rules::NoSleepBonus::with_high;
    Machine m(std::move(spec));
    const PageAlloc& a = m.memory.allocator();
    EXPECT_EQ(a.alloc_flags(GFP_NOWAIT, false, false),
              with_high ? ALLOC_NON_BLOCK : ALLOC_HARDER | ALLOC_NON_BLOCK);
    EXPECT_EQ(a.alloc_flags(GFP_ATOMIC, false, false),
              unsigned{ALLOC_HIGH | ALLOC_HARDER | ALLOC_NON_BLOCK});
    // What that is worth: nothing, or a quarter of 192 pages.
    m.kernel([&] {
      exhaust(m, 0, 150);
      EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 0, GFP_NOWAIT) != no_page, !with_high);
      EXPECT_NE(m.memory.alloc_pages(site::kernel_boot, 0, GFP_ATOMIC), no_page);
      m.memory.failures().settle_killed(m.core.current());
    });
    m.core.run();
  }
}

TEST(PageAlloc, PutsBlocksWhereTheirMobilityBelongs) {
  EXPECT_EQ(migrate_type(GFP_KERNEL), Migrate::unmovable);
  EXPECT_EQ(migrate_type(GFP_HIGHUSER_MOVABLE), Migrate::movable);
  EXPECT_EQ(migrate_type(GFP_KERNEL | Gfp::reclaimable), Migrate::reclaimable);
  Machine m(plain());
  m.kernel([&] {
    const Gfp masks[] = {GFP_KERNEL, GFP_KERNEL | Gfp::movable, GFP_KERNEL | Gfp::reclaimable};
    std::array<Pfn, 3> block{};
    for (int round = 0; round < 200; ++round) {
      for (std::size_t i = 0; i < 3; ++i) {
        const Pfn page = m.memory.alloc_pages(site::mm_vma, 0, masks[i]);
        block[i] = page >> pageblock_order;
        EXPECT_EQ(m.memory.map().block_type(page), migrate_type(masks[i]));
      }
      EXPECT_TRUE(block[0] != block[1] && block[1] != block[2] && block[0] != block[2]);
    }
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(PageAlloc, FallsBackToLowerZonesButLeavesThemTheirReserve) {
  Machine m(plain());
  m.kernel([&] {
    Zones& zones = m.memory.zones();
    const Zone& dma = zones[ZoneType::dma];
    const Pages before = dma.free();
    EXPECT_EQ(zones.type_of(m.memory.alloc_pages(site::mm_vma, 0, GFP_KERNEL)), ZoneType::dma32);
    EXPECT_EQ(zones.type_of(m.memory.alloc_pages(site::mm_vma, 0, GFP_KERNEL | Gfp::dma)),
              ZoneType::dma);
    EXPECT_EQ(dma.free(), before - 1);
    while (m.memory.alloc_pages(site::mm_vma, 0, GFP_KERNEL | Gfp::noretry) != no_page) {
    }
    // What is left of the lower zone: its mark and 1/256 of what lies above it.
    EXPECT_EQ(zones[ZoneType::dma32].free(), zones[ZoneType::dma32].watermark(Watermark::min));
    EXPECT_EQ(dma.free(), dma.watermark(Watermark::min) + 12288 / 256);
    while (m.memory.alloc_pages(site::mm_vma, 0, GFP_KERNEL | Gfp::dma | Gfp::noretry) != no_page) {
    }
    EXPECT_EQ(dma.free(), dma.watermark(Watermark::min));
    m.memory.failures().settle_killed(m.core.current());
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(PageAlloc, FindsInThoughtWhatItFinds) {
  Machine m(plain(24 * MiB));
  m.kernel([&] {
    PageAlloc& a = m.memory.allocator();
    const unsigned rights[] = {0, ALLOC_HIGH, ALLOC_HIGH | ALLOC_HARDER, ALLOC_OOM,
                               ALLOC_NO_WATERMARKS};
    const Gfp masks[] = {GFP_KERNEL, GFP_KERNEL | Gfp::movable, GFP_KERNEL | Gfp::dma};
    std::uint32_t i = 0;
    int failures = 0;
    for (; failures < 2000; ++i) {
      const unsigned order = i % 17 == 0 ? i / 17 % (max_order + 1) : i % 3;
      const Gfp gfp = masks[i / 5 % 3];
      const unsigned flags = rights[i / 7 % 5];
      const auto mark = static_cast<Watermark>(i / 11 % 3);
      const bool would = a.would_find(order, gfp, mark, flags);
      const Pfn page = a.take(order, gfp, mark, flags);
      ASSERT_EQ(would, page != no_page) << i;
      if (page == no_page) {
        ++failures;
        continue;
      }
      a.prepare(page, order, gfp);
      if (i % 13 == 0) m.memory.free_pages(page, order);
    }
    EXPECT_EQ(m.memory.free_pages(), 0u) << "everything was given in the end";
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

struct Tap final : AllocTap {
  void page_request(Site site, unsigned order, Gfp gfp, Pfn pages) override {
    told.push_back({site, order, gfp, pages != no_page});
  }
  void object_request(Site site, const char*, std::uint32_t size, Gfp gfp, bool ok) override {
    told.push_back({site, size, gfp, ok});
  }
  struct Request {
    Site site;
    unsigned size;
    Gfp gfp;
    bool ok;
  };
  std::vector<Request> told;
};

TEST(PageAlloc, TellsEachRequestAndItsAnswerOnce) {
  Machine m(plain());
  Tap tap;
  m.memory.set_tap(&tap);
  m.kernel([&] {
    EXPECT_NE(m.memory.alloc_pages(site::mm_page_table), no_page);
    EXPECT_TRUE(static_cast<bool>(m.memory.kmalloc(100, site::mm_vma)));
    exhaust(m, 0, 0);
    EXPECT_EQ(m.memory.alloc_pages(site::mm_anon_page, 2, GFP_ATOMIC), no_page);
    m.memory.failures().settle_last(Fate::degraded);
  });
  m.core.run();
  ASSERT_EQ(tap.told.size(), 4u);
  EXPECT_EQ(tap.told[0].site, site::mm_page_table);
  EXPECT_EQ(tap.told[0].gfp, m.memory.rule(site::mm_page_table).gfp);
  // The slab's pages first, for a site of their own; then the object.
  EXPECT_EQ(tap.told[1].site, site::slab_page);
  EXPECT_EQ(tap.told[2].site, site::mm_vma);
  EXPECT_EQ(tap.told[2].size, 128u);
  EXPECT_TRUE(tap.told[2].ok);
  EXPECT_EQ(tap.told[3].size, 2u);
  EXPECT_FALSE(tap.told[3].ok);
}

TEST(PageAlloc, ForgetsHowOftenAZoneWasScannedWhenAPageOfItIsFreed) {
  Machine m(plain());
  m.kernel([&] {
    const Pfn page = m.memory.alloc_pages(site::mm_vma);
    Zone& dma32 = m.memory.zones()[ZoneType::dma32];
    Zone& dma = m.memory.zones()[ZoneType::dma];
    dma32.pages_scanned = dma.pages_scanned = 1000;
    m.memory.free_pages(page, 0);
    EXPECT_EQ(dma32.pages_scanned, 1000u) << "it is on its CPU's list";
    EXPECT_NE(m.memory.allocator().drain_all(), 0u);
    EXPECT_EQ(dma32.pages_scanned, 0u);
    EXPECT_EQ(dma.pages_scanned, 1000u);
  });
  m.core.run();
}

}  // namespace
}  // namespace brink::test
