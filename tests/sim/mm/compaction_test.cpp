// Compaction: it makes blocks out of scattered free pages where pages move, not where they do not,
// and leaves every account as it was.

#include "sim/mm/compaction.hpp"

#include "sim/mm/kcompactd.hpp"
#include "sim/mm/migrate.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

/// Takes every free page, or block of this order, of the machine, reserves and all.
std::vector<Pfn> take_all(Machine& m, unsigned order) {
  std::vector<Pfn> blocks;
  PageAlloc& allocator = m.memory.allocator();
  for (;;) {
    const Pfn block = allocator.take(order, GFP_KERNEL, Watermark::min, ALLOC_NO_WATERMARKS);
    if (block == no_page) return blocks;
    allocator.prepare(block, order, GFP_KERNEL);
    blocks.push_back(block);
  }
}

/// Fills memory with a process's pages and gives every `step`-th back: nothing but single pages is
/// free then.
void scatter(Machine& m, Machine::Process& p, std::uint32_t step) {
  const Pages pages = m.memory.free_pages() - 1'200;
  const std::int64_t at = p.mm->mmap_anonymous(pages * page_size);
  ASSERT_GT(at, 0);
  ASSERT_EQ(p.mm->touch(static_cast<Address>(at), pages * page_size), Access::done);
  for (Pages page = 0; page < pages; page += step) {
    ASSERT_EQ(p.mm->munmap(static_cast<Address>(at) + page * page_size, page_size), 0);
  }
  take_all(m, 1);
  ASSERT_TRUE(m.kills.empty());
}

/// Every second page of the machine belongs to the kernel, the others are free.
void scatter_kernel_pages(Machine& m) {
  const std::vector<Pfn> pages = take_all(m, 0);
  for (const Pfn page : pages) {
    if (page % 2 == 0) m.memory.free_pages(page, 0);
  }
}

CompactRequest request(unsigned order) { return {order, GFP_KERNEL, Watermark::low, 0}; }

MachineSpec quiet() {
  MachineSpec spec;
  spec.kswapd = false;
  return spec;
}

TEST(Compaction, MakesBlocksOfScatteredPages) {
  Machine m(quiet());
  m.process([&](Machine::Process& p) {
    scatter(m, p, 4);
    Memory& memory = m.memory;
    const auto free_pages = [&] { return memory.free_pages() + memory.zones().on_pcp_lists(); };
    const Pages free = free_pages();
    ASSERT_EQ(memory.allocator().take(6, GFP_KERNEL, Watermark::low, 0), no_page);
    EXPECT_GT(Compaction::fragmentation_index(memory.zones()[ZoneType::dma32], 6), 500);
    const CompactResult result =
        memory.compaction().direct(request(6), CompactPriority::sync_light);
    EXPECT_EQ(result, CompactResult::success);
    EXPECT_EQ(free_pages(), free) << "pages move, none comes or goes";
    EXPECT_EQ(memory.check(), "");
    EXPECT_NE(memory.allocator().take(6, GFP_KERNEL, Watermark::low, 0), no_page);
    EXPECT_GT(m.counters().pages_migrated, 0u);
  });
  m.core.run();
  EXPECT_TRUE(m.bugs.empty());
}

TEST(Compaction, PagesKeepTheirPlaceInTheirAddressSpace) {
  Machine m(quiet());
  m.process([&](Machine::Process& p) {
    scatter(m, p, 2);
    const Pages rss = p.mm->rss();
    static_cast<void>(m.memory.compaction().direct(request(9), CompactPriority::sync_full));
    EXPECT_EQ(p.mm->rss(), rss);
    EXPECT_EQ(m.memory.check(), "");
  });
  m.core.run();
  EXPECT_TRUE(m.bugs.empty());
  EXPECT_EQ(m.memory.check(), "");
  EXPECT_EQ(m.memory.stat().of(PageKind::anon), 0u) << "the process has given everything back";
}

