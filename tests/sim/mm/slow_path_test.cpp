// The slow path: rounds, what counts as progress, and what the policy is told.

#include "sim/locking/mutex.hpp"
#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

/// Answers from a list, and remembers the questions.
class Scripted final : public AllocPolicy {
 public:
  explicit Scripted(std::vector<Action> answers) : answers_(std::move(answers)) {}
  Action decide(const AllocAttempt& attempt) const override {
    asked.push_back(attempt);
    if (on_question) on_question(asked.size());
    return asked.size() <= answers_.size() ? answers_[asked.size() - 1] : Action{};
  }
  std::uint64_t rounds_left(const AllocAttempt&) const override { return 0; }
  mutable std::vector<AllocAttempt> asked;
  std::function<void(std::size_t)> on_question;

 private:
  const std::vector<Action> answers_;
};

constexpr Action retry{Action::Kind::retry, Pause::none, 0};
constexpr Action oom{Action::Kind::oom, Pause::none, 0};
constexpr Action reserve{Action::Kind::use_reserve, Pause::none, 0};

MachineSpec asking(const AllocPolicy& policy) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.alloc = &policy;
  return spec;
}

TEST(SlowPath, TellsThePolicyEverythingAboutTheAttempt) {
  Scripted policy({retry, oom, oom, retry});
  Machine m(asking(policy));
  brink::Mutex lock(m.locks, m.locks.lock_class("test.lock"));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(1 * MiB));
    EXPECT_EQ(p.mm->touch(at, 1 * MiB), Access::done);
    exhaust(m, 60, 100);
    while (!p.task->has(FATAL_SIGNAL)) m.core.sleep(10 * us);
    // A victim that lingers.
    m.core.sleep(1 * seconds);
  });
  m.kernel([&] {
    m.core.sleep(10 * ms);
    m.core.current().set(PF_EXITING);
    const MutexGuard guard(lock);
    EXPECT_EQ(m.memory.alloc_pages(site::jbd2_handle, 1, GFP_KERNEL), no_page);
    m.core.current().clear(PF_EXITING);
  });
  m.core.run();
  ASSERT_EQ(policy.asked.size(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const AllocAttempt& a = policy.asked[i];
    EXPECT_EQ(a.order, 1u);
    EXPECT_EQ(a.gfp, GFP_KERNEL);
    EXPECT_EQ(a.site, site::jbd2_handle);
    EXPECT_EQ(a.on_failure, m.memory.rule(site::jbd2_handle).on_failure);
    EXPECT_EQ(a.rounds, i + 1);
    EXPECT_EQ(a.no_progress_rounds, i + 1);
    EXPECT_FALSE(a.progress);
    EXPECT_EQ(a.reclaimed, 0u);
    EXPECT_EQ(a.locks_held, 1u);
    EXPECT_TRUE(a.exiting);
    EXPECT_FALSE(a.victim || a.memalloc || a.fatal_signal || a.kthread);
    EXPECT_GT(a.waited, i != 0 ? policy.asked[i - 1].waited : 0);
  }
  // The OOM path's answers are told with the next question, and counted when they are progress.
  const OomResult results[] = {OomResult::none, OomResult::none, OomResult::killed,
                               OomResult::pending, OomResult::pending};
  const std::uint32_t oom_rounds[] = {0, 0, 1, 2, 2};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(policy.asked[i].oom, results[i]) << i;
    EXPECT_EQ(policy.asked[i].oom_rounds, oom_rounds[i]) << i;
  }
  EXPECT_EQ(m.counters().rounds, 5u);
  EXPECT_EQ(m.counters().questions, 5u);
  EXPECT_EQ(m.counters().oom_rounds, 2u);
  EXPECT_EQ(m.counters().oom_kills, 1u);
}

TEST(SlowPath, CountsWhatReclaimFreedAsProgressEvenIfOthersTakeIt) {
  Scripted policy({retry, retry});
  Machine m(asking(policy));
  FakeFiles files(m);
  m.kernel([&] {
    EXPECT_TRUE(files.fill(0, 64, false));
    exhaust(m, 48, 90);
    // What comes back is too little for the mark; then there is nothing left.
    EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL), no_page);
    m.memory.failures().settle_last(Fate::degraded);
    files.mapping.truncate(0);
  });
  m.core.run();
  ASSERT_EQ(policy.asked.size(), 3u);
  Pages before = 0;
  std::uint32_t in_vain = 0;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const AllocAttempt& a = policy.asked[i];
    EXPECT_EQ(a.progress, a.reclaimed > before) << i;
    before = a.reclaimed;
    if (!a.progress) ++in_vain;
    EXPECT_EQ(a.no_progress_rounds, in_vain);
    EXPECT_EQ(a.rounds, i + 1);
  }
  EXPECT_TRUE(policy.asked[0].progress);
  EXPECT_FALSE(policy.asked[2].progress);
  EXPECT_EQ(before, 64u);
}

