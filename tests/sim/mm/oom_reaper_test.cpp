// The OOM reaper: when it comes, what it takes, and when it gives up; and what a policy's other
// answers make of the OOM path.

#include "sim/mm/oom_reaper.hpp"

#include "brink/params.hpp"
#include "policies/builtin.hpp"
#include "sim/mm/oom_kill.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

constexpr Pages sat = 900;

struct World {
  explicit World(PolicyFactory<OomPolicy> make, Nanos lingers, Table table = {}) {
    Params params(std::move(table), "");
    killer = make(params);
    MachineSpec spec;
    spec.kswapd = false;
    spec.killer = killer.get();
    m.emplace(std::move(spec));
    victim = &m->process([this, lingers](Machine::Process& p) {
      const auto at = static_cast<Address>(p.mm->mmap_anonymous(sat * page_size));
      EXPECT_EQ(p.mm->touch(at, sat * page_size), Access::done);
      while (!p.task->has(FATAL_SIGNAL)) {
        static_cast<void>(m->core.sleep(1 * seconds, WaitMode::killable));
      }
      m->core.sleep(lingers);
    });
  }
  OomResult ask(Gfp gfp = GFP_KERNEL, unsigned order = 0) {
    Pfn page = no_page;
    const OomRequest request{m->core.current().id, order, gfp, false};
    return m->memory.oom().enter(request, page);
  }
  void kernel(std::function<void()> body) {
    m->kernel([this, body] {
      m->core.sleep(10 * ms);
      exhaust(*m, 60, 100);
      body();
    });
    m->core.run();
  }

  std::unique_ptr<OomPolicy> killer;
  std::optional<Machine> m;
  Machine::Process* victim = nullptr;
};

