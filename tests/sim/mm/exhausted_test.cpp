// The ends of an exhausted machine that are no request class of their own: how much of the reserve
// there is for whom, waiting for kswapd, panic, and a victim that does exit. Era 4.0.

#include "tests/sim/mm/era.hpp"

namespace brink::test {
namespace {

TEST(Exhausted, AtomicRequestsMayUseFiveEighthsOfTheReserve) {
  // 3/8 of 192 pages.
  EXPECT_TRUE(ask("4.0", {.gfp = GFP_ATOMIC, .dma32 = 73}).got);
  EXPECT_FALSE(ask("4.0", {.gfp = GFP_ATOMIC, .dma32 = 72}).got);
  // No more than half of it for __GFP_HIGH alone.
  const Gfp high = GFP_KERNEL | Gfp::high | Gfp::noretry;
  EXPECT_TRUE(ask("4.0", {.gfp = high, .dma32 = 97}).got);
  EXPECT_FALSE(ask("4.0", {.gfp = high, .dma32 = 96}).got);
}

TEST(Exhausted, RealTimeTasksGetThreeQuartersOfTheMarkAndHalfIn61) {
  const auto real_time = [](const char* era, Pages left) {
    return ask(era, {.gfp = GFP_KERNEL | Gfp::noretry, .flags = RT_TASK, .dma32 = left}).got;
  };
  for (const char* era : {"2.6.30", "2.6.31", "4.0"}) {
    EXPECT_TRUE(real_time(era, 145)) << era;
    EXPECT_FALSE(real_time(era, 144)) << era;
  }
  EXPECT_TRUE(real_time("6.1", 97));
  EXPECT_FALSE(real_time("6.1", 96));
}

TEST(Exhausted, AlmostNoReserveMakesReclaimersWaitForKswapd) {
  // Less than half of all marks free: whoever may enter the file system waits, without a question.
  const Answer kernel = ask("4.0", {.retries = 0, .dma = 0, .dma32 = 100}, 10 * seconds);
  EXPECT_FALSE(kernel.returned);
  EXPECT_EQ(kernel.counters.questions, 0u);
  // Whoever may not, waits for a second at most.
  const Answer nofs = ask("4.0", {.gfp = GFP_NOFS, .retries = 0, .dma = 0, .dma32 = 100});
  EXPECT_TRUE(nofs.returned && !nofs.got);
}

TEST(Exhausted, NobodyToKillIsAPanic) {
  const Era era("4.0");
  Machine m(era.spec());
  m.kernel([&] {
    exhaust(m, 60, 100);
    m.core.current().set(PF_KTHREAD);
    static_cast<void>(m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL));
    FAIL() << "came back";
  });
  EXPECT_EQ(m.core.run(), RunEnd::stopped);
  EXPECT_EQ(m.panicked, "Out of memory and no killable processes...");
}

TEST(Exhausted, AVictimThatExitsLetsTheRequestSucceed) {
  for (const char* name : {"2.6.30", "2.6.31", "2.6.32", "4.0", "6.1"}) {
    const Era era(name);
    Machine m(era.spec());
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
    EXPECT_TRUE(got) << name;
    EXPECT_EQ(m.kills.size(), 1u) << name;
    EXPECT_EQ(m.fate(site::kernel_boot, Fate::retried), 1u) << name;
    EXPECT_EQ(m.memory.check(), "");
  }
}

}  // namespace
}  // namespace brink::test
