// Per-CPU lists: their sizes in each kernel, who gets which page, what they hide and give back.

#include "sim/mm/pcp.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

struct Lists {
  explicit Lists(Rules::Pcp kind, Pages managed = 64 * 1024, std::uint32_t cpus = 2)
      : map(managed) {
    buddy.add_range(map, 0, static_cast<Pfn>(managed));
    pcp.set_up(map, buddy, {kind, cpus, managed, managed / 100});
  }
  Pfn alloc(std::uint32_t cpu = 0, Migrate type = Migrate::movable, unsigned order = 0,
            bool cold = false) {
    return pcp.alloc(cpu, order, type, cold, 0);
  }
  /// Also makes it nobody's, as PageAlloc::free() does.
  void free(Pfn pfn, std::uint32_t cpu = 0, unsigned order = 0, bool cold = false) {
    map[pfn].kind = PageKind::free;
    pcp.free(cpu, pfn, order, cold, false);
  }
  PageMap map;
  Buddy buddy;
  PcpLists pcp;
};

TEST(Pcp, SizesAreThoseOfZoneBatchsize) {
  const struct {
    Rules::Pcp kind;
    std::uint64_t mib;
    Pages batch, high;
  } rows[] = {
      {Rules::Pcp::hot_cold, 8, 1, 0},          {Rules::Pcp::by_type, 8, 1, 0},
      {Rules::Pcp::by_type, 48, 3, 18},         {Rules::Pcp::by_type, 256, 15, 90},
      {Rules::Pcp::by_type, 512, 31, 186},      {Rules::Pcp::hot_cold, 8192, 31, 186},
      {Rules::Pcp::small_orders, 512, 31, 655}, {Rules::Pcp::small_orders, 8192, 63, 10'485},
      {Rules::Pcp::small_orders, 8, 1, 10},
  };
  for (const auto& row : rows) {
    const Lists lists(row.kind, row.mib * MiB / page_size);
    EXPECT_EQ(lists.pcp.batch(), row.batch) << row.mib;
    EXPECT_EQ(lists.pcp.high(), row.high) << row.mib;
  }
}

TEST(Pcp, HidesPagesFromTheFreeCountUntilTheyAreDrained) {
  for (const auto kind : {Rules::Pcp::hot_cold, Rules::Pcp::by_type, Rules::Pcp::small_orders}) {
    Lists lists(kind);
    const Pages all = lists.buddy.free_pages();
    const Pfn page = lists.alloc();
    EXPECT_EQ(lists.buddy.free_pages(), all - lists.pcp.batch());
    EXPECT_EQ(lists.pcp.pages(), lists.pcp.batch() - 1);
    // Another CPU has lists of its own.
    EXPECT_EQ(lists.pcp.pages(1), 0u);
    const Pfn other = lists.alloc(1);
    EXPECT_EQ(lists.buddy.free_pages(), all - 2 * lists.pcp.batch());
    lists.free(page);
    lists.free(other, 0);
    EXPECT_EQ(lists.pcp.pages(0), lists.pcp.batch() + 1);
    EXPECT_TRUE(lists.pcp.consistent());
    EXPECT_EQ(lists.pcp.drain(1), lists.pcp.batch() - 1);
    EXPECT_EQ(lists.pcp.drain_all(), lists.pcp.batch() + 1);
    EXPECT_EQ(lists.buddy.free_pages(), all);
    EXPECT_EQ(lists.buddy.free_blocks(max_order), all >> max_order) << "all has merged again";
  }
}

TEST(Pcp, HandsOutTheHottestPageAndTheColdestToWhoAsksForIt) {
  for (const auto kind : {Rules::Pcp::hot_cold, Rules::Pcp::by_type, Rules::Pcp::small_orders}) {
    Lists lists(kind);
    std::vector<Pfn> pages;
    for (int i = 0; i < 8; ++i) pages.push_back(lists.alloc());
    // A refill is handed out in order of address.
    for (std::size_t i = 1; i < 8; ++i) EXPECT_EQ(pages[i], pages[0] + i);
    lists.free(pages[3]);
    lists.free(pages[5], 0, 0, true);
    EXPECT_EQ(lists.alloc(0, Migrate::movable, 0, true), pages[5]);
    EXPECT_EQ(lists.alloc(), pages[3]);
  }
}

TEST(Pcp, OfOneListForAllTypesGivesAnyPageBeforeItFails) {
  for (const auto kind : {Rules::Pcp::hot_cold, Rules::Pcp::by_type}) {
    Lists lists(kind);
    Pfn page = no_page;
    for (Pfn pfn; (pfn = lists.buddy.alloc(0, Migrate::movable)) != no_page;) page = pfn;
    lists.free(page);
    EXPECT_TRUE(lists.pcp.has_block(0, Migrate::movable));
    EXPECT_EQ(lists.alloc(0, Migrate::unmovable), kind == Rules::Pcp::hot_cold ? page : no_page);
  }
}

TEST(Pcp, FreesABatchWhenAListIsTooLong) {
  for (const auto kind : {Rules::Pcp::hot_cold, Rules::Pcp::by_type}) {
    Lists lists(kind);
    std::vector<Pfn> pages;
    for (int i = 0; i < 400; ++i) pages.push_back(lists.buddy.alloc(0, Migrate::movable));
    const Pages high = lists.pcp.high();
    for (Pages i = 0; i + 1 < high; ++i) lists.free(pages[i]);
    EXPECT_EQ(lists.pcp.pages(), high - 1);
    lists.free(pages[high - 1]);
    EXPECT_EQ(lists.pcp.pages(), high - lists.pcp.batch());
  }
}

TEST(Pcp, FreesFromTheListsOfAllTypesInTurn) {
  Lists lists(Rules::Pcp::by_type);
  std::array<Pages, 3> freed{};
  std::vector<std::pair<Pfn, Migrate>> pages;
  for (const Migrate type : {Migrate::unmovable, Migrate::reclaimable, Migrate::movable}) {
    for (int i = 0; i < 80; ++i) pages.emplace_back(lists.buddy.alloc(0, type), type);
  }
  Pages on_lists = 0;
  for (const auto& [pfn, type] : pages) {
    lists.free(pfn);
    if (lists.pcp.pages() <= on_lists) ++freed[static_cast<std::size_t>(type)];
    on_lists = lists.pcp.pages();
  }
  // 240 pages in one sweep of three types: the overflow came while the third was freed, and took
  // from all of them.
  for (const Migrate type : {Migrate::unmovable, Migrate::reclaimable, Migrate::movable}) {
    const Pages before = lists.pcp.pages();
    Pages left = 0;
    while (lists.pcp.has_block(0, type)) {
      static_cast<void>(lists.pcp.pop(0, type));
      ++left;
    }
    EXPECT_LT(left, 80u) << static_cast<int>(type);
    EXPECT_EQ(lists.pcp.pages(), before - left);
  }
}

TEST(Pcp, HoldsSmallOrdersAndPageblocksSinceFiveFourteen) {
  Lists old(Rules::Pcp::by_type), recent(Rules::Pcp::small_orders);
  EXPECT_TRUE(old.pcp.takes(0));
  for (const unsigned order : {1u, 2u, 3u, pageblock_order}) {
    EXPECT_FALSE(old.pcp.takes(order));
    EXPECT_TRUE(recent.pcp.takes(order));
  }
  EXPECT_FALSE(recent.pcp.takes(4));
  EXPECT_FALSE(recent.pcp.takes(10));
  // batch >> order blocks, but two at least.
  EXPECT_EQ(recent.alloc(0, Migrate::unmovable, 3) % 8, 0u);
  EXPECT_EQ(recent.pcp.pages(),
            (recent.pcp.batch() >> 3) * 8 - 8 + (recent.pcp.batch() < 16 ? 8 : 0));
  const Pfn large = recent.alloc(0, Migrate::movable, pageblock_order);
  EXPECT_EQ(large % 512, 0u);
  recent.free(large, 0, pageblock_order);
  EXPECT_EQ(recent.alloc(0, Migrate::movable, pageblock_order), large);
  EXPECT_TRUE(recent.pcp.consistent());
}

TEST(Pcp, FreesMoreEachTimeInARowSinceFiveFourteen) {
  Lists lists(Rules::Pcp::small_orders, 2 * GiB / page_size, 1);
  std::vector<Pfn> pages;
  for (int i = 0; i < 40'000; ++i) pages.push_back(lists.buddy.alloc(0, Migrate::movable));
  std::vector<Pages> bulks;
  for (const Pfn pfn : pages) {
    const Pages before = lists.pcp.pages();
    lists.free(pfn);
    if (lists.pcp.pages() <= before) bulks.push_back(before + 1 - lists.pcp.pages());
  }
  const Pages batch = lists.pcp.batch();
  ASSERT_GE(bulks.size(), 8u);
  EXPECT_EQ(std::vector<Pages>(bulks.begin(), bulks.begin() + 7),
            (std::vector<Pages>{batch, 2 * batch, 4 * batch, 8 * batch, 16 * batch, 32 * batch,
                                32 * batch}));
  // Freed in bulk without being asked for, small blocks do not stay at all.
  const Pfn block = lists.buddy.alloc(2, Migrate::movable);
  lists.free(block, 0, 2);
  EXPECT_EQ(lists.pcp.pages(), 0u);
}

TEST(Pcp, IsKeptShortWhileKswapdWorks) {
  Lists lists(Rules::Pcp::small_orders, 2 * GiB / page_size, 1);
  std::vector<Pfn> pages;
  for (Pages i = 0; i < lists.pcp.batch() * 4; ++i) {
    pages.push_back(lists.buddy.alloc(0, Migrate::movable));
  }
  bool freed = false;
  for (const Pfn pfn : pages) freed = lists.pcp.free(0, pfn, 0, false, true);
  EXPECT_TRUE(freed);
}

// --- In a machine.

MachineSpec with(Rules::Pcp kind, std::uint64_t memory = 512 * MiB) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.memory.memory = memory;
  spec.rules.pcp = kind;
  return spec;
}

TEST(Pcp, MakesHighOrdersWaitForADrain) {
  // All is in use but two blocks of order 2, which were freed page by page.
  Machine m(with(Rules::Pcp::by_type));
  m.kernel([&] {
    PageAlloc& allocator = m.memory.allocator();
    exhaust(m, 0, 0);
    std::vector<Pfn> pages;
    const Zone& zone = m.memory.zones()[ZoneType::dma32];
    for (Pfn pfn = zone.begin + 4096; pfn < zone.begin + 4096 + 128; ++pfn) {
      m.memory.free_pages(pfn, 0);
    }
    EXPECT_EQ(zone.free(), 0u);
    EXPECT_EQ(zone.pcp.pages(), 128u);
    const Gfp gfp = GFP_KERNEL;
    EXPECT_FALSE(allocator.would_find(2, gfp, Watermark::min, ALLOC_NO_WATERMARKS));
    EXPECT_EQ(allocator.take(2, gfp, Watermark::min, ALLOC_NO_WATERMARKS), no_page);
    EXPECT_TRUE(allocator.would_find_after_drain(2, gfp, Watermark::min, ALLOC_NO_WATERMARKS));
    EXPECT_FALSE(allocator.would_find_after_drain(0, gfp, Watermark::min, 0)) << "128 are too few";
    EXPECT_EQ(allocator.drain_local(), 128u);
    const Pfn block = allocator.take(2, gfp, Watermark::min, ALLOC_NO_WATERMARKS);
    EXPECT_NE(block, no_page);
    allocator.prepare(block, 2, gfp);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Pcp, OfAnotherCpuIsReachedByADrainOfAll) {
  MachineSpec spec = with(Rules::Pcp::by_type);
  Machine m(std::move(spec));
  std::vector<Pfn> pages;
  std::array<Pages, 2> on_list{};
  const Zone& zone = m.memory.zones()[ZoneType::dma32];
  for (int task = 0; task < 2; ++task) {
    m.kernel([&] {
      for (int i = 0; i < 50; ++i) pages.push_back(m.memory.alloc_pages(site::kernel_boot));
      m.core.sleep(1 * ms);
    });
  }
  m.core.run();
  for (std::uint32_t cpu = 0; cpu < 2; ++cpu) on_list[cpu] = zone.pcp.pages(cpu);
  EXPECT_NE(on_list[0], 0u);
  EXPECT_NE(on_list[1], 0u);
  // From outside of tasks as from interrupts: CPU 0.
  EXPECT_EQ(m.memory.allocator().drain_local(), on_list[0]);
  EXPECT_EQ(m.memory.allocator().drain_all(), on_list[1]);
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Pcp, InBulkIsTheSameAsPageByPageUnderEveryRule) {
  for (const auto& rules : {linux_2_6_30_rules(), Rules{}, linux_6_1_rules()}) {
    std::array<std::uint64_t, 2> hash{};
    for (const bool single : {false, true}) {
      MachineSpec spec;
      spec.rules = rules;
      spec.memory.single_step = single;
      spec.memory.memory = 96 * MiB;
      Machine m(std::move(spec));
      for (std::uint64_t i = 1; i <= 3; ++i) {
        m.process([&m, i](Machine::Process& p) {
          const std::uint64_t bytes = i * 14 * MiB;
          const auto at = static_cast<Address>(p.mm->mmap_anonymous(bytes));
          for (std::uint64_t from = 0; from < bytes; from += 300 * KiB) {
            EXPECT_EQ(p.mm->touch(at + from, std::min(300 * KiB, bytes - from)), Access::done);
            const auto order = static_cast<unsigned>(from / KiB % 3);
            const Pfn kernel = m.memory.alloc_pages(site::kernel_boot, order);
            m.core.sleep(i * 100 * us);
            m.memory.free_pages(kernel, order);
          }
        });
      }
      m.core.run();
      EXPECT_EQ(m.memory.check(), "");
      hash[single] = m.core.hash();
    }
    EXPECT_EQ(hash[0], hash[1]);
  }
}

}  // namespace
}  // namespace brink::test