TEST(Compaction, APageLockedInMemoryMeanwhileStaysOffTheLists) {
  Machine m(quiet());
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(page_size));
    ASSERT_EQ(p.mm->touch(at, page_size), Access::done);
    ASSERT_EQ(p.mm->mlock(at, page_size), 0);
    Pfn from = 0;
    while (m.memory.page(from).kind != PageKind::anon) ++from;
    m.memory.reclaim().begin_isolation(from);
    const Pfn to = m.memory.allocator().take(0, GFP_KERNEL, Watermark::low, 0);
    m.memory.allocator().prepare(to, 0, GFP_KERNEL);
    ASSERT_TRUE(migrate_page(m.memory, from, to, GFP_KERNEL));
    EXPECT_EQ(m.memory.check(), "");
    EXPECT_FALSE(m.memory.page(to).has(PG_lru));
    ASSERT_EQ(p.mm->munlock(at, page_size), 0);
    EXPECT_TRUE(m.memory.page(to).has(PG_lru));
    EXPECT_EQ(m.memory.check(), "");
  });
  m.core.run();
  EXPECT_TRUE(m.bugs.empty());
}

TEST(Compaction, CannotMoveKernelPages) {
  Machine m(quiet());
  m.kernel([&] {
    Memory& memory = m.memory;
    scatter_kernel_pages(m);
    EXPECT_EQ(memory.compaction().direct(request(4), CompactPriority::sync_full),
              CompactResult::failed);
    EXPECT_EQ(m.counters().pages_migrated, 0u);
    EXPECT_EQ(memory.check(), "");
  });
  m.core.run();
}

TEST(Compaction, IsSkippedWhereMemoryIsShort) {
  Machine m(quiet());
  m.kernel([&] {
    const std::vector<Pfn> pages = take_all(m, 0);
    const Pages few = m.memory.zones()[ZoneType::dma32].watermark(Watermark::low) + 20;
    Pages given = 0;
    for (const Pfn page : pages) {
      if (page % 2 != 0 || given == few || page < 4'096) continue;
      m.memory.free_pages(page, 0);
      ++given;
    }
    EXPECT_EQ(m.memory.compaction().direct(request(6), CompactPriority::sync_light),
              CompactResult::skipped);
  });
  m.core.run();
}

TEST(Compaction, NeedsTheRightsOfItsEra) {
  for (const auto era : {Rules::Compaction::sync_light, Rules::Compaction::priorities}) {
    MachineSpec spec = quiet();
    spec.rules.compaction = era;
    Machine m(std::move(spec));
    m.process([&](Machine::Process& p) {
      scatter(m, p, 4);
      const CompactRequest nofs{6, GFP_NOFS, Watermark::min, 0};
      const CompactResult result = m.memory.compaction().direct(nofs, CompactPriority::sync_light);
      const bool old = era == Rules::Compaction::sync_light;
      EXPECT_EQ(result, old ? CompactResult::skipped : CompactResult::success);
    });
    m.core.run();
  }
}

TEST(Compaction, IsPutOffAfterEachFailure) {
  Machine m(quiet());
  m.kernel([&] {
    Memory& memory = m.memory;
    scatter_kernel_pages(m);
    std::vector<CompactResult> results;
    for (int i = 0; i < 8; ++i) {
      memory.changed();  // Else nothing could have come of another try.
      results.push_back(memory.compaction().direct(request(4), CompactPriority::sync_light));
    }
    // Twice, then one of two, then one of four …
    using R = CompactResult;
    const std::vector<CompactResult> expected = {R::failed,   R::deferred, R::failed, R::deferred,
                                                 R::deferred, R::deferred, R::failed, R::deferred};
    EXPECT_EQ(results, expected);
  });
  m.core.run();
}

TEST(Kcompactd, MakesBlocksInTheBackground) {
  MachineSpec spec;
  spec.rules.compaction = Rules::Compaction::priorities;
  spec.rules.kcompactd = true;
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    scatter(m, p, 4);
    m.memory.kcompactd().wake(7, ZoneType::normal);
    m.core.sleep(seconds);
    EXPECT_GT(m.counters().pages_migrated, 0u);
    EXPECT_TRUE(m.memory.kcompactd().sleeping());
    EXPECT_EQ(m.memory.check(), "");
  });
  m.core.run();
}

}  // namespace
}  // namespace brink::test
