// Room in the log: it comes back when blocks are written in place, and nobody hangs for want of it.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

RigSpec small_journal() {
  RigSpec spec;
  spec.fs.journal = 4 * MiB;
  return spec;
}

TEST(Checkpoint, MakesRoomInALogThatIsFull) {
  Rig rig(small_journal());
  std::uint32_t least = ~std::uint32_t{0};
  rig.run([&](Syscalls& sys) {
    // Each directory has a block of its own, logged once: many times the log.
    for (int i = 0; i < 5'000; ++i) {
      ASSERT_EQ(sys.mkdir("/d" + std::to_string(i)), 0);
      least = std::min(least, rig.fs.journal().free_blocks());
    }
  });
  EXPECT_LT(least, 600u);
  EXPECT_GT(least, 0u);
  EXPECT_GT(rig.fs.journal().committed(), 10u);
  EXPECT_EQ(rig.fs.errors(), 0u);
}

TEST(Checkpoint, SeveralWaitForRoomAtOnce) {
  RigSpec spec = small_journal();
  spec.seed = 3;
  spec.cpus = 4;
  spec.preempt = Preempt::full;
  Rig rig(std::move(spec));
  for (int p = 0; p < 6; ++p) {
    rig.process([p](Syscalls& sys) {
      const std::string dir = "/p" + std::to_string(p);
      ASSERT_EQ(sys.mkdir(dir), 0);
      for (int i = 0; i < 800; ++i) {
        const std::string path = dir + "/" + std::to_string(i);
        ASSERT_EQ(sys.mkdir(path), 0);
        if (i % 3 == 0) {
          ASSERT_EQ(sys.rmdir(path), 0);
        }
      }
    });
  }
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
}

TEST(Checkpoint, IsLeftNothingToWriteByTheFlusher) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(sys.mkdir("/d" + std::to_string(i)), 0);
    sys.sleep(8 * seconds);
    EXPECT_EQ(rig.fs.journal().checkpoints(), 1u);
    sys.sleep(40 * seconds);
    // All is in place by now, though the journal has not looked yet.
    EXPECT_EQ(rig.memory.stat().dirty, 0u);
    EXPECT_EQ(rig.fs.journal().checkpoints(), 1u);
  });
}

TEST(Checkpoint, RevokedBlocksCanBeUsedAgain) {
  Rig rig(small_journal());
  rig.run([](Syscalls& sys) {
    for (int round = 0; round < 60; ++round) {
      for (int i = 0; i < 40; ++i) ASSERT_EQ(sys.mkdir("/d" + std::to_string(i)), 0);
      for (int i = 0; i < 40; ++i) ASSERT_EQ(sys.rmdir("/d" + std::to_string(i)), 0);
      if (round % 7 == 0) sys.sleep(6 * seconds);
    }
  });
  EXPECT_EQ(rig.objects("jbd2_revoke_record_s"), 0u);
}

}  // namespace
}  // namespace brink
