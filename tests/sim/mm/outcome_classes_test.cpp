// What a request finally gets when nothing ever becomes free: the table of the kernel reference,
// §1.2, columns 4.0 and 4.0 with the knob. A process is there to be killed; killed, it cannot exit.

#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {


struct Result {
  bool returned = false;
  bool got = false;
  Counters counters;
  std::uint64_t kills = 0;
  AllocAttempt last;
};

struct Ask {
  unsigned order = 0;
  Gfp gfp = GFP_KERNEL;
  std::int64_t retries = -1;
  std::uint32_t flags = 0;  ///< of the task that asks
  // 64 MiB has marks of 64 and 192, and 48 pages of DMA are kept from others. What is left is too
  // little for any mark, but not so little that reclaimers are made to wait for kswapd.
  Pages dma = 60, dma32 = 100;
};

Result ask(const Ask& question) {
  MachineSpec spec;
  spec.retries = question.retries;
  spec.time_limit = 2 * seconds;
  Machine m(std::move(spec));
  Result result;
  m.process([&](Machine::Process& p) {
    const std::int64_t at = p.mm->mmap_anonymous(1 * MiB);
    EXPECT_EQ(p.mm->touch(static_cast<Address>(at), 1 * MiB), Access::done);
    exhaust(m, question.dma, question.dma32);
    m.kernel([&] {
      Task& me = m.core.current();
      me.flags |= question.flags;
      const Pfn page = m.memory.alloc_pages(site::kernel_boot, question.order, question.gfp);
      result.returned = true;
      result.got = page != no_page;
    });
    // A victim that never gets to its exit.
    for (;;) static_cast<void>(m.core.park(idle_wait, WaitMode::uninterruptible));
  });
  m.core.run();
  result.counters = m.counters();
  result.kills = m.kills.size();
  result.last = m.retry.last;
  EXPECT_EQ(m.memory.check(), "");
  return result;
}

