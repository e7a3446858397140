// The swap cache: pages on their way out and back, slots that are given up, and errors.

#include <cerrno>

#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

MachineSpec swapping(std::uint64_t swap, Nanos delay = 100 * us) {
  MachineSpec spec;
  spec.memory.swap = swap;
  spec.kswapd = false;
  spec.swap_delay = delay;
  return spec;
}

/// What is old enough is on its way to swap, at most half of the pages.
void push_out(Machine& m, int passes = 6) {
  for (int i = 0; i < passes; ++i) {
    ScanControl sc;
    sc.gfp = GFP_KERNEL;
    sc.priority = 0;
    sc.nr_to_reclaim = 1'000'000;
    for (Zone& zone : m.memory.zones().all()) {
      if (zone.populated()) m.memory.reclaim().shrink_zone(zone, sc, true);
    }
  }
}

/// All that can go has gone.
void push_all_out(Machine& m) {
  for (int i = 0; i < 30; ++i) {
    push_out(m, 1);
    m.core.sleep(200 * us);
  }
}

TEST(Swap, TakesPagesOutAndBringsThemBack) {
  Machine m(swapping(16 * MiB));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(4 * MiB));
    EXPECT_EQ(p.mm->touch(at, 4 * MiB), Access::done);
    push_all_out(m);
    EXPECT_EQ(p.mm->rss(), 0u);
    EXPECT_EQ(p.mm->swap_entries(), 1024u);
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 0u);
    EXPECT_EQ(m.memory.swap().cached_pages(), 0u);
    EXPECT_EQ(m.memory.swap().map().free(), m.memory.swap().map().total() - 1024);
    EXPECT_EQ(m.counters().swap_outs, 1024u);
    EXPECT_EQ(m.memory.check(), "");

    EXPECT_EQ(p.mm->touch(at, 4 * MiB), Access::done);
    EXPECT_EQ(p.mm->rss(), 1024u);
    EXPECT_EQ(p.mm->swap_entries(), 0u);
    EXPECT_EQ(m.counters().page_touches, 2048u);
    EXPECT_EQ(m.counters().swap_ins, 1024u) << "each once, most of them read around";
    // They were written to: no slot is of use any more.
    EXPECT_EQ(m.memory.swap().free(), m.memory.swap().map().total());
    EXPECT_EQ(m.memory.slab().find("radix_tree_node")->objects_in_use(), 0u);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Swap, ReadsAroundAsFarAsThatHelpedLately) {
  Machine m(swapping(16 * MiB));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    push_all_out(m);
    // Four hits to begin with: eight slots around the one, aligned; then as good as nothing helped.
    const auto read_at = [&](std::uint64_t page) {
      const std::uint64_t before = m.counters().swap_ins;
      EXPECT_EQ(p.mm->touch(at + page * page_size, page_size), Access::done);
      return m.counters().swap_ins - before;
    };
    EXPECT_EQ(read_at(100), 8u);
    EXPECT_EQ(read_at(200), 4u) << "not less than half of the last";
    EXPECT_EQ(read_at(50), 2u);
    EXPECT_EQ(read_at(150), 1u);
    EXPECT_EQ(read_at(30), 1u);
    // One that was read around the first, found: the next window is four again.
    EXPECT_EQ(read_at(101) + read_at(102), 0u);
    EXPECT_EQ(read_at(230), 4u);
  });
  m.core.run();
}

TEST(Swap, FindsAPageThatIsStillBeingWritten) {
  Machine m(swapping(16 * MiB, 50 * ms));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    push_out(m);
    const Pages out = p.mm->swap_entries();
    EXPECT_GT(out, 100u);
    const Nanos before = m.core.now();
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    EXPECT_LT(m.core.now() - before, 10 * ms) << "nothing is read, nor waited for";
    EXPECT_EQ(m.counters().swap_ins, 0u);
    EXPECT_EQ(p.mm->rss(), 256u);
    // The slots belong to the cache until the writes end; then they can be used for the same pages.
    EXPECT_EQ(m.memory.swap().cached_pages(), out);
    m.core.sleep(100 * ms);
    EXPECT_EQ(m.memory.check(), "");
    EXPECT_EQ(m.memory.swap().cached_pages(), out);
    for (int i = 0; i < 10; ++i) {
      push_out(m);
      m.core.sleep(100 * ms);
    }
    EXPECT_EQ(m.memory.swap().map().total() - m.memory.swap().map().free(), 256u);
    EXPECT_EQ(m.counters().swap_outs, 256u + out);
  });
  m.core.run();
  EXPECT_EQ(m.memory.swap().free(), m.memory.swap().map().total());
}

