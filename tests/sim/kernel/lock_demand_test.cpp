// Locks that a fault makes a process take: in a system call, and at the stations of its exit.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

class Demand final : public Fault {
 public:
  Demand(LockPoint point, std::string task) : point_(point), task_(std::move(task)) {}
  std::uint32_t points() const override { return hook_lock; }
  bool transient() const override { return false; }
  std::optional<LockDemand> at_lock(const LockHook& hook) override {
    if (hook.point != point_ || task_ != hook.task.comm) return std::nullopt;
    return LockDemand{"ext4.dir.i_mutex:/", true};
  }

 private:
  const LockPoint point_;
  const std::string task_;
};

/// The root's lock is held from 1 s to 20 s; the process wants it at that point after 5 s. When it
/// has given up its memory, and when it has ended.
struct Exit {
  bool memory_at_10s = false;
  bool open_at_10s = false;
  bool ended_at_10s = false;
  bool ended = false;
};

Exit exit_with(LockPoint point) {
  RigSpec spec;
  spec.faults.push_back(std::make_unique<Demand>(point, "victim"));
  Rig rig(std::move(spec));
  Exit seen;
  rig.process([&rig](Syscalls& sys) {
    sys.sleep(1 * seconds);
    Inode& root = *rig.vfs.root().inode;
    root.i_mutex.lock();
    rig.core.sleep(19 * seconds);
    root.i_mutex.unlock();
    EXPECT_EQ(sys.stat("/"), 0);
  });
  rig.process(
      [](Syscalls& sys) {
        const std::int64_t at = sys.mmap_anonymous(1 * MiB);
        sys.touch(static_cast<Address>(at), 1 * MiB);
        EXPECT_EQ(sys.open("/a", open_creat | open_wronly), 0);
        sys.compute(5 * seconds);
      },
      "victim");
  rig.process([&](Syscalls& sys) {
    sys.sleep(10 * seconds);
    const Process& victim = *rig.kernel.processes()[1];
    seen.memory_at_10s = rig.memory.stat().of(PageKind::anon) != 0;
    seen.open_at_10s = rig.vfs.files().open_files() != 0;
    seen.ended_at_10s = victim.ended;
    sys.sleep(11 * seconds);
    seen.ended = victim.ended;
  });
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
  return seen;
}

TEST(LockDemand, BeforeExitMmKeepsTheMemory) {
  for (const LockPoint point : {LockPoint::exit_signals, LockPoint::exit_mm}) {
    const Exit seen = exit_with(point);
    EXPECT_TRUE(seen.memory_at_10s);
    EXPECT_FALSE(seen.ended_at_10s);
    EXPECT_TRUE(seen.ended);
  }
}

TEST(LockDemand, InExitFilesComesAfterTheMemoryIsFree) {
  const Exit seen = exit_with(LockPoint::exit_files);
  EXPECT_FALSE(seen.memory_at_10s);
  EXPECT_TRUE(seen.open_at_10s);
  EXPECT_FALSE(seen.ended_at_10s);
  EXPECT_TRUE(seen.ended);
}

TEST(LockDemand, InASystemCallIsGivenBackAtItsEnd) {
  RigSpec spec;
  spec.faults.push_back(std::make_unique<Demand>(LockPoint::syscall, "victim"));
  Rig rig(std::move(spec));
  rig.process(
      [&rig](Syscalls& sys) {
        // A call that does not need the lock itself.
        sys.sleep(1 * seconds);
        EXPECT_EQ(rig.core.current().locks, nullptr);
      },
      "victim");
  rig.process([&rig](Syscalls& sys) {
    sys.sleep(500 * ms);
    EXPECT_TRUE(rig.vfs.root().inode->i_mutex.locked());
    EXPECT_EQ(sys.mkdir("/d"), 0);
    EXPECT_GE(sys.now(), 1 * seconds);
  });
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
}

/// `name#instance` is the mmap_sem of that process for as long as it has its memory.
TEST(LockDemand, FindsTheMmapSemOfAProcess) {
  Rig rig{RigSpec{}};
  const auto find = [&rig](const char* name) { return rig.memory.locks().find(name); };
  rig.process([](Syscalls& sys) { sys.sleep(1 * seconds); }, "victim");
  rig.process([&](Syscalls& sys) {
    sys.sleep(500 * ms);
    EXPECT_EQ(find("mm.mmap_sem:victim#0"), &rig.kernel.processes()[0]->mm.mmap_sem());
    EXPECT_EQ(find("mm.mmap_sem:victim#1"), nullptr);
    EXPECT_EQ(find("mm.mmap_sem:victim"), nullptr);
    sys.sleep(1 * seconds);
    EXPECT_EQ(find("mm.mmap_sem:victim#0"), nullptr) << "its memory is gone";
  });
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
}

}  // namespace
}  // namespace brink
