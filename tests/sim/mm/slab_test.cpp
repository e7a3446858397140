// Slabs: layouts as SLUB's boot messages and /proc/slabinfo show them, handles that notice misuse,
// and pages that are given back.

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

struct Row {
  std::uint32_t size, align, cpus;
  unsigned order, objects;
};

TEST(SlabLayout, IsWhatCalculateOrderMakesOfIt) {
  // By hand from mm/slub.c: at least 4 × (fls(cpus) + 1) objects, at most 1/16, 1/8, 1/4 wasted.
  const Row rows[] = {
      {8, 8, 2, 0, 512},    {96, 8, 2, 0, 42},   {192, 8, 2, 0, 21},  {256, 8, 2, 0, 16},
      {512, 8, 2, 1, 16},   {1024, 8, 2, 2, 16}, {2048, 8, 2, 3, 16}, {4096, 8, 2, 3, 8},
      {8192, 8, 2, 3, 4},   {184, 8, 2, 0, 22},  {576, 8, 2, 1, 14},  {1400, 8, 2, 3, 23},
      {2200, 8, 2, 3, 14},  {5000, 8, 2, 3, 6},  {512, 8, 1, 0, 8},   {512, 8, 8, 2, 32},
      {1024, 8, 64, 3, 32}, {40, 64, 2, 0, 64},  {100, 8, 4, 0, 39},  {20'000, 8, 2, 3, 1},
      {33'000, 8, 2, 4, 1},
  };
  for (const Row& row : rows) {
    const SlabLayout layout = slab_layout({"", row.size, row.align}, row.cpus);
    EXPECT_EQ(layout.order, row.order) << row.size << ' ' << row.cpus;
    EXPECT_EQ(layout.objects, row.objects) << row.size << ' ' << row.cpus;
  }
  const SlabLayout two = slab_layout({"", 2048}, 2);
  EXPECT_EQ(two.min_order, 0u);
  EXPECT_EQ(two.min_objects, 2u);
  EXPECT_EQ(slab_layout({"", 5000}, 2).min_order, 1u);
}

TEST(Slab, TakesAPageOnlyWhenNoSlabHasRoom) {
  Machine m(MachineSpec{});
  m.kernel([&] {
    SlabCache& cache = m.memory.slab_cache("vm_area_struct");
    std::vector<SlabObject> objects;
    for (int i = 0; i < 22; ++i) objects.push_back(m.memory.alloc_object(cache, site::mm_vma));
    EXPECT_EQ(cache.pages(), 1u);
    objects.push_back(m.memory.alloc_object(cache, site::mm_vma));
    EXPECT_EQ(cache.pages(), 2u);
    EXPECT_EQ(m.memory.stat().of(PageKind::slab), 2u);
    // What is freed is used again before another slab grows.
    m.memory.free_object(objects[3]);
    const SlabObject again = m.memory.alloc_object(cache, site::mm_vma);
    for (int i = 0; i < 21; ++i) static_cast<void>(m.memory.alloc_object(cache, site::mm_vma));
    EXPECT_EQ(cache.pages(), 2u);
    EXPECT_NE(again, objects[3]) << "same place, another generation";
    EXPECT_EQ(cache.objects_in_use(), 44u);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Slab, NoticesADoubleFreeAndAUseAfterFree) {
  Machine m(MachineSpec{});
  m.kernel([&] {
    const SlabObject first = m.memory.kmalloc(100, site::mm_vma);
    EXPECT_TRUE(m.memory.slab().check(first, "use"));
    EXPECT_STREQ(m.memory.slab().cache_of(first)->name(), "kmalloc-128");
    m.memory.free_object(first);
    EXPECT_EQ(m.bugs.size(), 0u);
    m.memory.free_object(first);
    EXPECT_EQ(m.bugs.size(), 1u);
    EXPECT_EQ(m.bugs.back(), "free of a slab object that is not allocated (kmalloc-128)");
    // Its place belongs to somebody else now, who is not harmed.
    const SlabObject second = m.memory.kmalloc(100, site::mm_vma);
    EXPECT_EQ(second.index, first.index);
    m.memory.free_object(first);
    EXPECT_FALSE(m.memory.slab().check(first, "use"));
    EXPECT_EQ(m.bugs.size(), 3u);
    EXPECT_TRUE(m.memory.slab().check(second, "use"));
    EXPECT_EQ(m.memory.slab().cache_of(second)->objects_in_use(), 1u);
    m.memory.free_object(SlabObject{});
    EXPECT_EQ(m.bugs.size(), 4u);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Slab, NoticesMisuseOfLargeObjectsToo) {
  Machine m(MachineSpec{});
  m.kernel([&] {
    const SlabObject large = m.memory.kmalloc(20'000, site::mm_vma);
    EXPECT_EQ(m.memory.stat().of(PageKind::kernel), 8u);
    EXPECT_EQ(m.memory.slab().cache_of(large), nullptr);
    m.memory.free_object(large);
    EXPECT_EQ(m.memory.stat().of(PageKind::kernel), 0u);
    // The same pages in other hands are not the object, even if those used its number.
    const Pfn pages = m.memory.alloc_pages(site::kernel_boot, 3);
    EXPECT_EQ(pages, large.page);
    EXPECT_FALSE(m.memory.slab().check(large, "use"));
    m.memory.page(pages).index = large.generation;
    m.memory.free_pages(pages, 3);
    EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 3), large.page);
    m.memory.free_object(large);
    EXPECT_EQ(m.bugs.size(), 2u);
    EXPECT_EQ(m.memory.stat().of(PageKind::kernel), 8u);
  });
  m.core.run();
}

TEST(Slab, GivesEmptySlabsBackButForAFew) {
  // kmalloc-256: 16 objects a slab. Without partial slabs of CPUs, five partial ones are enough.
  for (const bool keeps_empty : {true, false}) {
    MachineSpec spec;
    spec.rules.slab.cpu_partial = SlabRules::CpuPartial::none;
    spec.rules.slab.keeps_empty = keeps_empty;
    Machine m(std::move(spec));
    m.kernel([&] {
      SlabCache& cache = *m.memory.slab().kmalloc_cache(256);
      std::vector<SlabObject> objects;
      for (int i = 0; i < 20 * 16; ++i) objects.push_back(m.memory.kmalloc(256, site::mm_vma));
      EXPECT_EQ(cache.pages(), 20u);
      const auto free_pages = [&] {
        return m.memory.free_pages() + m.memory.zones().on_pcp_lists();
      };
      const Pages free = free_pages();
      // One object of each stays.
      for (std::size_t i = 0; i < objects.size(); ++i) {
        if (i % 16 != 0) m.memory.free_object(objects[i]);
      }
      EXPECT_EQ(free_pages(), free);
      for (std::size_t i = 0; i < objects.size(); i += 16) m.memory.free_object(objects[i]);
      EXPECT_EQ(cache.objects_in_use(), 0u);
      // The CPU's own; and, of the others, each goes that falls empty while five are listed.
      EXPECT_EQ(cache.pages(), keeps_empty ? 1u + 4u : 1u);
      EXPECT_EQ(free_pages(), free + 20 - cache.pages());
    });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
}

TEST(Slab, FallsBackToTheSmallestOrderAndSaysSo) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.retries = 0;
  Machine m(std::move(spec));
  m.kernel([&] {
    // Nothing but single pages is free, and enough of them.
    std::vector<Pfn> taken;
    const auto take = [&] {
      return m.memory.allocator().take(0, GFP_KERNEL, Watermark::low, ALLOC_NO_WATERMARKS);
    };
    for (Pfn page; (page = take()) != no_page;) {
      m.memory.allocator().prepare(page, 0, GFP_KERNEL);
      taken.push_back(page);
    }
    std::sort(taken.begin(), taken.end());
    for (std::size_t i = 0; i < taken.size(); i += 2) m.memory.free_pages(taken[i], 0);
    SlabCache& cache = *m.memory.slab().kmalloc_cache(2048);
    EXPECT_TRUE(static_cast<bool>(m.memory.kmalloc(2048, site::mm_vma)));
    EXPECT_EQ(cache.pages(), 1u);
    EXPECT_EQ(m.fate(site::mm_vma, Fate::fallback), 1u);
    EXPECT_EQ(m.memory.failures().open_count(), 0u);
    // Both objects of the small slab, then another slab.
    static_cast<void>(m.memory.kmalloc(2048, site::mm_vma));
    EXPECT_EQ(cache.pages(), 1u);
    static_cast<void>(m.memory.kmalloc(2048, site::mm_vma));
    EXPECT_EQ(cache.pages(), 2u);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Slab, FailsForTheSiteThatAskedForTheObject) {
  MachineSpec spec;
  spec.kswapd = false;
  Machine m(std::move(spec));
  m.kernel([&] {
    exhaust(m, 0, 0);
    EXPECT_FALSE(static_cast<bool>(m.memory.kmalloc(64, site::mm_vma, GFP_NOWAIT)));
    EXPECT_EQ(m.memory.failures().open_count(), 1u);
    m.memory.failures().settle_last(Fate::degraded);
    EXPECT_EQ(m.fate(site::mm_vma, Fate::degraded), 1u);
    EXPECT_EQ(m.fate(site::slab_page, Fate::degraded), 0u);
  });
  m.core.run();
}

TEST(Slab, TellsReclaimWhatItGaveBack) {
  Machine m(MachineSpec{});
  m.kernel([&] {
    SlabCache& cache = m.memory.slab_cache({"inode", 1000, 8, true});
    std::vector<SlabObject> objects;
    for (int i = 0; i < 32 * 10; ++i) objects.push_back(m.memory.alloc_object(cache, site::mm_vma));
    const Pages before = cache.pages();
    EXPECT_EQ(m.memory.slab().reclaimable_pages(), before);
    ReclaimState state;
    m.memory.set_reclaim_state(m.core.current(), &state);
    for (const SlabObject object : objects) m.memory.free_object(object);
    m.memory.set_reclaim_state(m.core.current(), nullptr);
    EXPECT_EQ(state.slab, before - cache.pages());
    EXPECT_GT(state.slab, 0u);
    EXPECT_EQ(m.memory.slab().reclaimable_pages(), cache.pages());
  });
  m.core.run();
}

}  // namespace
}  // namespace brink::test
