// Touching memory: bulk steps against single steps, page tables and anon_vmas on the way, faults
// from inside of the kernel, and what is left when all have gone.

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

struct World {
  std::uint64_t hash;
  Counters counters;
  Nanos time;
  std::uint64_t kills;
};

/// Several processes of different sizes that touch, touch again and unmap, in short of memory.
World hogs(bool single_step, std::uint64_t swap, std::int64_t retries) {
  MachineSpec spec;
  spec.memory.swap = swap;
  spec.memory.single_step = single_step;
  spec.retries = retries;
  Machine m(std::move(spec));
  for (std::uint64_t i = 1; i <= 4; ++i) {
    m.process([&m, i](Machine::Process& p) {
      const std::uint64_t bytes = i * 9 * MiB;
      const std::int64_t at = p.mm->mmap_anonymous(bytes);
      if (at < 0) return;  // Obviously too much by now.
      for (int round = 0; round < 2; ++round) {
        for (std::uint64_t from = 0; from < bytes; from += 100 * KiB) {
          const std::uint64_t part = std::min(100 * KiB, bytes - from);
          if (p.mm->touch(static_cast<Address>(at) + from, part) != Access::done) return;
        }
        m.core.sleep(i * ms);
      }
    });
  }
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
  EXPECT_EQ(m.memory.stat().of(PageKind::anon), 0u);
  EXPECT_EQ(m.memory.stat().of(PageKind::page_table), 0u);
  EXPECT_EQ(m.memory.swap().free(), m.memory.swap().map().total());
  return {m.core.hash(), m.counters(), m.core.now(), m.kills.size()};
}

TEST(Touch, InBulkIsTheSameAsPageByPage) {
  const std::pair<std::uint64_t, std::int64_t> cases[] = {
      {0, -1}, {0, 0}, {32 * MiB, -1}, {32 * MiB, 0}, {128 * MiB, 3}};
  for (const auto& [swap, retries] : cases) {
    const World bulk = hogs(false, swap, retries);
    const World single = hogs(true, swap, retries);
    EXPECT_EQ(bulk.hash, single.hash) << swap << ' ' << retries;
    EXPECT_EQ(bulk.time, single.time);
    EXPECT_EQ(bulk.counters.page_touches, single.counters.page_touches);
    EXPECT_EQ(bulk.counters.allocations, single.counters.allocations);
    EXPECT_EQ(bulk.kills, single.kills);
    EXPECT_GT(bulk.counters.page_touches, 8000u);
  }
}

TEST(Touch, CountsEachPageOnceAndSwapInsAgain) {
  Machine m(MachineSpec{});
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(8 * MiB));
    EXPECT_EQ(p.mm->touch(at + 5, 8 * MiB - 10), Access::done);
    EXPECT_EQ(p.mm->rss(), 2048u);
    EXPECT_EQ(m.counters().page_touches, 2048u);
    EXPECT_EQ(p.mm->touch(at, 8 * MiB), Access::done);
    EXPECT_EQ(m.counters().page_touches, 2048u);
    // 8 MiB from below a 2 MiB boundary of tables: 4 or 5 of them, and one that maps those.
    EXPECT_EQ(p.mm->page_tables(), 4u + 1u);
    EXPECT_EQ(p.mm->touch(at - page_size, page_size), Access::segv);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Touch, TellsReclaimThatAPageIsInUseAgain) {
  MachineSpec spec;
  spec.memory.swap = 16 * MiB;
  spec.kswapd = false;
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    const auto tells = [&] {
      const std::uint64_t before = m.memory.lru_changes();
      EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
      return m.memory.lru_changes() != before;
    };
    EXPECT_FALSE(tells()) << "still in use: nothing is new";
    ScanControl sc;
    sc.gfp = GFP_KERNEL;
    m.memory.reclaim().age_active_anon(m.memory.zones()[ZoneType::dma32], sc);
    EXPECT_TRUE(tells());
    EXPECT_FALSE(tells());
  });
  m.core.run();
}