TEST(OutcomeClasses, SmallRequestsKillAndLoopForEver) {
  for (const Gfp gfp : {GFP_KERNEL, GFP_USER, GFP_HIGHUSER_MOVABLE}) {
    for (const unsigned order : {0u, 3u}) {
      const Result r = ask({.order = order, .gfp = gfp});
      EXPECT_FALSE(r.returned) << order;
      EXPECT_EQ(r.kills, 1u);
      EXPECT_GT(r.counters.rounds, 10'000u);
    }
  }
}

TEST(OutcomeClasses, SmallRequestsWithoutTheFileSystemLoopAndNeverKill) {
  for (const Gfp gfp : {GFP_NOFS, GFP_NOIO}) {
    const Result r = ask({.gfp = gfp});
    EXPECT_FALSE(r.returned);
    EXPECT_EQ(r.kills, 0u);
    EXPECT_GT(r.counters.oom_rounds, 10'000u);
  }
}

TEST(OutcomeClasses, TheKnobFailsThemAfterSoManyOomRounds) {
  for (const std::int64_t limit : {1, 2, 10, 1000}) {
    const Result kernel = ask({.gfp = GFP_KERNEL, .retries = limit});
    EXPECT_TRUE(kernel.returned && !kernel.got) << limit;
    EXPECT_EQ(kernel.kills, 1u);
    EXPECT_EQ(kernel.counters.oom_rounds, static_cast<std::uint64_t>(limit));
    const Result nofs = ask({.gfp = GFP_NOFS, .retries = limit});
    EXPECT_TRUE(nofs.returned && !nofs.got) << limit;
    EXPECT_EQ(nofs.kills, 0u);
    EXPECT_EQ(nofs.counters.oom_rounds, static_cast<std::uint64_t>(limit));
    // The round that fails is one more.
    EXPECT_EQ(nofs.last.rounds, static_cast<std::uint32_t>(limit) + 1);
  }
}

TEST(OutcomeClasses, ZeroFailsThemInTheFirstRoundWithoutProgressAndWithoutAKill) {
  const Result r = ask({.gfp = GFP_KERNEL, .retries = 0});
  EXPECT_TRUE(r.returned && !r.got);
  EXPECT_EQ(r.kills, 0u);
  EXPECT_EQ(r.counters.oom_rounds, 0u);
  EXPECT_EQ(r.counters.rounds, 1u);
  EXPECT_EQ(r.counters.questions, 1u);
}

TEST(OutcomeClasses, RequestsThatMayNotSleepFailAtOnceUnderAnyPolicy) {
  for (const Gfp gfp : {GFP_ATOMIC, GFP_NOWAIT}) {
    const Result r = ask({.gfp = gfp, .dma32 = 70});
    EXPECT_TRUE(r.returned && !r.got);
    EXPECT_EQ(r.counters.questions, 0u);
    EXPECT_EQ(r.counters.rounds, 0u);
  }
}

TEST(OutcomeClasses, CostlyRequestsFailAfterOneRoundWithoutAKill) {
  for (const unsigned order : {4u, 7u, 10u}) {
    const Result r = ask({.order = order});
    EXPECT_TRUE(r.returned && !r.got);
    EXPECT_EQ(r.kills, 0u);
    EXPECT_EQ(r.counters.questions, 1u);
  }
}

TEST(OutcomeClasses, NoretryFailsAfterOneRoundAndNofailNever) {
  const Result noretry = ask({.gfp = GFP_KERNEL | Gfp::noretry});
  EXPECT_TRUE(noretry.returned && !noretry.got);
  EXPECT_EQ(noretry.counters.questions, 1u);
  for (const Gfp gfp : {GFP_KERNEL, GFP_NOFS}) {
    for (const unsigned order : {0u, 4u}) {
      // Killing is not refused to NOFAIL, whatever else it lacks.
      const Result nofail = ask({.order = order, .gfp = gfp | Gfp::nofail, .retries = 1});
      EXPECT_FALSE(nofail.returned);
      EXPECT_EQ(nofail.kills, 1u);
    }
  }
}

TEST(OutcomeClasses, LowZonesAreNotKilledFor) {
  const Result r = ask({.gfp = GFP_KERNEL | Gfp::dma, .dma = 40, .dma32 = 100});
  EXPECT_TRUE(r.returned && !r.got);
  EXPECT_EQ(r.kills, 0u);
  EXPECT_EQ(r.last.oom, OomResult::none);  // Of the round before: there was none.
}

TEST(OutcomeClasses, ReclaimersAndVictimsUseTheReserveAndThenFail) {
  for (const std::uint32_t flag : {PF_MEMALLOC, TIF_MEMDIE}) {
    const Result some = ask({.flags = flag, .dma = 0, .dma32 = 20});
    EXPECT_TRUE(some.returned && some.got) << flag;
    const Result none = ask({.flags = flag, .dma = 0, .dma32 = 0});
    EXPECT_TRUE(none.returned && !none.got) << flag;
    EXPECT_EQ(none.counters.questions, 0u);
    // __GFP_NOMEMALLOC gives the right up.
    const Result waived = ask({.gfp = GFP_KERNEL | Gfp::nomemalloc, .flags = flag});
    EXPECT_TRUE(waived.returned && !waived.got) << flag;
  }
  const Result nofail = ask(
      {.gfp = GFP_KERNEL | Gfp::nofail, .flags = PF_MEMALLOC, .dma = 0, .dma32 = 0});
  EXPECT_FALSE(nofail.returned);
}

TEST(OutcomeClasses, AtomicRequestsMayUseFiveEighthsOfTheReserve) {
  // 3/8 of 192 pages.
  EXPECT_TRUE(ask({.gfp = GFP_ATOMIC, .dma32 = 73}).got);
  EXPECT_FALSE(ask({.gfp = GFP_ATOMIC, .dma32 = 72}).got);
  // No more than half of it for __GFP_HIGH alone.
  const Gfp high = GFP_KERNEL | Gfp::high | Gfp::noretry;
  EXPECT_TRUE(ask({.gfp = high, .dma32 = 97}).got);
  EXPECT_FALSE(ask({.gfp = high, .dma32 = 96}).got);
}

TEST(OutcomeClasses, AlmostNoReserveMakesReclaimersWaitForKswapd) {
  // Less than half of all marks free: whoever may enter the file system waits, without a question.
  const Result kernel = ask({.gfp = GFP_KERNEL, .retries = 0, .dma = 0, .dma32 = 100});
  EXPECT_FALSE(kernel.returned);
  EXPECT_EQ(kernel.counters.questions, 0u);
  // Whoever may not, waits for a second at most.
  const Result nofs = ask({.gfp = GFP_NOFS, .retries = 0, .dma = 0, .dma32 = 100});
  EXPECT_TRUE(nofs.returned && !nofs.got);
}

TEST(OutcomeClasses, NobodyToKillIsAPanic) {
  MachineSpec spec;
  spec.time_limit = 2 * seconds;
  Machine m(std::move(spec));
  m.kernel([&] {
    exhaust(m, 60, 100);
    m.core.current().set(PF_KTHREAD);
    static_cast<void>(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL));
    FAIL() << "came back";
  });
  EXPECT_EQ(m.core.run(), RunEnd::stopped);
  EXPECT_EQ(m.panicked, "Out of memory and no killable processes...");
}

TEST(OutcomeClasses, AVictimThatExitsLetsTheRequestSucceed) {
  Machine m(MachineSpec{});
  bool got = false;
  m.process([&](Machine::Process& p) {
    const std::int64_t at = p.mm->mmap_anonymous(8 * MiB);
    EXPECT_EQ(p.mm->touch(static_cast<Address>(at), 8 * MiB), Access::done);
    exhaust(m, 60, 100);
    m.kernel([&] { got = m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL) != no_page; });
    while (!p.task->has(FATAL_SIGNAL)) {
      static_cast<void>(m.core.park(idle_wait, WaitMode::killable));
    }
  });
  m.core.run();
  EXPECT_TRUE(got);
  EXPECT_EQ(m.kills.size(), 1u);
  EXPECT_EQ(m.fate(site::kernel_boot, Fate::retried), 1u);
  EXPECT_EQ(m.memory.check(), "");
}

}  // namespace
}  // namespace brink::test
