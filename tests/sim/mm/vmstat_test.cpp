// Counters of zones that each CPU keeps a part of to itself: the kernel's thresholds, what is seen
// and what is there, and who takes differences in.

#include "sim/mm/vmstat.hpp"

#include "sim/locking/cpu_pools.hpp"
#include "sim/sched/random.hpp"
#include "tests/sim/mm/machine.hpp"

namespace brink::test {
namespace {

MachineSpec per_cpu(std::uint32_t cpus = 2) {
  MachineSpec spec;
  spec.cpus = cpus;
  spec.kswapd = false;
  spec.rules.vmstat = Rules::Vmstat::per_cpu;
  return spec;
}

/// Of so many MiB.
int threshold(Pages mebibytes, std::uint32_t cpus) {
  return normal_threshold(mebibytes * MiB / page_size, cpus);
}

TEST(Vmstat, ThresholdsAreThoseOfTheKernelsOwnTable) {
  // The comment of calculate_normal_threshold(): processors, zone size, threshold.
  EXPECT_EQ(threshold(950, 1), 8);
  EXPECT_EQ(threshold(950, 2), 16);
  EXPECT_EQ(threshold(1'500, 2), 20);
  EXPECT_EQ(threshold(3'000, 2), 24);
  EXPECT_EQ(threshold(6'000, 2), 28);
  EXPECT_EQ(threshold(12'000, 2), 32);
  EXPECT_EQ(threshold(100, 2), 4);
  EXPECT_EQ(threshold(3'000, 4), 30 + 6);  // The comment forgets that fls(4) is 3.
  EXPECT_EQ(threshold(12'000, 4), 48);
  EXPECT_EQ(threshold(950, 8), 32);
  EXPECT_EQ(threshold(100, 16), 10);
  EXPECT_EQ(threshold(900, 16), 40);
  EXPECT_EQ(threshold(6'000, 64), 98);
  EXPECT_EQ(threshold(12'000, 64), 112);
  EXPECT_EQ(threshold(24'000, 64), 125);
  EXPECT_EQ(pressure_threshold(80, 64, 2), 8);
  EXPECT_EQ(pressure_threshold(27, 22, 8), 1);
  EXPECT_EQ(pressure_threshold(10'000, 5'000, 4), 125);
}

TEST(Vmstat, OnlyZonesWhoseDifferencesCouldHideTheMinMarkAreWatchedMoreCloselyUnderPressure) {
  // 64 MiB on 2 CPUs: two times 4 pages do not reach from the low mark of any zone to its min mark.
  Machine small(per_cpu());
  Vmstat& calm = small.memory.reclaim().vmstat();
  // On 16 CPUs they do.
  Machine large(per_cpu(16));
  Vmstat& tense = large.memory.reclaim().vmstat();
  const Zone& here = small.memory.zones()[ZoneType::dma32];
  const Zone& there = large.memory.zones()[ZoneType::dma32];
  EXPECT_EQ(calm.threshold(here), 4);
  EXPECT_EQ(tense.threshold(there), 10);
  calm.set_pressure(true);
  tense.set_pressure(true);
  EXPECT_EQ(calm.threshold(here), 4);
  EXPECT_EQ(tense.threshold(there), pressure_threshold(there.watermark(Watermark::low),
                                                       there.watermark(Watermark::min), 16));
  EXPECT_LT(tense.threshold(there), 10);
  tense.set_pressure(false);
  EXPECT_EQ(tense.threshold(there), 10);
}

TEST(Vmstat, ADifferenceIsSeenWhenItExceedsTheThresholdOrIsTakenIn) {
  Machine machine(per_cpu());
  Vmstat& vmstat = machine.memory.reclaim().vmstat();
  const Zone& zone = machine.memory.zones()[ZoneType::dma32];
  machine.kernel([&] {
    const std::uint32_t cpu = machine.core.current().cpu;
    vmstat.add(zone, Lru::active_file, 4);
    EXPECT_EQ(vmstat.size(zone, Lru::active_file), 0u);
    EXPECT_EQ(vmstat.snapshot(zone, Lru::active_file), 4);
    vmstat.add(zone, Lru::active_file, 1);  // All of it goes, not what is beyond.
    EXPECT_EQ(vmstat.size(zone, Lru::active_file), 5u);
    vmstat.add(zone, Lru::active_file, -3);
    EXPECT_EQ(vmstat.size(zone, Lru::active_file), 5u);
    EXPECT_TRUE(vmstat.fold(cpu));
    EXPECT_EQ(vmstat.size(zone, Lru::active_file), 2u);
    EXPECT_FALSE(vmstat.fold(cpu));
    vmstat.add(zone, Lru::active_file, -2);
    EXPECT_EQ(vmstat.size(zone, Lru::active_file), 2u);  // Two pages that are not there.
    EXPECT_EQ(vmstat.snapshot(zone, Lru::active_file), 0);
  });
  machine.core.run();
}

TEST(Vmstat, WhatIsSeenToHaveBeenScannedIsForgottenWhenPagesAreFreed) {
  Machine machine(per_cpu());
  Vmstat& vmstat = machine.memory.reclaim().vmstat();
  Zone& zone = machine.memory.zones()[ZoneType::dma32];
  machine.kernel([&] {
    vmstat.scanned(zone, 32);
    EXPECT_EQ(zone.pages_scanned, 32u);
    vmstat.scanned(zone, 3);
    EXPECT_EQ(zone.pages_scanned, 32u);
    vmstat.freed(zone);  // -32 and the 3 that this CPU had kept to itself.
    EXPECT_EQ(zone.pages_scanned, 3u);
    vmstat.freed(zone);  // Too little to be noticed: it is as if nothing had been taken back.
    EXPECT_EQ(zone.pages_scanned, 3u);
    EXPECT_TRUE(vmstat.fold(machine.core.current().cpu));
    EXPECT_EQ(zone.pages_scanned, 0u);
  });
  machine.core.run();
}

/// Reads of a file and memory that is swapped, from all CPUs: at any time the counters and their
/// differences are what is on the lists, and nobody is further off than the thresholds allow.
TEST(Vmstat, CountersAndDifferencesAreWhatIsOnTheLists) {
  MachineSpec spec = per_cpu(4);
  spec.memory.memory = 32 * MiB;
  spec.memory.swap = 32 * MiB;
  spec.kswapd = true;
  Machine machine(std::move(spec));
  Memory& memory = machine.memory;
  Vmstat& vmstat = memory.reclaim().vmstat();
  CpuPools pools(machine.core, 4);
  vmstat.start(pools);
  std::uint64_t looks = 0, off = 0;
  const auto look = [&] {
    for (const Zone& zone : memory.zones().all()) {
      for (std::size_t i = 0; i < lru_lists; ++i) {
        const Lru lru = static_cast<Lru>(i);
        const auto size = static_cast<std::int64_t>(zone.lru_size(lru));
        ASSERT_EQ(vmstat.snapshot(zone, lru), size);
        const auto seen = static_cast<std::int64_t>(vmstat.size(zone, lru));
        ASSERT_LE(std::abs(seen - size), 4 * vmstat.threshold(zone));
        off += seen != size;
      }
    }
    ++looks;
  };
  for (int i = 0; i < 4; ++i) {
    machine.process([&](Machine::Process& p) {
      const std::int64_t map = p.mm->mmap_anonymous(10 * MiB);
      for (int round = 0; round < 3; ++round) {
        for (Address page = 0; page < 10 * MiB; page += 64 * page_size) {
          static_cast<void>(p.mm->touch(static_cast<Address>(map) + page, 64 * page_size));
          look();
        }
      }
    });
  }
  machine.core.run();
  EXPECT_GT(looks, 400u);
  EXPECT_GT(off, 100u) << "nothing was ever kept back";
  EXPECT_EQ(memory.check(), "");
}

TEST(Vmstat, TheWorkOfEachCpuTakesDifferencesInOnceASecondAndRests) {
  Machine machine(per_cpu());
  Vmstat& vmstat = machine.memory.reclaim().vmstat();
  CpuPools pools(machine.core, 2);
  vmstat.start(pools);
  const Zone& zone = machine.memory.zones()[ZoneType::dma32];
  Nanos taken_in = 0;
  machine.kernel([&] {
    machine.core.sleep(5'300 * ms);
    vmstat.add(zone, Lru::inactive_file, 3);
    while (vmstat.size(zone, Lru::inactive_file) == 0) machine.core.sleep(10 * ms);
    taken_in = machine.core.now();
    vmstat.add(zone, Lru::inactive_file, -3);
  });
  EXPECT_EQ(machine.core.run(), RunEnd::quiet) << "it goes on for ever";
  EXPECT_EQ(taken_in / (100 * ms), 60u);
  EXPECT_EQ(vmstat.size(zone, Lru::inactive_file), 0u);
  EXPECT_LT(machine.core.machine_time(), 9 * seconds);
}

TEST(Vmstat, ExactCountersHaveNoDifferencesAndNoWork) {
  Machine machine({});
  Vmstat& vmstat = machine.memory.reclaim().vmstat();
  EXPECT_FALSE(vmstat.on());
  CpuPools pools(machine.core, 2);
  const std::uint32_t tasks = machine.core.task_count();
  vmstat.start(pools);
  EXPECT_EQ(machine.core.task_count(), tasks);
  Zone& zone = machine.memory.zones()[ZoneType::dma32];
  vmstat.scanned(zone, 3);
  EXPECT_EQ(zone.pages_scanned, 3u);
  vmstat.freed(zone);
  EXPECT_EQ(zone.pages_scanned, 0u);
}

/// The rule alone: reclaim believes in pages that are on no list any more.
TEST(Vmstat, AZoneCountsAsReclaimableForPagesThatAreNotThere) {
  for (const auto rule : {Rules::Vmstat::exact, Rules::Vmstat::per_cpu}) {
    MachineSpec spec = per_cpu();
    spec.rules.vmstat = rule;
    Machine machine(std::move(spec));
    Reclaim& reclaim = machine.memory.reclaim();
    const Zone& zone = machine.memory.zones()[ZoneType::dma32];
    const bool stale = rule == Rules::Vmstat::per_cpu;
    machine.kernel([&] {
      // Ten pages came and were seen; three at a time they left, unseen.
      reclaim.vmstat().add(zone, Lru::inactive_file, 10);
      for (int i = 0; i < 9; i += 3) {
        reclaim.vmstat().add(zone, Lru::inactive_file, -3);
        if (i < 6) reclaim.vmstat().fold(machine.core.current().cpu);
      }
      reclaim.vmstat().add(zone, Lru::inactive_file, -1);
      EXPECT_EQ(reclaim.reclaimable_pages(zone), stale ? 4u : 0u);
      EXPECT_EQ(reclaim.zone_reclaimable(zone), stale);
      EXPECT_EQ(reclaim.direct(0, GFP_NOIO) != 0, stale);
      EXPECT_EQ(reclaim.direct(0, GFP_NOIO) != 0, stale) << "scanning nothing does not end it";
      reclaim.vmstat().fold(machine.core.current().cpu);
      EXPECT_EQ(reclaim.direct(0, GFP_NOIO), 0u);
    });
    machine.core.run();
  }
}

}  // namespace
}  // namespace brink::test