TEST(Touch, CostsAFaultAndAClearedPageEach) {
  Machine m(MachineSpec{});
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, page_size), Access::done);  // Makes tables and anon_vma.
    const Nanos before = m.core.now();
    EXPECT_EQ(p.mm->touch(at + page_size, 100 * page_size), Access::done);
    const Costs& c = m.core.costs();
    const Nanos faults = 100 * (c.page_fault + c.alloc_fast + c.zero_page);
    EXPECT_GE(m.core.now() - before, faults);
    EXPECT_LT(m.core.now() - before, faults + 2 * us);
  });
  m.core.run();
}

/// Fails the n-th request for anonymous pages.
class FailOne final : public Fault {
 public:
  FailOne(Site site, int nth) : site_(site), left_(nth) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool fail_alloc(const AllocHook& hook) override { return hook.site == site_ && --left_ == 0; }
  bool transient() const override { return true; }

 private:
  const Site site_;
  int left_;
};

MachineSpec failing(Site site, int nth) {
  MachineSpec spec;
  spec.faults.push_back(std::make_unique<FailOne>(site, nth));
  return spec;
}

TEST(Fault, ThatFailsInUserModeKillsAndIsRepeated) {
  // The large process needs 512 pages, three levels of tables and an anon_vma with its chain.
  const std::pair<Site, int> cases[] = {
      {site::mm_anon_page, 513}, {site::mm_page_table, 4}, {site::mm_anon_vma, 3}};
  for (const auto& [site, nth] : cases) {
    Machine m(failing(site, nth));
    Machine::Process& large = m.process([&](Machine::Process& p) {
      const auto at = static_cast<Address>(p.mm->mmap_anonymous(2 * MiB));
      EXPECT_EQ(p.mm->touch(at, 2 * MiB), Access::done);
      while (!p.task->has(FATAL_SIGNAL)) {
        static_cast<void>(m.core.sleep(1 * seconds, WaitMode::killable));
      }
    });
    m.process([&](Machine::Process& p) {
      const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
      m.core.sleep(10 * ms);
      EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    });
    m.core.run();
    EXPECT_EQ(m.kills, std::vector<TaskId>{large.task->id}) << m.memory.sites().name(site);
    EXPECT_EQ(m.fate(site, Fate::retried), 1u);
    EXPECT_EQ(m.memory.failures().open_count(), 0u);
  }
}

TEST(Fault, FromInsideOfTheKernelIsAnErrorWithoutAKill) {
  Machine m(failing(site::mm_anon_page, 3));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    std::uint64_t copied = 0;
    EXPECT_EQ(p.mm->kernel_write(at + 100, 8 * page_size, copied), Access::efault);
    EXPECT_EQ(copied, 2 * page_size - 100);
    EXPECT_FALSE(m.memory.failures().settle_syscall(*p.task, "read", -EFAULT));
  });
  m.core.run();
  EXPECT_TRUE(m.kills.empty());
  EXPECT_EQ(m.fate(site::mm_anon_page, Fate::translated), 1u);
}

TEST(Fault, IsOneFailureHoweverOftenItIsRepeated) {
  MachineSpec spec;
  spec.retries = 0;
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(40 * MiB));
    static_cast<void>(p.mm->touch(at, 40 * MiB));
  });
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(40 * MiB));
    static_cast<void>(p.mm->touch(at, 40 * MiB));
  });
  m.core.run();
  EXPECT_EQ(m.kills.size(), 1u);
  // The survivor's fault failed, for as long as the victim took to go, and then succeeded.
  EXPECT_EQ(m.fate(site::mm_anon_page, Fate::retried), 1u);
  EXPECT_LE(m.fate(site::mm_anon_page, Fate::killed), 1u);
  EXPECT_EQ(m.memory.check(), "");
}

}  // namespace
}  // namespace brink::test
