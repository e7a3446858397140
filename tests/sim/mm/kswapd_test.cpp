// kswapd: when it wakes, how far it goes, and when it gives up.

#include "tests/sim/mm/fake_files.hpp"

namespace brink::test {
namespace {

/// Takes pages at the low mark until there are none; keeps them.
void take_to_low(Machine& m, std::vector<Pfn>& taken) {
  for (Pfn page; (page = m.memory.allocator().take(0, GFP_KERNEL, Watermark::low, 0)) != no_page;) {
    m.memory.allocator().prepare(page, 0, GFP_KERNEL);
    taken.push_back(page);
  }
}

bool above(Machine& m, Watermark mark) {
  for (const Zone& zone : m.memory.zones().all()) {
    if (zone.populated() && zone.free() <= zone.watermark(mark)) return false;
  }
  return true;
}

TEST(Kswapd, SleepsUntilARequestFindsNothingAboveTheLowMark) {
  Machine m(MachineSpec{});
  FakeFiles files(m);
  std::vector<Pfn> taken;
  m.kernel([&] {
    m.core.sleep(1 * seconds);  // Until it has looked about once, and sleeps.
    EXPECT_TRUE(files.fill(0, 8000, false));
    take_to_low(m, taken);
    m.core.sleep(1 * seconds);
    EXPECT_EQ(m.counters().pages_reclaimed, 0u);
    EXPECT_EQ(m.memory.kswapd().task()->state, TaskState::parked);
    // The first request beyond wakes it, and is served meanwhile.
    taken.push_back(m.memory.alloc_pages(site::kernel_boot));
    EXPECT_NE(taken.back(), no_page);
    EXPECT_FALSE(above(m, Watermark::high));
    m.core.sleep(50 * ms);
    EXPECT_TRUE(above(m, Watermark::high));
    m.core.sleep(1 * seconds);
    EXPECT_EQ(m.memory.kswapd().task()->state, TaskState::parked);
    const std::uint64_t reclaimed = m.counters().pages_reclaimed;
    EXPECT_LT(reclaimed, 1000u) << "it stops not far above the high mark";
    m.core.sleep(1 * seconds);
    EXPECT_EQ(m.counters().pages_reclaimed, reclaimed);
    for (const Pfn page : taken) m.memory.free_pages(page, 0);
    files.mapping.truncate(0);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Kswapd, IsNotWokenByRequestsThatSayNo) {
  Machine m(MachineSpec{});
  FakeFiles files(m);
  std::vector<Pfn> taken;
  m.kernel([&] {
    m.core.sleep(1 * seconds);
    EXPECT_TRUE(files.fill(0, 4000, false));
    take_to_low(m, taken);
    static_cast<void>(
        m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL & ~Gfp::kswapd_reclaim));
    m.core.sleep(500 * ms);
    EXPECT_EQ(m.counters().pages_reclaimed, 0u);
    EXPECT_NE(m.memory.alloc_pages(site::kernel_boot, 0, GFP_NOWAIT), no_page);
    m.core.sleep(500 * ms);
    EXPECT_GT(m.counters().pages_reclaimed, 0u);
    files.mapping.truncate(0);
  });
  m.core.run();
}

TEST(Kswapd, GivesUpWhenAllWasTriedInVainAndTakesHeartWhenAnythingChanges) {
  MachineSpec spec;
  spec.retries = 0;
  Machine m(std::move(spec));
  FakeFiles files(m);
  std::vector<Pfn> taken;
  m.kernel([&] {
    EXPECT_TRUE(files.fill(0, 300, false));
    for (std::uint32_t i = 0; i < 300; ++i) m.memory.cache().pin(files.mapping.find(i));
    const Pfn spare = m.memory.alloc_pages(site::kernel_boot);
    take_to_low(m, taken);
    taken.push_back(m.memory.alloc_pages(site::kernel_boot));
    m.core.sleep(5 * seconds);
    EXPECT_TRUE(m.memory.kswapd().gave_up());
    EXPECT_FALSE(m.memory.kswapd().would_wake(0, GFP_KERNEL));
    EXPECT_FALSE(above(m, Watermark::high));
    const std::uint64_t scanned = m.counters().pages_scanned;
    EXPECT_GE(scanned, 6u * 300u) << "six times all there is";
    taken.push_back(m.memory.alloc_pages(site::kernel_boot));
    m.core.sleep(1 * seconds);
    EXPECT_EQ(m.counters().pages_scanned, scanned) << "left alone";

    for (std::uint32_t i = 0; i < 300; ++i) m.memory.cache().unpin(files.mapping.find(i));
    EXPECT_FALSE(m.memory.kswapd().gave_up());
    m.memory.free_pages(spare, 0);
    EXPECT_TRUE(m.memory.kswapd().would_wake(0, GFP_KERNEL));
    taken.push_back(m.memory.alloc_pages(site::kernel_boot));
    m.core.sleep(1 * seconds);
    EXPECT_GE(m.counters().pages_reclaimed, 50u);
    files.mapping.truncate(0);
  });
  m.core.run();
  EXPECT_EQ(m.memory.check(), "");
}

TEST(Kswapd, BringsBackWhoWaitsForTheReserve) {
  MachineSpec spec;
  spec.memory.swap = 64 * MiB;
  Machine m(std::move(spec));
  bool got = false;
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(16 * MiB));
    EXPECT_EQ(p.mm->touch(at, 16 * MiB), Access::done);
    exhaust(m, 0, 100);
    EXPECT_FALSE(m.memory.reclaim().reserve_ok());
    // It may not reclaim by itself before kswapd has brought the free pages above half of the
    // marks.
    const Pfn page = m.memory.alloc_pages(site::kernel_boot, 0, GFP_KERNEL);
    got = page != no_page;
    EXPECT_TRUE(m.memory.reclaim().reserve_ok());
  });
  m.core.run();
  EXPECT_TRUE(got);
  EXPECT_TRUE(m.kills.empty());
  EXPECT_GT(m.counters().swap_outs, 0u);
}

TEST(Kswapd, WaitsForWritesThatItMeetsASecondTime) {
  MachineSpec spec;
  spec.memory.swap = 64 * MiB;
  spec.swap_delay = 30 * ms;
  Machine m(std::move(spec));
  m.process([&](Machine::Process& p) {
    const auto at = static_cast<Address>(p.mm->mmap_anonymous(16 * MiB));
    EXPECT_EQ(p.mm->touch(at, 16 * MiB), Access::done);
    std::vector<Pfn> taken;
    take_to_low(m, taken);
    const Nanos before = m.core.now();
    m.memory.kswapd().wake();
    while (!above(m, Watermark::high)) m.core.sleep(1 * ms);
    // It sleeps while the device works, rather than going round and round over the same pages.
    EXPECT_GE(m.core.now() - before, 30 * ms);
    EXPECT_LT(m.counters().pages_scanned, 20'000u);
  });
  m.core.run();
}

}  // namespace
}  // namespace brink::test
