// Each allocation of each operation fails once: what Linux 4.0 returns for it, no lock left held,
// no object leaked, a clean file system, and a fate.

#include "tests/sim/fs/sweep.hpp"

namespace brink {
namespace {

using test::Failed;
using test::Operation;
using Lines = std::vector<std::string>;

void nothing(Syscalls&) {}

/// With several schedules; the lists of what is noticed are those of the first.
Lines fail_each(const Operation& operation) {
  const std::vector<Failed> all = test::sweep(operation);
  EXPECT_GT(all.size(), 10u);
  for (const Failed& f : all) {
    SCOPED_TRACE(f.site + " in " + f.function);
    EXPECT_EQ(f.complaints, "");
    EXPECT_NE(f.fate, "");
    EXPECT_EQ(f.fate == "returned", f.result == -ENOMEM);
  }
  return test::noticed(all);
}

TEST(Failures, OfMkdir) {
  const Operation operation{[](Syscalls& sys) {
                              EXPECT_EQ(sys.mkdir("/d"), 0);
                              sys.sleep(10 * seconds);
                            },
                            [](Syscalls& sys) { return sys.mkdir("/d/" + std::string(40, 'n')); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "vfs.dentry.alloc: ENOMEM returned",
                                      "vfs.dentry.long_name: ENOMEM returned",
                                      "ext4.inode.alloc: ENOMEM returned",
                                      "lsm.inode.blob: ENOMEM returned",
                                      // __ext4_new_inode() calls ext4_std_error().
                                      "ext4.jbd2.handle: ENOMEM returned, fs error",
                                      "ext4.extent.path: ENOMEM returned",
                                      "ext4.mballoc.context: ENOMEM returned",
                                  }));
}

TEST(Failures, OfTheFirstMkdir) {
  const Operation operation{nothing, [](Syscalls& sys) { return sys.mkdir("/d"); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "vfs.dentry.alloc: ENOMEM returned",
                                      "ext4.extent.path: ENOMEM returned",
                                      "ext4.inode.alloc: ENOMEM returned",
                                      "lsm.inode.blob: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned, fs error",
                                      "ext4.mballoc.context: ENOMEM returned",
                                      "ext4.mballoc.buddy_page: ENOMEM returned",
                                      "pagecache.index.node: ENOMEM returned",
                                  }));
}

TEST(Failures, OfRmdir) {
  const Operation operation{[](Syscalls& sys) {
                              EXPECT_EQ(sys.mkdir("/d"), 0);
                              sys.sleep(10 * seconds);
                            },
                            [](Syscalls& sys) { return sys.rmdir("/d"); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned",
                                      // Evicting the inode fails, of which nobody is told.
                                      "ext4.jbd2.handle: 0 deferred, fs error",
                                      "ext4.truncate.path: 0 deferred, fs error",
                                  }));
}

TEST(Failures, OfCreate) {
  const Operation operation{nothing,
                            [](Syscalls& sys) { return sys.open("/d", open_creat | open_rdwr); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "vfs.file.alloc: ENOMEM returned",
                                      "lsm.file.blob: ENOMEM returned",
                                      "vfs.dentry.alloc: ENOMEM returned",
                                      "ext4.extent.path: ENOMEM returned",
                                      "ext4.inode.alloc: ENOMEM returned",
                                      "lsm.inode.blob: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned, fs error",
                                      "ext4.jbd2.jinode: ENOMEM returned",
                                  }));
}

void write_file(Syscalls& sys) {
  EXPECT_EQ(sys.open("/d", open_creat | open_rdwr), 0);
  EXPECT_EQ(sys.write(0, 100'000), 100'000);
  EXPECT_EQ(sys.fsync(0), 0);
  EXPECT_EQ(sys.close(0), 0);
}

TEST(Failures, OfUnlink) {
  const Operation operation{write_file, [](Syscalls& sys) { return sys.unlink("/d"); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned",
                                      "ext4.jbd2.handle: 0 deferred, fs error",
                                      "ext4.truncate.path: 0 deferred, fs error",
                                  }));
}

TEST(Failures, OfTruncation) {
  const Operation operation{write_file,
                            [](Syscalls& sys) { return sys.open("/d", open_rdwr | open_trunc); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "vfs.file.alloc: ENOMEM returned",
                                      "lsm.file.blob: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned, fs error",
                                      // ext4_truncate() returns nothing.
                                      "ext4.jbd2.handle: 0 late, fs error",
                                      "ext4.truncate.path: 0 late, fs error",
                                  }));
}

