// When transactions are committed, who waits for that, and what it writes.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

TEST(Commit, ComesFiveSecondsAfterTheTransactionBegan) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    EXPECT_EQ(sys.mkdir("/d"), 0);
    const TransactionId tid = rig.fs.journal().running()->tid;
    sys.sleep(4 * seconds);
    EXPECT_LT(rig.fs.journal().committed(), tid);
    sys.sleep(3 * seconds);
    EXPECT_EQ(rig.fs.journal().committed(), tid);
    EXPECT_EQ(rig.fs.journal().running(), nullptr);
  });
  EXPECT_EQ(rig.fs.errors(), 0u);
}

TEST(Commit, IsWaitedForByFsync) {
  RigSpec spec;
  spec.device = "disk";
  Rig rig(std::move(spec));
  rig.run([&rig](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    EXPECT_EQ(sys.write(fd, 20'000), 20'000);
    const TransactionId tid = rig.fs.journal().running()->tid;
    const std::uint64_t before = rig.fs.device().blocks_moved(true);
    const Nanos began = sys.now();
    EXPECT_EQ(sys.fsync(fd), 0);
    EXPECT_GE(rig.fs.journal().committed(), tid);
    // Five pages, a descriptor, at least three blocks of metadata, and a commit record.
    EXPECT_GE(rig.fs.device().blocks_moved(true) - before, 10u);
    EXPECT_GE(sys.now() - began, 12 * ms);
    // There is nothing new to write now: only the disk's cache is flushed.
    const Nanos again = sys.now();
    EXPECT_EQ(sys.fsync(fd), 0);
    EXPECT_LE(sys.now() - again, 10 * ms);
  });
}

TEST(Commit, WaitsForOpenHandlesAndLetsNewOnesJoinTheNext) {
  RigSpec spec;
  spec.device = "disk";
  spec.cpus = 4;
  Rig rig(std::move(spec));
  std::vector<TransactionId> committed;
  int left = 3;
  for (int i = 0; i < 3; ++i) {
    rig.process([&, i](Syscalls& sys) {
      const std::string path = "/f" + std::to_string(i);
      for (int round = 0; round < 20; ++round) {
        const int fd = sys.open(path, open_creat | open_wronly);
        EXPECT_EQ(sys.write(fd, 5'000), 5'000);
        EXPECT_EQ(sys.fsync(fd), 0);
        committed.push_back(rig.fs.journal().committed());
        EXPECT_EQ(sys.close(fd), 0);
        EXPECT_EQ(sys.unlink(path), 0);
      }
      --left;
    });
  }
  rig.run();
  EXPECT_EQ(left, 0);
  EXPECT_EQ(rig.complaints(), "");
  EXPECT_TRUE(std::is_sorted(committed.begin(), committed.end()));
  // Several fsync() share a commit.
  EXPECT_LT(committed.back(), 60u);
}

/// Commits are slow, because memory for their buffer heads comes at the second attempt only; the
/// first frozen copy fails if it is to.
class SlowCommits final : public Fault {
 public:
  struct Seen {
    int copies = 0;
    bool fired = false;
  };
  SlowCommits(Seen& seen, bool fails) : seen_(seen), fails_(fails) {}
  std::uint32_t points() const override { return hook_alloc; }
  bool transient() const override { return true; }
  bool fail_alloc(const AllocHook& hook) override {
    if (hook.site == site::jbd2_commit_head) return heads_++ % 2 == 0;
    if (hook.site != site::jbd2_frozen_copy) return false;
    ++seen_.copies;
    const bool fails = fails_ && !seen_.fired;
    seen_.fired = seen_.fired || fails;
    return fails;
  }

 private:
  Seen& seen_;
  const bool fails_;
  int heads_ = 0;
};

/// Makes directories while somebody else commits.
int frozen_copies(std::uint64_t seed, bool fails) {
  SlowCommits::Seen seen;
  RigSpec spec;
  spec.seed = seed;
  spec.preempt = Preempt::full;
  spec.faults.push_back(std::make_unique<SlowCommits>(seen, fails));
  Rig rig(std::move(spec));
  rig.process([&](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    for (int i = 0; i < 20 && !seen.fired; ++i) {
      static_cast<void>(sys.write(fd, 100));
      static_cast<void>(sys.fsync(fd));
    }
  });
  rig.process([&](Syscalls& sys) {
    for (int i = 0; i < 200 && !seen.fired; ++i) {
      const int error = sys.mkdir("/d" + std::to_string(i));
      sys.sleep(1 * ms);
      EXPECT_TRUE(error == 0 || seen.fired);
    }
  });
  rig.run();
  const std::string complaints = rig.complaints();
  if (!seen.fired) {
    EXPECT_EQ(complaints, "");
    EXPECT_FALSE(rig.fs.fs_aborted());
  } else {
    EXPECT_EQ(complaints.find("failures have no fate"), std::string::npos);
    EXPECT_EQ(complaints.find("lock held"), std::string::npos);
    EXPECT_EQ(complaints.find("swallowed"), std::string::npos);
    EXPECT_TRUE(rig.fs.fs_aborted());
  }
  return seen.copies;
}

TEST(Commit, OfABlockThatChangesMeanwhileWritesACopy) {
  int copies = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) copies += frozen_copies(seed, false);
  EXPECT_GT(copies, 0);
}

TEST(Commit, WithoutMemoryForThatCopyTheFileSystemEnds) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) EXPECT_EQ(frozen_copies(seed, true), 1);
}

TEST(Commit, ThatCannotBeWrittenEndsTheFileSystem) {
  RigSpec spec;
  bool broken = false;
  spec.faults.push_back(std::make_unique<test::BioFault>([&broken](const BioHook& hook) {
    return BioAnswer{0, broken && hook.write};
  }));
  Rig rig(std::move(spec));
  rig.run([&](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    EXPECT_EQ(sys.fsync(fd), 0);
    broken = true;
    EXPECT_EQ(sys.mkdir("/d"), 0);
    sys.sleep(10 * seconds);
    EXPECT_TRUE(rig.fs.journal().is_aborted());
    EXPECT_EQ(sys.mkdir("/e"), -EROFS);
    EXPECT_EQ(sys.mkdir("/f"), -EROFS);
    EXPECT_EQ(sys.open("/b", open_creat | open_wronly), -EROFS);
    EXPECT_EQ(sys.fsync(fd), -EROFS);
  });
}

TEST(Commit, PanicsIfTheMountSaysSo) {
  RigSpec spec;
  spec.fs.errors = ErrorsMode::panic;
  spec.faults.push_back(std::make_unique<test::BioFault>([](const BioHook& hook) {
    return BioAnswer{0, hook.write};
  }));
  Rig rig(std::move(spec));
  rig.process([](Syscalls& sys) {
    EXPECT_EQ(sys.mkdir("/d"), 0);
    sys.sleep(10 * seconds);
    static_cast<void>(sys.mkdir("/e"));
    ADD_FAILURE() << "still there";
  });
  EXPECT_EQ(rig.run(), RunEnd::stopped);
  EXPECT_NE(rig.kernel.panic_reason().find("panic forced after error"), std::string::npos);
}

}  // namespace
}  // namespace brink