TEST(Swap, GivesUpSlotsOfThoseThatGoWhileTheyAreWritten) {
  Machine m(swapping(16 * MiB, 50 * ms));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    push_out(m);
    const Pages out = p.mm->swap_entries();
    EXPECT_GT(out, 100u);
    EXPECT_EQ(p.mm->munmap(at, 1 * MiB), 0);
    EXPECT_EQ(p.mm->rss() + p.mm->swap_entries(), 0u);
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), out) << "still on their way";
    EXPECT_EQ(m.memory.check(), "");
    m.core.sleep(100 * ms);
    push_out(m);  // Reclaim finds them.
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 0u);
    EXPECT_EQ(m.memory.swap().free(), m.memory.swap().map().total());
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Swap, FreesWhatWasReadAroundForNobody) {
  Machine m(swapping(16 * MiB));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    push_all_out(m);
    EXPECT_EQ(p.mm->touch(at + 100 * page_size, page_size), Access::done);
    m.core.sleep(1 * ms);
    EXPECT_EQ(m.memory.swap().cached_pages(), 7u);
    EXPECT_EQ(p.mm->munmap(at, 1 * MiB), 0);
    EXPECT_EQ(m.memory.swap().cached_pages(), 0u);
    EXPECT_EQ(m.memory.stat().of(PageKind::anon), 0u);
    EXPECT_EQ(m.memory.swap().free(), m.memory.swap().map().total());
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Swap, FullLeavesPagesWhereTheyAreUntilASlotIsFreed) {
  MachineSpec spec = swapping(65 * page_size);
  spec.retries = 0;
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    push_all_out(m);
    EXPECT_EQ(m.memory.swap().free(), 0u);
    EXPECT_EQ(p.mm->swap_entries(), 64u);
    EXPECT_EQ(p.mm->rss(), 192u);
    exhaust(m, 60, 100);
    // Without a slot there is nothing to be looked at at all.
    const std::uint64_t scanned = m.counters().pages_scanned;
    EXPECT_EQ(m.memory.alloc_pages(site::mm_vma, 0, GFP_NOFS), no_page);
    EXPECT_EQ(m.counters().pages_scanned, scanned);
    EXPECT_TRUE(m.memory.exhaustion(ReclaimClass::kernel, GFP_KERNEL).exhausted);
    // Not even those that are written and could be freed, as get_scan_count() has it.
    EXPECT_EQ(m.memory.exhaustion(ReclaimClass::kernel, GFP_KERNEL, true).anon_without_swap,
              m.memory.stat().of(PageKind::anon));
    const std::uint64_t generation = m.memory.generation();
    EXPECT_EQ(p.mm->munmap(at, 16 * page_size), 0);
    EXPECT_GT(m.memory.swap().free(), 0u);
    EXPECT_GT(m.memory.generation(), generation);
    EXPECT_FALSE(m.memory.exhaustion(ReclaimClass::kernel, GFP_KERNEL).exhausted);
    m.memory.failures().settle_last(Fate::degraded);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Swap, KeepsAPageThatCouldNotBeWritten) {
  MachineSpec spec = swapping(16 * MiB, 10 * seconds);
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(page_size));
    EXPECT_EQ(p.mm->touch(at, page_size), Access::done);
    m.lose_swap_io = true;
    push_out(m);
    ASSERT_EQ(m.lost_io.size(), 1u);
    const Pfn page = m.lost_io[0];
    m.memory.end_swap_write(page, -EIO);
    EXPECT_TRUE(m.memory.page(page).has(PG_dirty) && m.memory.page(page).has(PG_error));
    EXPECT_FALSE(m.memory.page(page).has_any(PG_writeback | PG_reclaim));
    m.lose_swap_io = false;
    push_out(m);
    EXPECT_EQ(m.memory.page(page).kind, PageKind::anon) << "not freed before it is written";
    EXPECT_EQ(p.mm->touch(at, page_size), Access::done);
    EXPECT_EQ(m.counters().swap_ins, 0u);
  });
  m.core.run();
}

TEST(Swap, ThatCannotBeReadIsABusError) {
  Machine m(swapping(16 * MiB));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(page_size));
    EXPECT_EQ(p.mm->touch(at, page_size), Access::done);
    push_all_out(m);
    m.fail_reads = true;
    EXPECT_EQ(p.mm->touch(at, page_size), Access::bus);
    EXPECT_EQ(p.mm->swap_entries(), 1u);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Swap, IsNoSwapWithoutADevice) {
  MachineSpec spec;
  spec.kswapd = false;
  Machine m(std::move(spec));
  EXPECT_FALSE(m.memory.swap().usable());
  m.kernel([&] { EXPECT_EQ(m.memory.swap().free(), 0u); });
  m.core.run();
}

/// Fails all readahead from swap.
class NoReadAround final : public Fault {
 public:
  explicit NoReadAround(Site extra) : extra_(extra) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool fail_alloc(const AllocHook& hook) override {
    if (hook.site == extra_) return ++asked_ <= 3;
    return hook.site == site::mm_swapin_ahead;
  }
  bool transient() const override { return true; }

 private:
  const Site extra_;
  int asked_ = 0;
};

TEST(Swap, ReadAroundThatFailsIsNotTheFaultsFailure) {
  MachineSpec spec = swapping(16 * MiB);
  spec.faults.push_back(std::make_unique<NoReadAround>(site::mm_swapin_page));
  spec.rules.fault_oom_kills = false;
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    push_all_out(m);
    // The page itself fails three times; what is read around it fails each time.
    EXPECT_EQ(p.mm->touch(at + 100 * page_size, page_size), Access::done);
    EXPECT_EQ(m.memory.failures().open_count(), 0u);
  });
  m.core.run();
  EXPECT_EQ(m.fate(site::mm_swapin_page, Fate::retried), 1u);
  EXPECT_GE(m.fate(site::mm_swapin_ahead, Fate::degraded), 10u);
  EXPECT_EQ(m.fate(site::mm_swapin_ahead, Fate::retried), 0u);
}

}  // namespace
}  // namespace brink::test
