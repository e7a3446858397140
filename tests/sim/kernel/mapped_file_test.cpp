// Mapped files: faults through the page cache, dirty pages, private copies, the end of a file.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

Address map(Syscalls& sys, MapRequest request) {
  const std::int64_t at = sys.mmap(request);
  EXPECT_GT(at, 0);
  return static_cast<Address>(at);
}

TEST(MappedFile, ReadsComeFromThePageCacheWithWhatLiesAround) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const AddressSpace& mm = rig.kernel.processes().front()->mm;
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 1 * MiB), static_cast<std::int64_t>(1 * MiB));
    const Address at = map(sys, {.bytes = 1 * MiB, .fd = fd, .shared = true});
    EXPECT_EQ(sys.close(fd), 0) << "the mapping keeps the file";
    EXPECT_EQ(mm.rss(), 0u);
    sys.read_memory(at + 40 * page_size, 1);
    EXPECT_EQ(mm.file_rss(), 16u) << "fault-around";
    sys.read_memory(at, 1 * MiB);
    EXPECT_EQ(mm.file_rss(), 256u);
    EXPECT_EQ(mm.anon_rss(), 0u);
    EXPECT_EQ(sys.munmap(at, 1 * MiB), 0);
    EXPECT_EQ(mm.rss(), 0u);
  });
  EXPECT_EQ(rig.objects("filp"), 0u);
}

TEST(MappedFile, ASharedWriteDirtiesThePageAgainAfterEachWriteback) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 256 * KiB), static_cast<std::int64_t>(256 * KiB));
    EXPECT_EQ(sys.fsync(fd), 0);
    const Address at = map(sys, {.bytes = 256 * KiB, .fd = fd, .shared = true});
    const Pages clean = rig.memory.stat().dirty;
    for (int round = 0; round < 3; ++round) {
      sys.touch(at, 256 * KiB);
      EXPECT_GE(rig.memory.stat().dirty, clean + 64);
      EXPECT_EQ(sys.fsync(fd), 0);
      EXPECT_LT(rig.memory.stat().dirty, clean + 16);
    }
  });
}

TEST(MappedFile, APrivateWriteCopies) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const AddressSpace& mm = rig.kernel.processes().front()->mm;
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 128 * KiB), static_cast<std::int64_t>(128 * KiB));
    EXPECT_EQ(sys.fsync(fd), 0);
    const Address at = map(sys, {.bytes = 128 * KiB, .fd = fd});
    sys.read_memory(at, 64 * KiB);
    EXPECT_EQ(mm.file_rss(), 16u);
    const Pages dirty = rig.memory.stat().dirty;
    sys.touch(at, 128 * KiB);
    EXPECT_EQ(mm.anon_rss(), 32u);
    EXPECT_EQ(mm.file_rss(), 0u);
    EXPECT_EQ(rig.memory.stat().dirty, dirty) << "the file knows nothing of it";
  });
}

TEST(MappedFile, WhatMayNotBeMappedIsRefused) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    EXPECT_EQ(sys.mmap({.bytes = 4096, .fd = fd}), -EACCES);
    EXPECT_EQ(sys.mmap({.bytes = 4096, .fd = 99}), -EBADF);
    const int readable = sys.open("/a", open_rdonly);
    EXPECT_EQ(sys.mmap({.bytes = 4096, .fd = readable, .shared = true}), -EACCES);
    EXPECT_EQ(sys.mmap({.bytes = 4096, .fd = readable, .offset = 1}), -EINVAL);
  });
}

TEST(MappedFile, BeyondTheEndIsASigbus) {
  Rig rig;
  rig.process([](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 8192), 8192);
    const Address at = map(sys, {.bytes = 64 * KiB, .fd = fd, .shared = true});
    sys.read_memory(at, 8192);
    sys.read_memory(at + 8192, 1);
    ADD_FAILURE() << "it lives";
  });
  rig.run();
  EXPECT_EQ(rig.kernel.processes().front()->exit_code, 128 + 7);
  EXPECT_EQ(rig.complaints(), "");
}

TEST(MappedFile, TruncationUnmaps) {
  Rig rig;
  rig.run([&rig](Syscalls& sys) {
    const AddressSpace& mm = rig.kernel.processes().front()->mm;
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 64 * KiB), static_cast<std::int64_t>(64 * KiB));
    const Address at = map(sys, {.bytes = 64 * KiB, .fd = fd, .shared = true});
    sys.read_memory(at, 64 * KiB);
    EXPECT_EQ(mm.file_rss(), 16u);
    const int again = sys.open("/a", open_rdwr | open_trunc);
    EXPECT_GE(again, 0);
    EXPECT_EQ(mm.file_rss(), 0u);
  });
}

TEST(MappedFile, ReclaimUnmapsAndFaultsReadAgain) {
  RigSpec spec;
  spec.memory = 24 * MiB;
  Rig rig(std::move(spec));
  rig.run([&rig](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 8 * MiB), static_cast<std::int64_t>(8 * MiB));
    EXPECT_EQ(sys.fsync(fd), 0);
    const Address at = map(sys, {.bytes = 8 * MiB, .fd = fd, .shared = true, .write = false});
    const AddressSpace& mm = rig.kernel.processes().front()->mm;
    sys.read_memory(at, 8 * MiB);
    const Address hog = map(sys, {.bytes = 17 * MiB});
    sys.touch(hog, 17 * MiB);
    EXPECT_LT(mm.file_rss(), 1900u);
    sys.read_memory(at, 8 * MiB);
    EXPECT_EQ(rig.memory.check(), "");
  });
}

}  // namespace
}  // namespace brink
