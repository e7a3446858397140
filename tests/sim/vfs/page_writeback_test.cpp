// Dirty limits: what counts, who may dirty more, what becomes of writers and of reclaimers.

#include "sim/vfs/page_writeback.hpp"

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

TEST(DirtyLimits, AreAShareOfFreeAndFilePagesOrOfAllThatReclaimMayTake) {
  RigSpec spec;
  spec.rules.dirtyable_memory = Rules::DirtyableMemory::free_and_lru;
  Rig all(std::move(spec));
  Rig file;
  for (Rig* rig : {&all, &file}) {
    rig->run([rig](Syscalls& sys) {
      const Pages before = dirty_limits(rig->memory).dirty;
      const auto map = static_cast<Address>(sys.mmap_anonymous(16 * MiB));
      sys.touch(map, 16 * MiB);
      const Pages after = dirty_limits(rig->memory).dirty;
      const Pages fifth = 16 * MiB / page_size / 5;
      if (rig->memory.rules().dirtyable_memory == Rules::DirtyableMemory::free_and_lru) {
        EXPECT_LT(before - after, fifth / 10);  // Page tables and the like.
      } else {
        EXPECT_GE(before - after, fifth);
      }
    });
  }
}

TEST(DirtyLimits, WhoWritesToCleanMemoryMayDirtyAQuarterMore) {
  Rig rig;
  rig.run([&rig](Syscalls&) {
    Task& task = rig.core.current();
    const DirtyLimits plain = dirty_limits(rig.memory, &task);
    task.set(PF_LESS_THROTTLE);
    EXPECT_EQ(dirty_limits(rig.memory, &task).dirty, plain.dirty + plain.dirty / 4);
    EXPECT_EQ(dirty_limits(rig.memory, &task).background, plain.background + plain.background / 4);
    task.clear(PF_LESS_THROTTLE);
  });
}

TEST(DirtyLimits, GrantAllInTheMiddleTwiceAsMuchAtTheBeginningAndNothingAtTheLimit) {
  const DirtyLimits limits{1'000, 2'000};
  EXPECT_EQ(position_ratio(limits, 1'750), 1'024u);
  EXPECT_NEAR(static_cast<double>(position_ratio(limits, 1'500)), 2'048, 24);
  EXPECT_LT(position_ratio(limits, 1'990), 200u);
  EXPECT_EQ(position_ratio(limits, 2'000), 0u);
  EXPECT_EQ(position_ratio(limits, 3'000), 0u);
  for (Pages dirty = 1'500; dirty < 2'000; ++dirty) {
    ASSERT_GE(position_ratio(limits, dirty), position_ratio(limits, dirty + 1));
  }
}

/// Writes 60 MiB in pieces; how long that takes, and how many flusher pages that is.
Nanos write_much(Rules::DirtyThrottling how, std::uint64_t piece) {
  RigSpec spec;
  spec.device = "disk";
  spec.rules.dirty_throttling = how;
  Rig rig(std::move(spec));
  Nanos took = 0;
  rig.run([&](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    const Nanos began = sys.now();
    for (std::uint64_t done = 0; done < 60 * MiB; done += piece) {
      ASSERT_EQ(sys.write(fd, piece), static_cast<std::int64_t>(piece));
      ASSERT_LE(rig.memory.stat().dirty, dirty_limits(rig.memory).dirty + 2'048);
    }
    took = sys.now() - began;
  });
  return took;
}

TEST(DirtyThrottling, CountsSmallWritesAsWell) {
  for (const auto how : {Rules::DirtyThrottling::pause, Rules::DirtyThrottling::push}) {
    EXPECT_GT(write_much(how, 4096), 300 * ms);
    EXPECT_GT(write_much(how, 1 * MiB), 300 * ms);
  }
}

TEST(DirtyThrottling, TakesAnotherCourseWhereWritersPush) {
  EXPECT_NE(write_much(Rules::DirtyThrottling::pause, 1 * MiB),
            write_much(Rules::DirtyThrottling::push, 1 * MiB));
}

TEST(DirtyThrottling, AWriterThatPushesWritesSoManyPagesItself) {
  RigSpec spec;
  bool elsewhere = false, here = false;
  const Task* writer = nullptr;
  const Core* core = nullptr;
  spec.faults.push_back(std::make_unique<test::BioFault>([&](const BioHook& hook) {
    if (hook.write && writer != nullptr) {
      (core->in_task() && &core->current() == writer ? here : elsewhere) = true;
    }
    return BioAnswer{};
  }));
  Rig rig(std::move(spec));
  core = &rig.core;
  rig.run([&](Syscalls& sys) {
    for (const char* name : {"/a", "/b", "/c"}) {
      const int fd = sys.open(name, open_creat | open_wronly);
      EXPECT_EQ(sys.write(fd, 40 * page_size), static_cast<std::int64_t>(40 * page_size));
    }
    const Pages dirty = rig.memory.stat().dirty;
    writer = &rig.core.current();
    const std::int64_t pushed = rig.vfs.flusher(rig.fs.device()).push(60);
    writer = nullptr;
    EXPECT_GE(pushed, 60);
    EXPECT_LT(pushed, 120);
    EXPECT_LE(rig.memory.stat().dirty, dirty - 40);
  });
  EXPECT_TRUE(here);
  EXPECT_FALSE(elsewhere);
}

TEST(ThrottleVmWriteout, WaitsWhileTooMuchIsUnderWriteback) {
  for (const Gfp gfp : {GFP_KERNEL, GFP_NOFS}) {
    Rig rig;
    rig.run([&](Syscalls& sys) {
      const int fd = sys.open("/a", open_creat | open_wronly);
      sys.write(fd, 64 * page_size);
      sys.fsync(fd);
      const Nanos idle = sys.now();
      rig.vfs.throttle_vm_writeout(gfp);
      EXPECT_LE(sys.now(), idle + 1 * us);
      // As if far too much were on its way, for a second.
      const Pages far_too_much = 2 * dirty_limits(rig.memory).dirty;
      rig.memory.stat().writeback += far_too_much;
      rig.core.at(
          rig.core.now() + 1 * seconds,
          [](void* memory, std::uint64_t pages) {
            static_cast<Memory*>(memory)->stat().writeback -= pages;
          },
          &rig.memory, far_too_much);
      const Nanos began = sys.now();
      rig.vfs.throttle_vm_writeout(gfp);
      const Nanos took = sys.now() - began;
      if (gfp == GFP_KERNEL) {
        EXPECT_GE(took, 900 * ms);
      } else {
        EXPECT_LE(took, 110 * ms);
        sys.sleep(2 * seconds);
      }
    });
  }
}

TEST(ThrottleVmWriteout, IsNoneWhereTheKernelHasNone) {
  RigSpec spec;
  spec.rules.throttle_vm_writeout = false;
  Rig rig(std::move(spec));
  rig.run([&](Syscalls& sys) {
    rig.memory.stat().writeback += 1'000'000;
    const Nanos began = sys.now();
    rig.vfs.throttle_vm_writeout(GFP_NOFS);
    EXPECT_LE(sys.now(), began + 1 * us);
    rig.memory.stat().writeback -= 1'000'000;
  });
}

}  // namespace
}  // namespace brink
