// The flusher: what it writes when, and who waits for it.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

TEST(Writeback, OfWhatIsThirtySecondsOld) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    EXPECT_EQ(sys.write(fd, 100'000), 100'000);
    EXPECT_EQ(rig.memory.stat().dirty, 25u);
    EXPECT_EQ(rig.fs.reserved_blocks(), 25u);
    sys.sleep(20 * seconds);
    EXPECT_GE(rig.memory.stat().dirty, 25u);
    sys.sleep(20 * seconds);
    EXPECT_EQ(rig.fs.reserved_blocks(), 0u);
    sys.sleep(40 * seconds);
    EXPECT_EQ(rig.memory.stat().dirty, 0u);
  });
  EXPECT_FALSE(rig.vfs.flusher(rig.fs.device()).has_dirty());
}

TEST(Writeback, BeginsEarlyWhenMuchIsDirty) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    const DirtyLimits limits = dirty_limits(rig.memory);
    const std::uint64_t bytes = (limits.background + 200) * page_size;
    EXPECT_EQ(sys.write(fd, bytes), static_cast<std::int64_t>(bytes));
    sys.sleep(2 * seconds);
    EXPECT_LT(rig.memory.stat().dirty, limits.background);
  });
}

TEST(Writeback, WritersAreThrottledAtTheLimit) {
  RigSpec spec;
  spec.device = "disk";
  Rig rig(std::move(spec));
  Nanos took = 0;
  rig.run([&](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    const Nanos began = sys.now();
    for (int i = 0; i < 60; ++i) {
      EXPECT_EQ(sys.write(fd, 1 * MiB), static_cast<std::int64_t>(1 * MiB));
      // The device's time for a round of 32 pages may be on top.
      EXPECT_LE(rig.memory.stat().dirty, dirty_limits(rig.memory).dirty + 64);
    }
    took = sys.now() - began;
  });
  // 60 MiB at 100 MB/s, less what may be dirty.
  EXPECT_GT(took, 300 * ms);
}

TEST(Writeback, AnErrorIsToldToFsyncOnce) {
  RigSpec spec;
  bool broken = false;
  spec.fs.errors = ErrorsMode::go_on;
  spec.faults.push_back(std::make_unique<test::BioFault>([&broken](const BioHook& hook) {
    return BioAnswer{0, broken && hook.write && hook.bytes > 2 * page_size};
  }));
  Rig rig(std::move(spec));
  rig.run([&](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    EXPECT_EQ(sys.write(fd, 100'000), 100'000);
    broken = true;
    EXPECT_EQ(sys.fsync(fd), -EIO);
    broken = false;
    EXPECT_EQ(sys.fsync(fd), 0);
  });
}

TEST(Writeback, OfAFileThatIsCutOrRemovedMeanwhile) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RigSpec spec;
    spec.seed = seed;
    spec.device = "disk";
    spec.preempt = Preempt::full;
    Rig rig(std::move(spec));
    for (const char* name : {"/a", "/b"}) {
      rig.process([name](Syscalls& sys) {
        for (int i = 0; i < 10; ++i) {
          const int fd = sys.open(name, open_creat | open_rdwr | open_trunc);
          EXPECT_EQ(sys.write(fd, 200'000), 200'000);
          if (i % 3 == 0) sys.sleep(31 * seconds);
          EXPECT_EQ(sys.close(fd), 0);
          if (i % 2 == 0) {
            EXPECT_EQ(sys.unlink(name), 0);
          }
        }
      });
    }
    rig.run();
    ASSERT_EQ(rig.complaints(), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace brink