TEST(Failures, OfRenameOverADirectory) {
  const Operation operation{[](Syscalls& sys) {
                              for (const char* path : {"/a", "/b", "/a/x", "/b/y"}) {
                                EXPECT_EQ(sys.mkdir(path), 0);
                              }
                              sys.sleep(10 * seconds);
                            },
                            [](Syscalls& sys) { return sys.rename("/a/x", "/b/y"); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned",
                                      "ext4.jbd2.handle: 0 deferred, fs error",
                                      "ext4.truncate.path: 0 deferred, fs error",
                                  }));
}

TEST(Failures, OfWrite) {
  const Operation operation{
      [](Syscalls& sys) {
        EXPECT_EQ(sys.open("/d", open_creat | open_rdwr), 0);
        sys.sleep(1 * seconds);  // So that the time of its last change is another.
      },
      [](Syscalls& sys) { return sys.write(0, 12'000); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "pagecache.write.page: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned",
                                      "ext4.extent.path: ENOMEM returned",
                                      "pagecache.write.page: 4096 short",
                                      "pagecache.index.node: 4096 short",
                                      "ext4.jbd2.handle: 4096 short",
                                      "pagecache.write.page: 8192 short",
                                      "ext4.jbd2.handle: 8192 short",
                                  }));
}

TEST(Failures, OfFsync) {
  const Operation operation{[](Syscalls& sys) {
                              EXPECT_EQ(sys.open("/d", open_creat | open_rdwr), 0);
                              EXPECT_EQ(sys.write(0, 20'000), 20'000);
                            },
                            [](Syscalls& sys) { return sys.fsync(0); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "ext4.writeback.io_end: ENOMEM returned",
                                      "ext4.jbd2.handle: ENOMEM returned",
                                      "ext4.extent.path: ENOMEM returned",
                                      "ext4.mballoc.context: ENOMEM returned",
                                      "ext4.mballoc.buddy_page: ENOMEM returned",
                                      "pagecache.index.node: ENOMEM returned",
                                      "ext4.mballoc.prealloc: ENOMEM returned",
                                  }));
}

TEST(Failures, OfStat) {
  const Operation operation{nothing, [](Syscalls& sys) { return sys.stat("/x/y"); },
                            [](Ext4& fs) { fs.make_file("/x/y", 20'000); }};
  EXPECT_EQ(fail_each(operation), (Lines{
                                      "vfs.path.name: ENOMEM returned",
                                      "vfs.dentry.alloc: ENOMEM returned",
                                      "ext4.extent.path: ENOMEM returned",
                                      "ext4.inode.alloc: ENOMEM returned",
                                      "lsm.inode.blob: ENOMEM returned",
                                  }));
}

TEST(Failures, OfRmdirMakeAFullDirectoryLookEmpty) {
  // empty_dir() of Linux 4.0 says yes to a directory whose first block it cannot read.
  const auto aim = std::make_shared<test::Aim>();
  aim->nth = 1;
  aim->spares = [](const AllocHook& hook) {
    return hook.site != site::ext4_extent_path || !test::inside(hook, "ext4_rmdir");
  };
  test::RigSpec spec;
  spec.faults.push_back(std::make_unique<test::AimedFault>(aim));
  spec.mkfs = [](Ext4& fs) { fs.make_file("/d/f", 1'000); };
  test::Rig rig(std::move(spec));
  rig.process([&](Syscalls& sys) {
    EXPECT_EQ(sys.stat("/d"), 0);
    aim->armed = true;
    EXPECT_EQ(sys.rmdir("/d"), 0);
    EXPECT_EQ(sys.stat("/d/f"), -ENOENT);
  });
  rig.run();
  EXPECT_EQ(rig.fates(site::ext4_extent_path, Fate::swallowed), 1u);
  ASSERT_EQ(rig.kernel.bugs().size(), 1u);
  EXPECT_EQ(rig.kernel.bugs()[0].find("rmdir reported success"), 0u);
}

TEST(Failures, OfReadAreHiddenByItsSecondWay) {
  const Operation operation{[](Syscalls& sys) { EXPECT_EQ(sys.open("/x", open_rdwr), 0); },
                            [](Syscalls& sys) { return sys.read(0, 20'000); },
                            [](Ext4& fs) { fs.make_file("/x", 20'000); }};
  EXPECT_EQ(fail_each(operation), Lines{});
}

}  // namespace
}  // namespace brink
