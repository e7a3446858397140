// Slabs between CPUs and the list for all: who may use what, what is kept, what is given back.

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

/// A machine whose one task does all.
struct Alone {
  explicit Alone(const SlabRules& rules, std::function<void(Alone&)> body) : m(spec(rules)) {
    m.kernel([this, body] { body(*this); });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
  std::vector<SlabObject> take(SlabCache& cache, int count) {
    std::vector<SlabObject> objects;
    for (int i = 0; i < count; ++i) objects.push_back(m.memory.alloc_object(cache, site::mm_vma));
    return objects;
  }
  void check() { ASSERT_EQ(m.memory.check(), ""); }

  Machine m;

 private:
  static MachineSpec spec(const SlabRules& rules) {
    MachineSpec spec;
    spec.cpus = 1;
    spec.kswapd = false;
    spec.memory.cpus = 1;
    spec.rules.slab = rules;
    return spec;
  }
};

TEST(SlabLists, KeepPartialSlabsForTheCpuUpToItsLimit) {
  // 16 objects of 256 bytes a slab. 4.0 moves the CPU's list when it has more than 13 free objects;
  // each full slab that loses one object joins with one.
  Alone(SlabRules{}, [](Alone& a) {
    SlabCache& cache = *a.m.memory.slab().kmalloc_cache(256);
    const std::vector<SlabObject> objects = a.take(cache, 40 * 16);
    const Pages free = a.m.memory.free_pages();
    EXPECT_EQ(cache.info().active_objects, 640u);
    for (int slab = 0; slab < 14; ++slab) a.m.memory.free_object(objects[slab * 16]);
    EXPECT_EQ(cache.info().active_objects, 640u) << "what a CPU has counts as active";
    a.m.memory.free_object(objects[14 * 16]);
    EXPECT_EQ(cache.info().active_objects, 640u - 14) << "the fifteenth found the list full";
    EXPECT_EQ(cache.objects_in_use(), 640u - 15);
    EXPECT_EQ(a.m.memory.free_pages(), free);
    a.check();
  });
  // 6.1 counts slabs: twice 52 objects in slabs of 16 are seven.
  Alone(linux_6_1_slab_rules(), [](Alone& a) {
    SlabCache& cache = *a.m.memory.slab().kmalloc_cache(256);
    EXPECT_EQ(cache.limits().cpu_partial_slabs, 7u);
    const std::vector<SlabObject> objects = a.take(cache, 40 * 16);
    for (int slab = 0; slab < 7; ++slab) a.m.memory.free_object(objects[slab * 16]);
    EXPECT_EQ(cache.info().active_objects, 640u);
    a.m.memory.free_object(objects[7 * 16]);
    EXPECT_EQ(cache.info().active_objects, 640u - 7);
    a.check();
  });
}

TEST(SlabLists, DoNotGiveBackEmptySlabsThatACpuHas) {
  Alone(SlabRules{}, [](Alone& a) {
    SlabCache& cache = *a.m.memory.slab().kmalloc_cache(256);
    std::vector<SlabObject> objects = a.take(cache, 20 * 16);
    for (const SlabObject object : objects) a.m.memory.free_object(object);
    EXPECT_EQ(cache.objects_in_use(), 0u);
    // The last slab, which the CPU allocates from. The others were put on its list with one free
    // object each; the fifteenth found fourteen there and sent them off, of which five stayed.
    EXPECT_EQ(cache.limits().min_partial, 5u);
    EXPECT_EQ(cache.pages(), 1u + 5u + 5u);
    a.check();
    EXPECT_EQ(a.m.memory.slab().shrink(cache), 11u);
    EXPECT_EQ(cache.pages(), 0u);
    EXPECT_EQ(cache.info().slabs, 0u);
    // It goes on as if nothing had been.
    EXPECT_TRUE(static_cast<bool>(a.m.memory.alloc_object(cache, site::mm_vma)));
  });
}

TEST(SlabLists, UseTheFullestSlabsFirstAfterAShrink) {
  Alone(SlabRules{}, [](Alone& a) {
    SlabCache& cache = *a.m.memory.slab().kmalloc_cache(256);
    std::vector<SlabObject> objects = a.take(cache, 4 * 16);
    // Nine, two and five are left; the fourth slab stays full.
    const int left[] = {9, 2, 5};
    for (int slab = 0; slab < 3; ++slab) {
      for (int i = left[slab]; i < 16; ++i) a.m.memory.free_object(objects[slab * 16 + i]);
    }
    EXPECT_EQ(a.m.memory.slab().shrink(cache), 0u);
    a.check();
    const std::vector<SlabObject> again = a.take(cache, 7 + 11);
    for (int i = 0; i < 18; ++i) {
      EXPECT_EQ(again[i].page, objects[i < 7 ? 0 : 2 * 16].page) << i;
    }
  });
}

TEST(SlabLists, TakeSeveralPartialSlabsAtOnce) {
  Alone(linux_6_1_slab_rules(), [](Alone& a) {
    SlabCache& cache = *a.m.memory.slab().kmalloc_cache(256);
    std::vector<SlabObject> objects = a.take(cache, 20 * 16);
    for (int slab = 0; slab < 19; ++slab) a.m.memory.free_object(objects[slab * 16]);
    a.m.memory.slab().shrink(cache);
    EXPECT_EQ(cache.info().active_objects, 320u - 19);
    // One to use, and more than half of seven for later.
    static_cast<void>(a.take(cache, 1));
    EXPECT_EQ(cache.info().active_objects, 320u - 19 + 1 + 4);
    a.check();
  });
}

TEST(SlabLists, AnObjectFreedElsewhereIsFoundByTheSlabsCpu) {
  MachineSpec spec;
  spec.kswapd = false;
  Machine m(std::move(spec));
  SlabCache& cache = *m.memory.slab().kmalloc_cache(256);
  std::vector<SlabObject> objects;
  Task* other = nullptr;
  m.kernel([&] {
    for (int i = 0; i < 16; ++i) objects.push_back(m.memory.alloc_object(cache, site::mm_vma));
    const std::uint32_t mine = m.core.current().cpu;
    while (other == nullptr || objects.size() == 16) m.core.charge(1 * us), m.core.step(1);
    ASSERT_EQ(m.core.current().cpu, mine);
    const SlabObject again = m.memory.alloc_object(cache, site::mm_vma);
    EXPECT_EQ(again.page, objects[0].page);
    EXPECT_EQ(cache.pages(), 1u);
  });
  m.kernel([&] {
    m.core.sleep(100 * us);
    other = &m.core.current();
    m.memory.free_object(objects.back());
    objects.pop_back();
    EXPECT_EQ(m.memory.check(), "");
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

// --- Classes and masks.

TEST(SlabClasses, AreChosenByMaskInKernelsThatHaveThem) {
  Alone(linux_6_1_slab_rules(), [](Alone& a) {
    Slab& slab = a.m.memory.slab();
    EXPECT_STREQ(slab.kmalloc_cache(1000)->name(), "kmalloc-1k");
    EXPECT_STREQ(slab.kmalloc_cache(64, GFP_KERNEL | Gfp::account)->name(), "kmalloc-cg-64");
    EXPECT_STREQ(slab.kmalloc_cache(65, Gfp::reclaimable)->name(), "kmalloc-rcl-96");
    EXPECT_STREQ(slab.kmalloc_cache(8192, Gfp::reclaimable | Gfp::account)->name(),
                 "kmalloc-rcl-8k");
    EXPECT_STREQ(slab.kmalloc_cache(150, Gfp::dma | Gfp::account)->name(), "dma-kmalloc-192");
    EXPECT_TRUE(slab.kmalloc_cache(64, Gfp::account)->account());
    const Pages before = slab.reclaimable_pages();
    static_cast<void>(a.m.memory.kmalloc(64, site::mm_vma, GFP_KERNEL | Gfp::reclaimable));
    EXPECT_EQ(slab.reclaimable_pages(), before + 1);
    const SlabObject dma = a.m.memory.kmalloc(64, site::mm_vma, GFP_KERNEL | Gfp::dma);
    EXPECT_STREQ(a.m.memory.zones().of(dma.page).name(), "DMA");
  });
  Alone(SlabRules{}, [](Alone& a) {
    Slab& slab = a.m.memory.slab();
    EXPECT_STREQ(slab.kmalloc_cache(1000)->name(), "kmalloc-1024");
    EXPECT_STREQ(slab.kmalloc_cache(64, Gfp::account | Gfp::reclaimable)->name(), "kmalloc-64");
    EXPECT_STREQ(slab.kmalloc_cache(64, Gfp::dma)->name(), "dma-kmalloc-64");
  });
}

/// Keeps the masks of requests for slabs' pages.
class Masks final : public Fault {
 public:
  explicit Masks(std::vector<Gfp>& masks) : masks_(masks) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return true; }
  bool fail_alloc(const AllocHook& hook) override {
    if (hook.slab()) return false;
    masks_.push_back(hook.gfp);
    return true;
  }

 private:
  std::vector<Gfp>& masks_;
};

TEST(SlabPages, AreAskedForWithTheMasksOfTheEra) {
  for (const bool waits : {true, false}) {
    std::vector<Gfp> masks;
    MachineSpec spec;
    spec.rules.slab.high_order_waits = waits;
    spec.faults.push_back(std::make_unique<Masks>(masks));
    Machine m(std::move(spec));
    m.kernel([&] {
      EXPECT_FALSE(m.memory.kmalloc(2048, site::mm_vma, GFP_NOFS | Gfp::nofail | Gfp::zero));
      EXPECT_FALSE(m.memory.kmalloc(64, site::mm_vma, GFP_NOFS));
      m.memory.failures().settle_all(m.memory.failures().list_of(m.core.current()), Fate::returned);
    });
    m.core.run();
    ASSERT_EQ(masks.size(), 4u);
    const Gfp gentle = Gfp::nowarn | Gfp::noretry;
    EXPECT_EQ(masks[0], waits ? GFP_NOFS | gentle | Gfp::comp
                              : Gfp::io | gentle | Gfp::comp | Gfp::nomemalloc);
    EXPECT_EQ(masks[1], GFP_NOFS | Gfp::nofail);
    EXPECT_EQ(masks[2], GFP_NOFS | gentle) << "its slabs are as small as they can be";
    EXPECT_EQ(masks[3], GFP_NOFS);
  }
}

TEST(SlabPages, MoreThanTheAllocatorCanGiveFails) {
  Alone(SlabRules{}, [](Alone& a) {
    EXPECT_TRUE(static_cast<bool>(a.m.memory.kmalloc(4 * MiB, site::mm_vma)));
    EXPECT_FALSE(static_cast<bool>(a.m.memory.kmalloc(4 * MiB + 1, site::mm_vma)));
    EXPECT_EQ(a.m.memory.failures().open_count(), 1u);
    EXPECT_EQ(a.m.memory.warnings_wanted(), 1u);
    EXPECT_FALSE(static_cast<bool>(
        a.m.memory.kmalloc(~std::uint32_t{0}, site::mm_vma, GFP_KERNEL | Gfp::nowarn)));
    EXPECT_EQ(a.m.memory.warnings_wanted(), 1u);
    a.m.memory.failures().settle_all(a.m.memory.failures().list_of(a.m.core.current()),
                                     Fate::returned);
  });
}

}  // namespace
}  // namespace brink::test