TEST(OomReaper, TakesTheMemoryOfAVictimThatDoesNotExitInTime) {
  World w(make_linux_6_1_oom, 30 * seconds);
  w.kernel([&] {
    const Nanos killed = w.m->core.now();
    EXPECT_EQ(w.ask(), OomResult::killed);
    EXPECT_LT(w.m->core.now(), killed + w.m->core.tick()) << "nobody naps after a kill";
    EXPECT_TRUE(w.m->memory.oom().reaper()->busy());
    EXPECT_EQ(w.ask(), OomResult::pending);
    w.m->core.sleep(1'900 * ms);
    EXPECT_EQ(w.victim->mm->rss(), sat);
    w.m->core.sleep(200 * ms);
    EXPECT_EQ(w.victim->mm->rss(), 0u);
    EXPECT_TRUE(w.victim->mm->oom_skip());
    EXPECT_FALSE(w.m->memory.oom().reaper()->busy());
    EXPECT_NE(w.victim->task->state, TaskState::dead);
  });
  EXPECT_EQ(w.m->memory.check(), "");
}

TEST(OomReaper, LeavesAVictimAloneThatExitsByItself) {
  World w(make_linux_6_1_oom, 0);
  w.kernel([&] {
    EXPECT_EQ(w.ask(), OomResult::killed);
    w.m->core.sleep(100 * ms);
    EXPECT_EQ(w.victim->task->state, TaskState::dead);
    EXPECT_TRUE(w.victim->mm->oom_skip()) << "exit_mmap() says so";
    w.m->core.sleep(3 * seconds);
    EXPECT_FALSE(w.m->memory.oom().reaper()->busy());
  });
}

TEST(OomReaper, GivesUpAfterTenTriesForALockThatIsTaken) {
  World w(make_linux_6_1_oom, 30 * seconds);
  w.kernel([&] {
    const WriteGuard guard(w.victim->mm->mmap_sem());
    EXPECT_EQ(w.ask(), OomResult::killed);
    w.m->core.sleep(2'850 * ms);
    EXPECT_FALSE(w.victim->mm->oom_skip());
    EXPECT_TRUE(w.m->memory.oom().reaper()->busy());
    w.m->core.sleep(100 * ms);
    EXPECT_TRUE(w.victim->mm->oom_skip()) << "so that somebody else may die";
    EXPECT_EQ(w.victim->mm->rss(), sat);
    EXPECT_FALSE(w.m->memory.oom().reaper()->busy());
  });
}

TEST(OomReaper, IsThereOnlyIfThePolicySaysSo) {
  World without(make_linux_6_1_oom, 0, {{"reaper", false}});
  EXPECT_EQ(without.m->memory.oom().reaper(), nullptr);
  World old(make_badness, 0);
  EXPECT_EQ(old.m->memory.oom().reaper(), nullptr);
}

TEST(OomPath, A26RequestWithoutFileSystemsDoesNotComeToIt) {
  World w(make_linux_2_6_oom, 0);
  w.kernel([&] {
    const Nanos before = w.m->core.now();
    EXPECT_EQ(w.ask(GFP_NOFS), OomResult::none);
    EXPECT_EQ(w.m->core.now(), before) << "no lock, no look at the lists";
    EXPECT_TRUE(
        w.m->memory.oom().still({w.m->core.current().id, 0, GFP_NOFS, false}, OomResult::none));
    EXPECT_EQ(w.ask(GFP_KERNEL, 4), OomResult::refused);
    EXPECT_TRUE(w.m->kills.empty());
    w.m->kill(w.victim->task->id);
  });
}

TEST(OomPath, A26RequestNapsWhileItWaitsForAVictim) {
  World w(make_linux_2_6_oom, 1 * seconds);
  w.kernel([&] {
    EXPECT_EQ(w.ask(), OomResult::killed);
    const Nanos before = w.m->core.now();
    EXPECT_EQ(w.ask(), OomResult::pending);
    EXPECT_GE(w.m->core.now(), before + w.m->core.tick());
    EXPECT_FALSE(
        w.m->memory.oom().still({w.m->core.current().id, 0, GFP_KERNEL, false}, OomResult::pending))
        << "rounds with a nap are not repeated in bulk";
  });
}

TEST(OomPath, A61VictimKeepsItsRightsUntilItIsGone) {
  World w(make_linux_6_1_oom, 0);
  w.kernel([&] {
    EXPECT_EQ(w.ask(), OomResult::killed);
    Task& victim = *w.victim->task;
    w.m->memory.unmark_oom_victim(victim);
    EXPECT_TRUE(victim.has(TIF_MEMDIE));
    w.m->memory.unmark_oom_victim(victim, true);
    EXPECT_FALSE(victim.has(TIF_MEMDIE));
    EXPECT_EQ(w.m->memory.oom().victims(), 0u);
  });
}

TEST(OomPath, ATimeoutEndsTheWaitForAVictim) {
  World w(make_badness, 30 * seconds, {{"timeout", "5 s"}});
  Machine::Process& other = w.m->process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(50 * page_size));
    EXPECT_EQ(p.mm->touch(at, 50 * page_size), Access::done);
    while (!p.task->has(FATAL_SIGNAL)) {
      static_cast<void>(w.m->core.sleep(1 * seconds, WaitMode::killable));
    }
  });
  w.kernel([&] {
    const OomRequest request{w.m->core.current().id, 0, GFP_KERNEL, false};
    const Nanos killed = w.m->core.now();
    EXPECT_EQ(w.ask(), OomResult::killed);
    const Nanos second = w.m->memory.would_kill(request);
    EXPECT_GE(second, killed + 5 * seconds);
    EXPECT_LT(second, killed + 6 * seconds);
    EXPECT_TRUE(w.m->memory.oom().still(request, OomResult::pending));
    w.m->core.sleep_until(second);
    EXPECT_FALSE(w.m->memory.oom().still(request, OomResult::pending)) << "not what was foreseen";
    EXPECT_EQ(w.ask(), OomResult::killed);
    EXPECT_EQ(w.m->kills.back(), other.task->id);
  });
}

}  // namespace
}  // namespace brink::test
