// The OOM path: the last look, the gate, the kill, and what the victim's mark is good for.

#include "tests/sim/mm/machine.hpp"
#include "sim/mm/oom_kill.hpp"

namespace brink::test {
namespace {

/// A process of so many pages that stays until it is killed, and then for a while.
Machine::Process& sitter(Machine& m, Pages pages, Nanos lingers = 0) {
  return m.process([&m, pages, lingers](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(pages * page_size));
    EXPECT_EQ(p.mm->touch(at, pages * page_size), Access::done);
    while (!p.task->has(FATAL_SIGNAL)) {
      static_cast<void>(m.core.sleep(1 * seconds, WaitMode::killable));
    }
    if (lingers != 0) m.core.sleep(lingers);
  });
}

OomRequest request(Task& task, Gfp gfp = GFP_KERNEL, unsigned order = 0) {
  return {task.id, order, gfp, false};
}

MachineSpec plain() {
  MachineSpec spec;
  spec.kswapd = false;
  return spec;
}

TEST(OomKill, KillsWhomThePolicyChoosesAndNobodyElseUntilThatOneHasGone) {
  Machine m(plain());
  Machine::Process& small = sitter(m, 100);
  Machine::Process& large = sitter(m, 900, 50 * ms);
  m.kernel([&] {
    m.core.sleep(10 * ms);
    exhaust(m, 60, 100);
    OomKiller& oom = m.memory.oom();
    const OomRequest asker = request(m.core.current());
    Pfn page = no_page;
    EXPECT_EQ(m.memory.would_kill(asker), m.core.now());
    EXPECT_EQ(oom.enter(asker, page), OomResult::killed);
    EXPECT_EQ(m.kills, std::vector<TaskId>{large.task->id});
    EXPECT_TRUE(large.task->has(TIF_MEMDIE));
    EXPECT_EQ(oom.victims(), 1u);
    EXPECT_EQ(m.memory.would_kill(asker), never);
    EXPECT_TRUE(oom.still(asker, OomResult::pending));
    EXPECT_EQ(oom.enter(asker, page), OomResult::pending);
    EXPECT_EQ(m.kills.size(), 1u);
    m.core.sleep(100 * ms);
    EXPECT_EQ(large.task->state, TaskState::dead);
    EXPECT_EQ(oom.victims(), 0u);
    EXPECT_FALSE(large.task->has(TIF_MEMDIE));
    // What it had is free: the last look at the high mark finds a page.
    EXPECT_EQ(oom.enter(asker, page), OomResult::none);
    EXPECT_NE(page, no_page);
    EXPECT_EQ(m.kills.size(), 1u);
    m.memory.allocator().prepare(page, 0, GFP_KERNEL);
    exhaust(m, 60, 100);
    page = no_page;
    EXPECT_EQ(oom.enter(asker, page), OomResult::killed);
    EXPECT_EQ(m.kills.back(), small.task->id);
  });
  m.core.run();
  EXPECT_EQ(m.counters().oom_kills, 2u);
  EXPECT_EQ(m.memory.check(), "");
}

TEST(OomKill, AsksTheGateFirst) {
  Machine m(plain());
  sitter(m, 100);
  m.kernel([&] {
    m.core.sleep(10 * ms);
    exhaust(m, 60, 100);
    Task& me = m.core.current();
    Pfn page = no_page;
    const struct {
      Gfp gfp;
      unsigned order;
      OomResult result;
    } rows[] = {{GFP_NOFS, 0, OomResult::pretended},
                {GFP_KERNEL, 4, OomResult::refused},
                {GFP_KERNEL | Gfp::dma, 0, OomResult::refused}};
    for (const auto& row : rows) {
      const OomRequest asker = request(me, row.gfp, row.order);
      EXPECT_EQ(m.memory.would_kill(asker), never);
      EXPECT_EQ(m.memory.oom().enter(asker, page), row.result);
      EXPECT_TRUE(m.memory.oom().still(asker, row.result));
      EXPECT_FALSE(m.memory.oom().still(asker, OomResult::pending));
      EXPECT_EQ(page, no_page);
    }
    EXPECT_TRUE(m.kills.empty());
    EXPECT_FALSE(m.memory.oom().still(request(me), OomResult::pending)) << "it would kill";
    m.memory.oom().page_fault();
    EXPECT_EQ(m.kills.size(), 1u);
  });
  m.core.run();
}

TEST(OomKill, LetsOneRequestInAtATime) {
  Machine m(plain());
  sitter(m, 500, 20 * ms);
  OomResult second = OomResult::none;
  Nanos waited = 0;
  m.kernel([&] {
    m.core.sleep(10 * ms);
    exhaust(m, 60, 100);
    m.kernel([&] {
      EXPECT_TRUE(m.memory.oom().locked()) << "the killer naps with the lock held";
      Pfn page = no_page;
      const Nanos before = m.core.now();
      m.memory.oom().page_fault();  // Does nothing while somebody else is in there.
      EXPECT_EQ(m.core.now(), before);
      second = m.memory.oom().enter(request(m.core.current()), page);
      waited = m.core.now() - before;
    });
    Pfn page = no_page;
    EXPECT_EQ(m.memory.oom().enter(request(m.core.current()), page), OomResult::killed);
    EXPECT_FALSE(m.memory.oom().locked());
  });
  m.core.run();
  EXPECT_EQ(second, OomResult::contended);
  EXPECT_GE(waited, m.core.tick());
  EXPECT_EQ(m.kills.size(), 1u);
}

TEST(OomKill, GivesWhoIsDyingAlreadyOnlyTheRights) {
  Machine m(plain());
  Machine::Process& p = sitter(m, 500, 20 * ms);
  m.kernel([&] {
    m.core.sleep(10 * ms);
    exhaust(m, 60, 100);
    m.kill(p.task->id);
    m.kills.clear();
    Pfn page = no_page;
    EXPECT_EQ(m.memory.oom().enter(request(m.core.current()), page), OomResult::pending);
    EXPECT_TRUE(p.task->has(TIF_MEMDIE));
    EXPECT_TRUE(m.kills.empty());
  });
  m.core.run();
  EXPECT_EQ(m.counters().oom_kills, 0u);
  EXPECT_EQ(m.memory.oom().victims(), 0u);
}

TEST(OomKill, AsksWithoutLeavingATrace) {
  Machine m(plain());
  sitter(m, 500);
  m.kernel([&] {
    m.core.sleep(10 * ms);
    exhaust(m, 60, 100);
    const std::uint64_t hash = m.core.hash(), changes = m.memory.changes();
    const Nanos now = m.core.now();
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(m.memory.would_kill(request(m.core.current())), now);
      EXPECT_FALSE(m.memory.oom().still(request(m.core.current()), OomResult::pending));
    }
    EXPECT_EQ(m.core.hash(), hash);
    EXPECT_EQ(m.memory.changes(), changes);
    EXPECT_EQ(m.core.now(), now);
    EXPECT_TRUE(m.kills.empty());
    m.kill(1);
    m.kill(0);
  });
  m.core.run();
}

/// How many pages a victim gets out of 100 + 60 free ones, far below the marks.
Pages victims_share(VictimRights rights) {
  MachineSpec spec = plain();
  spec.rights = rights;
  spec.retries = 0;
  Machine m(std::move(spec));
  Pages got = 0;
  m.kernel([&] {
    exhaust(m, 60, 160);
    m.core.current().set(TIF_MEMDIE);
    while (m.memory.alloc_pages(site::mm_vma, 0, GFP_KERNEL) != no_page) ++got;
    m.memory.failures().settle_last(Fate::degraded);
    m.core.current().clear(TIF_MEMDIE);
  });
  m.core.run();
  return got;
}

TEST(OomKill, GivesVictimsTheReserveThatThePolicySays) {
  EXPECT_EQ(victims_share(VictimRights::everything), 220u);
  // Half of the mark of 192, and of that of 64 with 48 pages kept for others.
  EXPECT_EQ(victims_share(VictimRights::half_min), 160u - 96u);
  EXPECT_EQ(victims_share(VictimRights::none), 0u);
}

}  // namespace
}  // namespace brink::test
