// What a waiter for memory says of each supplier (design §4).

#include <algorithm>

#include "tests/sim/mm/fake_files.hpp"
#include "sim/mm/oom_kill.hpp"

namespace brink::test {
namespace {

using Asker = MemoryWait::Asker;

MachineSpec plain(std::int64_t retries = -1) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.retries = retries;
  return spec;
}

TEST(MemoryWait, KnowsWhetherFreePagesPassItsOwnMark) {
  Machine m(plain());
  m.kernel([&] {
    Task& me = m.core.current();
    const auto suffice = [&](Gfp gfp, unsigned order = 0) {
      return MemoryWait(m.memory, Asker::slow_path, site::mm_vma, order, gfp).free_pages_suffice();
    };
    exhaust(m, 60, 193);
    EXPECT_TRUE(suffice(GFP_KERNEL));
    exhaust(m, 60, 192);
    EXPECT_FALSE(suffice(GFP_KERNEL));
    EXPECT_TRUE(suffice(GFP_ATOMIC));
    me.set(TIF_MEMDIE);
    EXPECT_TRUE(suffice(GFP_KERNEL));
    EXPECT_FALSE(suffice(GFP_KERNEL | Gfp::nomemalloc));
    me.clear(TIF_MEMDIE);
    me.set(PF_MEMALLOC);
    EXPECT_TRUE(suffice(GFP_KERNEL));
    me.clear(PF_MEMALLOC);
    exhaust(m, 0, 72);
    EXPECT_FALSE(suffice(GFP_ATOMIC));
  });
  m.core.run();
}

TEST(MemoryWait, MayReclaimAndKillOnlyWithTheRights) {
  Machine m(plain());
  m.kernel([&] {
    Task& me = m.core.current();
    const struct {
      Gfp gfp;
      bool reclaim, kill;
      ReclaimClass rights;
    } rows[] = {{GFP_KERNEL, true, true, ReclaimClass::kernel},
                {GFP_NOFS, true, false, ReclaimClass::nofs},
                {GFP_NOIO, true, false, ReclaimClass::noio},
                {GFP_NOFS | Gfp::nofail, true, true, ReclaimClass::nofs},
                {GFP_KERNEL | Gfp::noretry, true, false, ReclaimClass::kernel}};
    for (const auto& row : rows) {
      const MemoryWait wait(m.memory, Asker::slow_path, site::mm_vma, 0, row.gfp);
      EXPECT_EQ(wait.may_reclaim(), row.reclaim) << gfp_text(row.gfp);
      EXPECT_EQ(wait.may_enter_oom(), row.kill) << gfp_text(row.gfp);
      EXPECT_EQ(wait.rights(), row.rights);
    }
    {
      const MemoryWait wait(m.memory, Asker::slow_path, site::mm_vma, 4, GFP_KERNEL);
      EXPECT_FALSE(wait.may_enter_oom()) << "costly";
    }
    me.set(PF_MEMALLOC);
    const MemoryWait reclaimer(m.memory, Asker::slow_path, site::mm_vma, 0, GFP_KERNEL);
    EXPECT_FALSE(reclaimer.may_reclaim());
    EXPECT_FALSE(reclaimer.may_enter_oom());
    me.clear(PF_MEMALLOC);
    EXPECT_FALSE(reclaimer.may_reclaim()) << "it was one when it asked";
  });
  m.core.run();
}

TEST(MemoryWait, OfAFaultKillsIfTheRulesSaySo) {
  for (const bool kills : {true, false}) {
    MachineSpec spec = plain();
    spec.rules.fault_oom_kills = kills;
    Machine m(std::move(spec));
    m.process([&](Machine::Process& p) {
      EXPECT_EQ(p.mm->touch(static_cast<Address>(p.mm->mmap_anonymous(1)), 1), Access::done);
      const MemoryWait wait(m.memory, Asker::fault, site::mm_anon_page, 0, GFP_HIGHUSER_MOVABLE);
      EXPECT_EQ(wait.may_enter_oom(), kills);
      EXPECT_EQ(wait.would_kill(), kills ? m.core.now() : never);
    });
    m.core.run();
  }
}

TEST(MemoryWait, IsRefusedOnlyIfNobodyAroundItAsksAgain) {
  Machine m(plain(5));
  m.kernel([&] {
    const MemoryWait alone(m.memory, Asker::slow_path, site::mm_vma, 0, GFP_NOFS);
    EXPECT_EQ(alone.rounds_left(), 5u);
    EXPECT_EQ(alone.outer(), nullptr);
    EXPECT_EQ(m.memory.wait_of(m.core.current()), &alone);
    {
      const MemoryWait caller(m.memory, Asker::caller, site::mm_vma, 0, GFP_NOFS);
      EXPECT_EQ(caller.rounds_left(), unlimited);
      const MemoryWait inner(m.memory, Asker::slow_path, site::mm_vma, 0, GFP_NOFS);
      EXPECT_EQ(inner.outer(), &caller);
      EXPECT_EQ(inner.rounds_left(), unlimited);
    }
    EXPECT_EQ(m.memory.wait_of(m.core.current()), &alone);
    // Reclaim inside of a slow path is on its own: what it is refused it does without.
    const MemoryWait nested(m.memory, Asker::slow_path, site::mm_swap_bio, 0, GFP_NOIO);
    EXPECT_EQ(nested.rounds_left(), 5u);
  });
  m.core.run();
}

TEST(MemoryWait, SaysWhatItWaitsFor) {
  Machine m(plain());
  m.kernel([&] {
    const MemoryWait wait(m.memory, Asker::slow_path, site::jbd2_handle, 1, GFP_NOFS);
    EXPECT_EQ(wait.describe(), "memory: order 1, GFP_NOFS, ext4.jbd2.handle");
    EXPECT_EQ(wait.kind(), WaitKind::memory);
    EXPECT_EQ(wait.owner(), nullptr);
    const MemoryWait throttle(m.memory, Asker::throttle, site::kernel_boot, 0, GFP_KERNEL);
    EXPECT_FALSE(throttle.may_reclaim());
    EXPECT_FALSE(throttle.may_enter_oom());
    EXPECT_TRUE(throttle.free_pages_suffice());
    exhaust(m, 0, 100);
    EXPECT_FALSE(throttle.free_pages_suffice()) << "less than half of all marks";
  });
  m.core.run();
}

/// A caller that never takes no for an answer: one failure, one wait, of the order that it needs.
TEST(Insisting, IsOneWaitAndOneFailureHoweverOftenItIsRefused) {
  for (const Nanos nap : {Nanos{0}, 20 * ms}) {
    MachineSpec spec = plain(0);
    spec.memory.keep_failures = true;
    Machine m(std::move(spec));
    const Site site = m.memory.sites().add("test.insists", {GFP_NOFS, OnFailure::loop});
    bool got = false;
    m.kernel([&] {
      std::vector<Pfn> spare;
      const Pfn block = m.memory.alloc_pages(site::kernel_boot, 6);
      for (int i = 0; i < 400; ++i) spare.push_back(m.memory.alloc_pages(site::kernel_boot));
      exhaust(m, 60, 80);
      Task& asker =
          m.kernel([&] { got = m.memory.alloc_pages_insisting(site, 2, {nap}) != no_page; });
      m.core.sleep(500 * ms);
      ASSERT_NE(m.memory.wait_of(asker), nullptr);
      EXPECT_NE(asker.loop, nullptr);
      const MemoryWait* outermost = m.memory.wait_of(asker);
      while (outermost->outer() != nullptr) outermost = outermost->outer();
      EXPECT_EQ(asker.loop, outermost);
      EXPECT_EQ(outermost->asker(), Asker::caller);
      EXPECT_EQ(outermost->attempt().order, 2u);
      EXPECT_EQ(m.memory.failures().open_count(), 1u);
      // Single pages enough for order 0 are no help.
      std::sort(spare.begin(), spare.end());
      for (std::size_t i = 0; i < spare.size(); i += 2) m.memory.free_pages(spare[i], 0);
      EXPECT_NE(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL | Gfp::noretry), no_page);
      EXPECT_FALSE(outermost->free_pages_suffice());
      m.core.sleep(100 * ms);
      EXPECT_FALSE(got);
      m.memory.free_pages(block, 6);
      m.core.sleep(100 * ms);
      EXPECT_TRUE(got);
    });
    m.core.run();
    const auto records = m.memory.failures().take_records();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].fate, Fate::retried);
    EXPECT_EQ(m.memory.failures().open_count(), 0u);
    EXPECT_GT(m.counters().questions, 10u);
  }
}

TEST(Insisting, LeavesOthersSitesToFail) {
  Machine m(plain(0));
  m.kernel([&] {
    exhaust(m, 60, 100);
    EXPECT_EQ(m.memory.alloc_pages_insisting(site::mm_vma), no_page);
    EXPECT_FALSE(static_cast<bool>(m.memory.kmalloc_insisting(3000, site::mm_vma)));
    m.memory.failures().settle_killed(m.core.current());
  });
  m.core.run();
  EXPECT_EQ(m.fate(site::mm_vma, Fate::killed), 2u);
}

}  // namespace
}  // namespace brink::test
