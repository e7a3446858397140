// The caches of names, inodes and pages: what they remember, and what they give up for memory.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

RigSpec many_files(std::uint64_t memory = 64 * MiB) {
  RigSpec spec;
  spec.memory = memory;
  spec.drop_caches = false;
  spec.mkfs = [](Ext4& fs) {
    for (int i = 0; i < 300; ++i) fs.make_file("/d/f" + std::to_string(i), 10'000);
  };
  return spec;
}

TEST(Dcache, RemembersWhatIsThereAndWhatIsNot) {
  Rig rig(many_files());
  rig.run([&rig](Syscalls& sys) {
    EXPECT_EQ(sys.stat("/d/f1"), 0);
    EXPECT_EQ(sys.stat("/d/none"), -ENOENT);
    const std::uint64_t asked = rig.counters().slab_allocations;
    const std::uint64_t read = rig.fs.device().blocks_moved(false);
    EXPECT_EQ(sys.stat("/d/f1"), 0);
    EXPECT_EQ(sys.stat("/d/none"), -ENOENT);
    // One copy of a path for each, and nothing else.
    EXPECT_EQ(rig.counters().slab_allocations, asked + 2);
    EXPECT_EQ(rig.fs.device().blocks_moved(false), read);
    // A name that is known not to be there can be made, and a file that goes leaves such a name.
    EXPECT_EQ(sys.mkdir("/d/none"), 0);
    EXPECT_EQ(sys.rmdir("/d/none"), 0);
    EXPECT_EQ(sys.stat("/d/none"), -ENOENT);
  });
}

TEST(Dcache, LocksTheDirectoryForNamesThatAreNotCachedOnly) {
  Rig rig(many_files());
  Nanos cached = 0, uncached = 0;
  rig.process([&rig](Syscalls& sys) {
    EXPECT_EQ(sys.stat("/d/f1"), 0);
    sys.sleep(1 * seconds);
    Inode& dir = *rig.vfs.find_cached("/d")->inode;
    dir.i_mutex.lock();
    rig.core.sleep(10 * seconds);
    dir.i_mutex.unlock();
  });
  rig.process([&](Syscalls& sys) {
    sys.sleep(2 * seconds);
    EXPECT_EQ(sys.stat("/d/f1"), 0);
    cached = sys.now();
    EXPECT_EQ(sys.stat("/d/f2"), 0);
    uncached = sys.now();
  });
  rig.run();
  EXPECT_EQ(rig.complaints(), "");
  EXPECT_LT(cached, 3 * seconds);
  EXPECT_GT(uncached, 11 * seconds);
}

TEST(Dcache, LocksAreFoundByPath) {
  Rig rig(many_files());
  rig.run([&rig](Syscalls& sys) {
    EXPECT_EQ(rig.locks.find("ext4.dir.i_mutex:/d"), nullptr);  // Not cached.
    EXPECT_EQ(sys.stat("/d/f1"), 0);
    EXPECT_EQ(rig.locks.find("ext4.dir.i_mutex:/d"), &rig.vfs.find_cached("/d")->inode->i_mutex);
    EXPECT_EQ(rig.locks.find("ext4.dir.i_mutex:/"), &rig.vfs.root().inode->i_mutex);
    EXPECT_EQ(rig.locks.find("ext4.dir.i_mutex:/d/none"), nullptr);
  });
}

TEST(Shrinker, PrunesNamesFirstAndThenTheirInodes) {
  Rig rig(many_files());
  rig.run([&rig](Syscalls& sys) {
    for (int i = 0; i < 300; ++i) EXPECT_EQ(sys.stat("/d/f" + std::to_string(i)), 0);
    EXPECT_EQ(rig.fs.unused_dentries(), 300u);
    EXPECT_EQ(rig.fs.unused_inodes(), 0u);
    EXPECT_EQ(rig.fs.scan(GFP_NOFS, 100), Shrinker::stop);
    // The first pass takes their mark away, the second one frees.
    static_cast<void>(rig.fs.scan(GFP_KERNEL, 300));
    EXPECT_GT(rig.fs.scan(GFP_KERNEL, 300), 200u);
    for (int i = 0; i < 4; ++i) static_cast<void>(rig.fs.scan(GFP_KERNEL, 1'000));
    EXPECT_EQ(rig.vfs.dcache().dentries(), 1u);
    EXPECT_EQ(rig.fs.inodes_in_memory(), 1u);
    EXPECT_EQ(sys.stat("/d/f7"), 0);
  });
}

TEST(Shrinker, RunsUnderMemoryPressureAndPagesAreDropped) {
  RigSpec spec = many_files(24 * MiB);
  spec.swap = 64 * MiB;
  Rig rig(std::move(spec));
  rig.run([&rig](Syscalls& sys) {
    for (int i = 0; i < 300; ++i) {
      const int fd = sys.open("/d/f" + std::to_string(i), open_rdonly);
      EXPECT_EQ(sys.read(fd, 10'000), 10'000);
      EXPECT_EQ(sys.close(fd), 0);
    }
    const std::size_t dentries = rig.vfs.dcache().dentries();
    const std::size_t inodes = rig.fs.inodes_in_memory();
    const Pages file = rig.memory.stat().of(PageKind::file);
    EXPECT_GE(file, 900u);
    const std::int64_t at = sys.mmap_anonymous(40 * MiB);
    ASSERT_GT(at, 0);
    for (int i = 0; i < 3; ++i) sys.touch(static_cast<Address>(at), 40 * MiB);
    EXPECT_LT(rig.memory.stat().of(PageKind::file), file / 4);
    EXPECT_LT(rig.vfs.dcache().dentries(), dentries / 2);
    EXPECT_LT(rig.fs.inodes_in_memory(), inodes / 2);
  });
  EXPECT_EQ(rig.counters().oom_kills, 0u);
}

TEST(Readahead, ReadsASequentialFileInFewRequests) {
  RigSpec spec;
  spec.device = "disk";
  spec.mkfs = [](Ext4& fs) { fs.make_file("/big", 8 * MiB); };
  Rig rig(std::move(spec));
  rig.run([&rig](Syscalls& sys) {
    const int fd = sys.open("/big", open_rdonly);
    const std::uint64_t before = rig.fs.device().requests_served();
    while (sys.read(fd, 4'096) == 4'096) {
    }
    EXPECT_LT(rig.fs.device().requests_served() - before, 80u);
  });
  EXPECT_GE(rig.fs.device().blocks_moved(false), 2'048u);
}

}  // namespace
}  // namespace brink
