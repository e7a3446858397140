// The system calls on memory, time, and what a process sees of page faults.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

TEST(MemoryCalls, MapTouchAndUnmap) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const AddressSpace& mm = rig.kernel.processes().front()->mm;
    const std::int64_t at = sys.mmap_anonymous(1 * MiB);
    ASSERT_GT(at, 0);
    EXPECT_EQ(mm.rss(), 0u);
    sys.touch(static_cast<Address>(at), 1 * MiB);
    EXPECT_EQ(mm.rss(), 256u);
    sys.touch(static_cast<Address>(at), 1 * MiB);
    EXPECT_EQ(mm.rss(), 256u);
    EXPECT_EQ(sys.munmap(static_cast<Address>(at), 512 * KiB), 0);
    EXPECT_EQ(mm.rss(), 128u);
    EXPECT_EQ(sys.munmap(static_cast<Address>(at) + 1, 4096), -EINVAL);
    EXPECT_EQ(sys.mmap_anonymous(0), -EINVAL);
    EXPECT_EQ(sys.mmap_anonymous(1024 * GiB), -ENOMEM);
  });
  EXPECT_EQ(rig.memory.stat().of(PageKind::anon), 0u);
}

TEST(MemoryCalls, BrkMovesTheEndAndReturnsTheOldOneIfItCannot) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    const Address start = sys.brk(0);
    EXPECT_EQ(sys.brk(start + 100'000), start + 100'000);
    sys.touch(start, 100'000);
    EXPECT_EQ(sys.brk(start + 1024 * GiB), start + 100'000);
    EXPECT_EQ(sys.brk(start), start);
  });
}

TEST(MemoryCalls, AnAccessBeyondAnyMappingKills) {
  Rig rig;
  bool after = false;
  rig.process([&](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    EXPECT_EQ(sys.write(fd, 10'000), 10'000);
    sys.touch(0x1000, 10);
    after = true;
  });
  rig.run();
  EXPECT_FALSE(after);
  EXPECT_EQ(rig.kernel.processes().front()->exit_code, 128 + 11);
  EXPECT_EQ(rig.complaints(), "");
  EXPECT_EQ(rig.objects("filp"), 0u);
}

TEST(MemoryCalls, AVmaThatIsRefusedIsReturned) {
  const auto aim = std::make_shared<test::Aim>();
  RigSpec spec;
  spec.faults.push_back(std::make_unique<test::AimedFault>(aim));
  Rig rig(std::move(spec));
  rig.run([&](Syscalls& sys) {
    aim->nth = 1;
    aim->armed = true;
    EXPECT_EQ(sys.mmap_anonymous(1 * MiB), -ENOMEM);
    aim->armed = false;
    EXPECT_GT(sys.mmap_anonymous(1 * MiB), 0);
  });
  EXPECT_EQ(rig.fates(site::mm_vma, Fate::returned), 1u);
}

TEST(Time, PassesAsToldAndKillsNobody) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    const Nanos began = sys.now();
    sys.sleep(3 * seconds);
    EXPECT_GE(sys.now(), began + 3 * seconds);
    EXPECT_LT(sys.now(), began + 3 * seconds + 10 * ms);
    const Nanos busy = sys.now();
    sys.compute(50 * ms);
    EXPECT_GE(sys.now(), busy + 50 * ms);
    EXPECT_LT(sys.now(), busy + 60 * ms);
  });
}

TEST(Process, ExitsWithItsStatus) {
  Rig rig;
  rig.process([](Syscalls& sys) { sys.exit(7); });
  rig.process([](Syscalls& sys) {
    EXPECT_EQ(sys.stat("/none"), -ENOENT);
    sys.react(Reaction::checked);
    EXPECT_EQ(sys.stat("/none"), -ENOENT);
    EXPECT_EQ(sys.stat("/none"), -ENOENT);
    sys.exit(1);
  });
  rig.run();
  EXPECT_EQ(rig.kernel.processes()[0]->exit_code, 7);
  EXPECT_EQ(rig.complaints(), "");
  std::vector<Reaction> seen;
  for (const ReactionCount& row : rig.kernel.syscalls().reactions()) {
    EXPECT_EQ(row.syscall, "stat");
    EXPECT_EQ(row.error, ENOENT);
    EXPECT_EQ(row.count, 1u);
    seen.push_back(row.reaction);
  }
  EXPECT_EQ(seen, (std::vector{Reaction::checked, Reaction::exited, Reaction::ignored}));
  ASSERT_EQ(rig.kernel.syscalls().counts().size(), 1u);
  EXPECT_EQ(rig.kernel.syscalls().counts()[0].count, 3u);
}

}  // namespace
}  // namespace brink
