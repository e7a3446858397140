// vmalloc() and kvmalloc(): what they ask for, in which order, and that nothing is left of what
// fails half-way.

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

/// Keeps the requests, and fails the n-th.
class Recorder final : public Fault {
 public:
  struct Request {
    unsigned order;
    std::uint32_t size;
    Gfp gfp;
  };
  struct State {
    std::vector<Request> requests;
    std::size_t fail = ~std::size_t{0};
  };
  explicit Recorder(State& state) : state_(state) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return true; }
  bool fail_alloc(const AllocHook& hook) override {
    if (hook.site != site::mm_vma) return false;
    state_.requests.push_back({hook.order, hook.size, hook.gfp});
    return state_.requests.size() - 1 == state_.fail;
  }

 private:
  State& state_;
};

struct World {
  explicit World(std::function<void(World&)> body, Rules rules = Rules{})
      : m(spec(*this, std::move(rules))) {
    m.kernel([this, body] { body(*this); });
    m.core.run();
    EXPECT_EQ(m.memory.check(), "");
  }
  static MachineSpec spec(World& w, Rules rules) {
    MachineSpec spec;
    spec.kswapd = false;
    spec.retries = 0;
    spec.rules = std::move(rules);
    spec.faults.push_back(std::make_unique<Recorder>(w.log));
    return spec;
  }
  Pages kernel() { return m.memory.stat().of(PageKind::kernel); }

  Recorder::State log;
  Machine m;
};

TEST(Vmalloc, TakesPagesOneByOneAndWhatItNeedsToKnowThem) {
  World([](World& w) {
    VmallocArea area = w.m.memory.vmalloc(5 * page_size + 1, site::mm_vma);
    ASSERT_TRUE(area);
    EXPECT_EQ(area.pages.size(), 6u);
    EXPECT_EQ(w.m.memory.vmalloc().mapped(), 7u) << "and a guard page";
    ASSERT_EQ(w.log.requests.size(), 3u + 6u);
    EXPECT_EQ(w.log.requests[0].size, 64u) << "vm_struct";
    EXPECT_EQ(w.log.requests[1].size, 128u) << "vmap_area";
    EXPECT_EQ(w.log.requests[2].size, 64u) << "six pointers";
    EXPECT_FALSE(has(w.log.requests[2].gfp, Gfp::highmem));
    EXPECT_EQ(w.log.requests[8].order, 0u);
    EXPECT_TRUE(has(w.log.requests[8].gfp, Gfp::highmem | Gfp::nowarn));
    EXPECT_EQ(w.kernel(), 6u);
    w.m.memory.vfree(area);
    EXPECT_FALSE(area);
    EXPECT_EQ(w.kernel(), 0u);
    EXPECT_EQ(w.m.memory.vmalloc().mapped(), 0u);
  });
}

TEST(Vmalloc, KeepsALargeListInAnotherAreaAndItsPageTablesForEver) {
  World([](World& w) {
    VmallocArea area = w.m.memory.vmalloc(8 * MiB, site::mm_vma);
    ASSERT_TRUE(area);
    EXPECT_EQ(area.pages.size(), 2048u);
    ASSERT_TRUE(area.larger_list);
    EXPECT_EQ(area.larger_list->pages.size(), 4u);
    EXPECT_EQ(w.m.memory.vmalloc().mapped(), 2049u + 5u);
    EXPECT_EQ(w.m.memory.vmalloc().tables(), 4u) << "one was there";
    w.m.memory.vfree(area);
    EXPECT_EQ(w.kernel(), 4u);
    VmallocArea again = w.m.memory.vmalloc(8 * MiB, site::mm_vma);
    EXPECT_EQ(w.m.memory.vmalloc().tables(), 4u);
    w.m.memory.vfree(again);
  });
}

TEST(Vmalloc, EachRequestCanFailAndNothingIsLeft) {
  std::size_t failures = 0;
  for (std::size_t n = 0;; ++n) {
    bool failed = false;
    World([&](World& w) {
      w.log.fail = n;
      VmallocArea area = w.m.memory.vmalloc(3 * MiB, site::mm_vma);
      failed = !area;
      w.m.memory.vfree(area);
      EXPECT_EQ(w.kernel(), w.m.memory.vmalloc().tables());
      EXPECT_EQ(w.m.memory.vmalloc().mapped(), 0u);
      for (const auto& cache : w.m.memory.slab().caches()) {
        EXPECT_EQ(cache->objects_in_use(), 0u) << cache->name() << ' ' << n;
      }
      EXPECT_EQ(w.m.memory.failures().open_count(), failed ? 1u : 0u);
      EXPECT_EQ(w.m.memory.warnings_wanted() != 0, failed);
      w.m.memory.failures().settle_all(w.m.memory.failures().list_of(w.m.core.current()),
                                       Fate::returned);
    });
    if (!failed) break;
    ++failures;
    if (n > 10 && n < 760) n = 760;
  }
  // Two pages for the list with three small objects, 768 pages with two, one table.
  EXPECT_EQ(failures, 12u + (2 + 3 + 768 + 2 + 1) - 761);
}

TEST(Kvmalloc, DoesNotInsistOnBlocksOfPages) {
  World([](World& w) {
    KvMemory small = w.m.memory.kvmalloc(page_size, site::mm_vma);
    KvMemory large = w.m.memory.kvmalloc(10'000, site::mm_vma);
    EXPECT_TRUE(small.object && large.object);
    ASSERT_EQ(w.log.requests.size(), 2u);
    EXPECT_FALSE(has_any(w.log.requests[0].gfp, Gfp::noretry | Gfp::nowarn));
    EXPECT_TRUE(has(w.log.requests[1].gfp, Gfp::noretry | Gfp::nowarn));
    EXPECT_EQ(w.log.requests[1].order, 2u);
    w.m.memory.kvfree(small);
    w.m.memory.kvfree(large);
    EXPECT_FALSE(small || large);
    EXPECT_EQ(w.kernel(), 0u);
  });
}

TEST(Kvmalloc, FallsBackToVmallocAndSaysSo) {
  World([](World& w) {
    w.log.fail = 0;
    KvMemory memory = w.m.memory.kvmalloc(10'000, site::mm_vma);
    EXPECT_FALSE(memory.object);
    EXPECT_EQ(memory.area.pages.size(), 3u);
    EXPECT_EQ(w.m.fate(site::mm_vma, Fate::fallback), 1u);
    EXPECT_EQ(w.m.memory.failures().open_count(), 0u);
    w.m.memory.kvfree(memory);
    // What is beyond kmalloc() altogether goes the same way.
    KvMemory huge = w.m.memory.kvmalloc(5 * MiB, site::mm_vma);
    EXPECT_EQ(huge.area.pages.size(), 1280u);
    w.m.memory.kvfree(huge);
    // A page has no other way.
    w.log.fail = w.log.requests.size();
    EXPECT_FALSE(w.m.memory.kvmalloc(page_size, site::mm_vma));
    EXPECT_EQ(w.m.memory.failures().open_count(), 1u);
    // And the machine's memory is a limit that no mapping gets over.
    EXPECT_FALSE(w.m.memory.kvmalloc(1024 * MiB, site::mm_vma));
    w.m.memory.failures().settle_all(w.m.memory.failures().list_of(w.m.core.current()),
                                     Fate::returned);
  });
}

}  // namespace
}  // namespace brink::test
