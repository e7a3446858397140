// The system calls on open files: results and errnos.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;

TEST(Files, AreMadeWrittenReadAndStatted) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_rdwr);
    ASSERT_EQ(fd, 0);
    EXPECT_EQ(sys.write(fd, 10'000), 10'000);
    Stat stat;
    EXPECT_EQ(sys.stat("/a", &stat), 0);
    EXPECT_EQ(stat.size, 10'000u);
    EXPECT_FALSE(stat.directory);
    EXPECT_EQ(sys.read(fd, 100), 0);
    EXPECT_EQ(sys.fsync(fd), 0);
    EXPECT_EQ(sys.close(fd), 0);
    EXPECT_EQ(sys.close(fd), -EBADF);
    const int again = sys.open("/a", open_rdonly);
    ASSERT_EQ(again, 0);
    EXPECT_EQ(sys.read(again, 4'000), 4'000);
    EXPECT_EQ(sys.read(again, 100'000), 6'000);
    EXPECT_EQ(sys.read(again, 1), 0);
    EXPECT_EQ(sys.write(again, 1), -EBADF);
    EXPECT_EQ(sys.close(again), 0);
  });
}

TEST(Files, OpenChecksWhatIsThere) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    EXPECT_EQ(sys.open("/none", open_rdonly), -ENOENT);
    EXPECT_EQ(sys.open("/none/a", open_creat | open_wronly), -ENOENT);
    EXPECT_EQ(sys.open("", open_rdonly), -ENOENT);
    ASSERT_EQ(sys.mkdir("/d"), 0);
    ASSERT_EQ(sys.open("/f", open_creat | open_wronly), 0);
    EXPECT_EQ(sys.open("/f", open_creat | open_excl | open_wronly), -EEXIST);
    EXPECT_EQ(sys.open("/f", open_creat | open_wronly), 1);
    EXPECT_EQ(sys.open("/f/x", open_rdonly), -ENOTDIR);
    EXPECT_EQ(sys.open("/f/", open_rdonly), -ENOTDIR);
    EXPECT_EQ(sys.open("/g/", open_creat | open_wronly), -EISDIR);
    EXPECT_EQ(sys.open("/d", open_wronly), -EISDIR);
    EXPECT_EQ(sys.open("/d", open_creat | open_rdonly), -EISDIR);
    EXPECT_EQ(sys.open("/d", open_creat | open_excl | open_rdonly), -EEXIST);
    EXPECT_EQ(sys.open("/" + std::string(256, 'x'), open_creat | open_wronly), -ENAMETOOLONG);
    EXPECT_EQ(sys.open("/" + std::string(5'000, 'x'), open_rdonly), -ENAMETOOLONG);
    const int fd = sys.open("/d", open_rdonly);
    EXPECT_EQ(fd, 2);
    EXPECT_EQ(sys.read(fd, 10), -EISDIR);
    EXPECT_EQ(sys.fsync(fd), 0);
    EXPECT_EQ(sys.read(1, 10), -EBADF);
    EXPECT_EQ(sys.fsync(99), -EBADF);
    EXPECT_EQ(sys.write(-1, 10), -EBADF);
  });
}

TEST(Files, TruncateAndAppendAsToldToOpen) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    Stat stat;
    const int fd = sys.open("/a", open_creat | open_wronly);
    EXPECT_EQ(sys.write(fd, 50'000), 50'000);
    EXPECT_EQ(sys.fsync(fd), 0);
    const int append = sys.open("/a", open_wronly | open_append);
    EXPECT_EQ(sys.write(append, 1'000), 1'000);
    EXPECT_EQ(sys.stat("/a", &stat), 0);
    EXPECT_EQ(stat.size, 51'000u);
    const int cut = sys.open("/a", open_wronly | open_trunc);
    EXPECT_EQ(sys.stat("/a", &stat), 0);
    EXPECT_EQ(stat.size, 0u);
    EXPECT_EQ(sys.write(append, 10), 10);
    EXPECT_EQ(sys.write(cut, 5), 5);
    EXPECT_EQ(sys.stat("/a", &stat), 0);
    EXPECT_EQ(stat.size, 10u);
    // The first descriptor is still where it was: what lies before is a hole.
    EXPECT_EQ(sys.write(fd, 1), 1);
    EXPECT_EQ(sys.stat("/a", &stat), 0);
    EXPECT_EQ(stat.size, 50'001u);
    const int all = sys.open("/a", open_rdonly);
    EXPECT_EQ(sys.read(all, 1 << 20), 50'001);
  });
  EXPECT_EQ(rig.fs.reserved_blocks(), 0u);
}

TEST(Files, AFileOnDiskIsReadFromThere) {
  test::RigSpec spec;
  spec.mkfs = [](Ext4& fs) { fs.make_file("/data/x", 1'000'000); };
  Rig rig(std::move(spec));
  rig.run([](Syscalls& sys) {
    const int fd = sys.open("/data/x", open_rdwr);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(sys.read(fd, 300'000), 300'000);
    EXPECT_EQ(sys.read(fd, 1'000'000), 700'000);
    EXPECT_EQ(sys.write(fd, 5'000), 5'000);
  });
  EXPECT_GE(rig.fs.device().blocks_moved(false), 245u);
}

TEST(Files, AnUnlinkedFileLivesUntilItIsClosed) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 100'000), 100'000);
    EXPECT_EQ(sys.unlink("/a"), 0);
    EXPECT_EQ(sys.stat("/a"), -ENOENT);
    EXPECT_EQ(sys.write(fd, 100'000), 100'000);
    EXPECT_EQ(sys.fsync(fd), 0);
    const int other = sys.open("/a", open_creat | open_excl | open_rdwr);
    EXPECT_EQ(other, 1);
    EXPECT_EQ(sys.close(fd), 0);
  });
  EXPECT_EQ(rig.objects("filp"), 0u);
}

TEST(Files, AProcessMayHave1024) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    ASSERT_EQ(sys.open("/a", open_creat | open_rdwr), 0);
    for (int fd = 1; fd < 1024; ++fd) ASSERT_EQ(sys.open("/a", open_rdonly), fd);
    EXPECT_EQ(sys.open("/a", open_rdonly), -EMFILE);
    EXPECT_EQ(sys.close(517), 0);
    EXPECT_EQ(sys.open("/a", open_rdonly), 517);
  });
  EXPECT_EQ(rig.objects("filp"), 0u);
  EXPECT_EQ(rig.objects("kmalloc-64"), 0u);  // What the table grew into.
}

}  // namespace
}  // namespace brink
