// A process that is killed leaves through its exit path wherever it is, and gives back what it has.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

void work(Syscalls& sys) {
  const std::int64_t at = sys.mmap_anonymous(2 * MiB);
  for (int i = 0;; ++i) {
    const std::string path = "/d" + std::to_string(i % 5);
    static_cast<void>(sys.mkdir(path));
    const int fd = sys.open(path + "/f", open_creat | open_rdwr | open_append);
    static_cast<void>(sys.write(fd, 30'000));
    sys.touch(static_cast<Address>(at), 2 * MiB);
    static_cast<void>(sys.fsync(fd));
    static_cast<void>(sys.close(fd));
    static_cast<void>(sys.rename(path + "/f", "/x" + std::to_string(i % 3)));
    static_cast<void>(sys.unlink("/x" + std::to_string(i % 2)));
    static_cast<void>(sys.rmdir(path));
    sys.sleep(1 * ms);
  }
}

TEST(Kill, AtAnyTimeLeavesNothingBehind) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    RigSpec spec;
    spec.seed = seed;
    spec.device = seed % 2 == 0 ? "disk" : "ssd";
    spec.preempt = seed % 3 == 0 ? Preempt::full : Preempt::voluntary;
    Rig rig(std::move(spec));
    for (int i = 0; i < 3; ++i) rig.process(work);
    rig.process([&rig, seed](Syscalls& sys) {
      sys.sleep(seed * 331 * us);
      for (const auto& process : rig.kernel.processes()) {
        if (process->task->id != sys.pid()) rig.kernel.kill(process->task->id);
      }
    });
    rig.run();
    ASSERT_EQ(rig.complaints(), "") << "seed " << seed;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(rig.kernel.processes()[i]->exit_code, 128 + 9);
    EXPECT_EQ(rig.memory.stat().of(PageKind::anon), 0u);
  }
}

TEST(Kill, WakesASleeper) {
  Rig rig;
  bool after = false;
  rig.process([&](Syscalls& sys) {
    sys.sleep(500 * seconds);
    after = true;
  });
  Nanos ended = 0;
  rig.process([&](Syscalls& sys) {
    sys.sleep(1 * seconds);
    rig.kernel.kill(rig.kernel.processes().front()->task->id);
    sys.sleep(1 * seconds);
    EXPECT_TRUE(rig.kernel.processes().front()->ended);
    ended = sys.now();
  });
  rig.run();
  EXPECT_FALSE(after);
  EXPECT_LT(ended, 3 * seconds);
  EXPECT_EQ(rig.complaints(), "");
}

TEST(Kill, WaitsForAMutexThatTheVictimWants) {
  Rig rig;
  rig.process([&rig](Syscalls& sys) {
    Inode& root = *rig.vfs.root().inode;
    root.i_mutex.lock();
    rig.core.sleep(20 * seconds);
    root.i_mutex.unlock();
    EXPECT_EQ(sys.stat("/"), 0);
  });
  rig.process([](Syscalls& sys) {
    sys.sleep(1 * seconds);
    static_cast<void>(sys.mkdir("/d"));
    ADD_FAILURE() << "it came back";
  });
  rig.process([&rig](Syscalls& sys) {
    sys.sleep(5 * seconds);
    const Process& victim = *rig.kernel.processes()[1];
    EXPECT_STREQ(rig.kernel.syscall_of(*victim.task), "mkdir");
    EXPECT_LT(rig.kernel.obliged_since(*victim.task), 2 * seconds);
    rig.kernel.kill(victim.task->id);
    sys.sleep(5 * seconds);
    EXPECT_FALSE(victim.ended);
    sys.sleep(15 * seconds);
    EXPECT_TRUE(victim.ended);
  });
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
}

TEST(Kill, OfTheLargestProcessWhenMemoryIsGone) {
  RigSpec spec;
  spec.memory = 24 * MiB;
  Rig rig(std::move(spec));
  int finished = 0;
  for (int i = 0; i < 3; ++i) {
    rig.process([&finished](Syscalls& sys) {
      const std::int64_t at = sys.mmap_anonymous(16 * MiB);
      ASSERT_GT(at, 0);
      sys.sleep(10 * ms);  // Until all have mapped: nobody is refused then.
      sys.touch(static_cast<Address>(at), 16 * MiB);
      sys.sleep(1 * seconds);
      ++finished;
    });
  }
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
  EXPECT_GE(rig.counters().oom_kills, 1u);
  EXPECT_EQ(finished + static_cast<int>(rig.counters().oom_kills), 3);
}

}  // namespace
}  // namespace brink