TEST(SlowPath, CallsItProgressWhileAZoneStillCountsAsReclaimable) {
  Scripted policy({});
  Machine m(asking(policy));
  FakeFiles files(m);
  m.kernel([&] {
    // Dirty pages that this request may not write: one sweep over them is less than six times all.
    EXPECT_TRUE(files.fill(0, 2000, true));
    exhaust(m, 60, 100);
    EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 0, GFP_NOFS), no_page);
    m.memory.failures().settle_last(Fate::degraded);
    EXPECT_TRUE(policy.asked[0].progress);
    EXPECT_EQ(policy.asked[0].reclaimed, 1u);
    EXPECT_EQ(policy.asked[0].no_progress_rounds, 0u);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 0, GFP_NOFS), no_page);
      m.memory.failures().settle_last(Fate::degraded);
    }
    EXPECT_FALSE(policy.asked.back().progress);
    EXPECT_EQ(policy.asked.back().reclaimed, 0u);
    files.mapping.truncate(0);
  });
  m.core.run();
}

TEST(SlowPath, TakesThePageThatSomebodyFreedMeanwhile) {
  Scripted policy({retry});
  Machine m(asking(policy));
  std::vector<Pfn> spare;
  policy.on_question = [&](std::size_t) {
    for (const Pfn page : spare) m.memory.free_pages(page, 0);
  };
  m.kernel([&] {
    for (int i = 0; i < 120; ++i) spare.push_back(m.memory.alloc_pages(site::kernel_boot));
    exhaust(m, 60, 100);
    EXPECT_NE(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL), no_page);
    EXPECT_EQ(m.fate(site::kernel_boot, Fate::retried), 1u);
    EXPECT_EQ(m.memory.failures().open_count(), 0u);
  });
  m.core.run();
  EXPECT_EQ(policy.asked.size(), 1u);
}

TEST(SlowPath, UsesTheReserveOnlyWhenThePolicySaysSo) {
  Scripted policy({retry, reserve});
  Machine m(asking(policy));
  m.kernel([&] {
    exhaust(m, 60, 100);
    EXPECT_NE(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL), no_page);
    EXPECT_EQ(m.memory.free_pages() + m.memory.zones().on_pcp_lists(), 159u);
  });
  m.core.run();
  EXPECT_EQ(policy.asked.size(), 2u);
}

TEST(SlowPath, WaitsAsLongAsThePolicySays) {
  const Pause pauses[] = {Pause::none, Pause::jiffy};
  for (const Pause pause : pauses) {
    Scripted policy({{Action::Kind::retry, pause, 0}, {Action::Kind::retry, pause, 0}});
    Machine m(asking(policy));
    m.kernel([&] {
      exhaust(m, 60, 100);
      const Nanos before = m.core.now();
      EXPECT_EQ(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL), no_page);
      const Nanos took = m.core.now() - before;
      EXPECT_EQ(took > m.core.tick(), pause == Pause::jiffy);
    });
    m.core.run();
    EXPECT_EQ(policy.asked.size(), 3u);
  }
}

/// Under exhaustion: the cause and fate that one request ends with.
Cause cause_of(Gfp gfp, std::uint32_t flags) {
  Scripted policy({});
  MachineSpec spec = asking(policy);
  spec.memory.keep_failures = true;
  Machine m(std::move(spec));
  m.kernel([&] {
    exhaust(m, 0, 0);
    m.core.current().flags |= flags;
    EXPECT_EQ(m.memory.alloc_pages(site::mm_vma, 0, gfp), no_page);
    m.core.current().flags &= ~flags;
    EXPECT_TRUE(m.memory.failures().settle_syscall(m.core.current(), "x", 0));
  });
  m.core.run();
  const auto records = m.memory.failures().take_records();
  EXPECT_EQ(records.size(), 1u);
  return records.empty() ? Cause::injected : records[0].cause;
}

TEST(SlowPath, KeepsTheCausesApart) {
  EXPECT_EQ(cause_of(GFP_KERNEL, 0), Cause::give_up);
  EXPECT_EQ(cause_of(GFP_ATOMIC, 0), Cause::no_sleep);
  EXPECT_EQ(cause_of(GFP_NOWAIT, TIF_MEMDIE), Cause::no_sleep);
  EXPECT_EQ(cause_of(GFP_KERNEL, TIF_MEMDIE), Cause::victim);
  EXPECT_EQ(cause_of(GFP_KERNEL, PF_MEMALLOC), Cause::victim);
}

TEST(SlowPath, MakesMemoryTheTasksWaitOnlyWhileNoEndIsInSight) {
  MachineSpec spec;
  spec.kswapd = false;
  spec.retries = 3;
  Machine finite(std::move(spec));
  finite.process([&](Machine::Process& p) {
    EXPECT_EQ(p.mm->touch(static_cast<Address>(p.mm->mmap_anonymous(page_size)), 1), Access::done);
    exhaust(finite, 60, 100);
    Task& asker = finite.kernel(
        [&] { static_cast<void>(finite.memory.alloc_pages(site::mm_vma, 0, GFP_NOFS)); });
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(asker.loop, nullptr);
      finite.core.sleep(2 * us);
    }
  });
  finite.core.run();

  MachineSpec endless;
  endless.kswapd = false;
  endless.time_limit = 1 * seconds;
  Machine m(std::move(endless));
  Task* asker = nullptr;
  m.kernel([&] {
    exhaust(m, 60, 100);
    asker = &m.core.current();
    static_cast<void>(m.memory.alloc_pages(site::mm_vma, 0, GFP_NOFS));
  });
  EXPECT_EQ(m.core.run(), RunEnd::time_limit);
  ASSERT_NE(asker->loop, nullptr);
  EXPECT_EQ(asker->loop, m.memory.wait_of(*asker));
  EXPECT_GT(asker->loop_rounds, 1000u);
}

}  // namespace
}  // namespace brink::test
