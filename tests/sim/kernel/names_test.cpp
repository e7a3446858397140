// The system calls on names: results and errnos.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;

void make_file(Syscalls& sys, std::string_view path) {
  const int fd = sys.open(path, open_creat | open_excl | open_wronly);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(sys.close(fd), 0);
}

TEST(Names, DirectoriesComeAndGo) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    EXPECT_EQ(sys.mkdir("/d"), 0);
    EXPECT_EQ(sys.mkdir("/d"), -EEXIST);
    EXPECT_EQ(sys.mkdir("/"), -EEXIST);
    EXPECT_EQ(sys.mkdir("/d/."), -EEXIST);
    EXPECT_EQ(sys.mkdir("/none/x"), -ENOENT);
    EXPECT_EQ(sys.mkdir("/d/e/"), 0);
    Stat stat;
    EXPECT_EQ(sys.stat("/d/e", &stat), 0);
    EXPECT_TRUE(stat.directory);
    EXPECT_EQ(sys.stat("/d/../d/./e/"), 0);
    EXPECT_EQ(sys.rmdir("/d"), -ENOTEMPTY);
    EXPECT_EQ(sys.rmdir("/d/."), -EINVAL);
    EXPECT_EQ(sys.rmdir("/d/e/.."), -ENOTEMPTY);
    EXPECT_EQ(sys.rmdir("/"), -EBUSY);
    EXPECT_EQ(sys.rmdir("/none"), -ENOENT);
    make_file(sys, "/f");
    EXPECT_EQ(sys.rmdir("/f"), -ENOTDIR);
    EXPECT_EQ(sys.mkdir("/f/x"), -ENOTDIR);
    EXPECT_EQ(sys.mkdir("/f"), -EEXIST);
    EXPECT_EQ(sys.rmdir("/d/e"), 0);
    EXPECT_EQ(sys.stat("/d/e"), -ENOENT);
    EXPECT_EQ(sys.rmdir("/d"), 0);
    EXPECT_EQ(sys.rmdir("/d"), -ENOENT);
  });
  EXPECT_EQ(rig.fs.contents().inode(root_inode).nlink, 2u);
}

TEST(Names, FilesAreUnlinked) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    make_file(sys, "/f");
    EXPECT_EQ(sys.mkdir("/d"), 0);
    EXPECT_EQ(sys.unlink("/d"), -EISDIR);
    EXPECT_EQ(sys.unlink("/"), -EISDIR);
    EXPECT_EQ(sys.unlink("/f/"), -ENOTDIR);
    EXPECT_EQ(sys.unlink("/d/"), -EISDIR);
    EXPECT_EQ(sys.unlink("/none/"), -ENOENT);
    EXPECT_EQ(sys.unlink("/f"), 0);
    EXPECT_EQ(sys.unlink("/f"), -ENOENT);
    EXPECT_EQ(sys.stat("/f"), -ENOENT);
  });
}

TEST(Names, ADirectoryThatIsGoneTakesNoMoreNames) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    EXPECT_EQ(sys.mkdir("/d"), 0);
    const int fd = sys.open("/d", open_rdonly);
    EXPECT_EQ(fd, 0);
    EXPECT_EQ(sys.rmdir("/d"), 0);
    EXPECT_EQ(sys.mkdir("/d/x"), -ENOENT);
    EXPECT_EQ(sys.mkdir("/d"), 0);
    EXPECT_EQ(sys.mkdir("/d/x"), 0);
    EXPECT_EQ(sys.close(fd), 0);
    EXPECT_EQ(sys.stat("/d/x"), 0);
  });
}

TEST(Names, FilesAreRenamed) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    Stat before, after;
    make_file(sys, "/a");
    make_file(sys, "/b");
    EXPECT_EQ(sys.mkdir("/d"), 0);
    EXPECT_EQ(sys.stat("/a", &before), 0);
    EXPECT_EQ(sys.rename("/none", "/x"), -ENOENT);
    EXPECT_EQ(sys.rename("/a", "/none/x"), -ENOENT);
    EXPECT_EQ(sys.rename("/a", "/d"), -EISDIR);
    EXPECT_EQ(sys.rename("/a", "/c/"), -ENOTDIR);
    EXPECT_EQ(sys.rename("/a", "/.."), -EBUSY);
    EXPECT_EQ(sys.rename("/a", "/a"), 0);
    EXPECT_EQ(sys.rename("/a", "/c"), 0);
    EXPECT_EQ(sys.stat("/a"), -ENOENT);
    EXPECT_EQ(sys.rename("/c", "/b"), 0);
    EXPECT_EQ(sys.stat("/c"), -ENOENT);
    EXPECT_EQ(sys.rename("/b", "/d/e"), 0);
    EXPECT_EQ(sys.stat("/d/e", &after), 0);
    EXPECT_EQ(after.inode, before.inode);
    EXPECT_EQ(sys.rename("/d/e", "/a"), 0);
    EXPECT_EQ(sys.rmdir("/d"), 0);
  });
}

TEST(Names, DirectoriesAreRenamed) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    for (const char* path : {"/a", "/a/b", "/a/b/c", "/d", "/d/full"})
      EXPECT_EQ(sys.mkdir(path), 0);
    make_file(sys, "/f");
    EXPECT_EQ(sys.rename("/a", "/a/b/x"), -EINVAL);
    EXPECT_EQ(sys.rename("/a", "/a/b"), -EINVAL);
    EXPECT_EQ(sys.rename("/a/b/c", "/a"), -ENOTEMPTY);
    EXPECT_EQ(sys.rename("/a", "/f"), -ENOTDIR);
    EXPECT_EQ(sys.rename("/f", "/a"), -EISDIR);
    EXPECT_EQ(sys.rename("/a", "/d"), -ENOTEMPTY);
    EXPECT_EQ(sys.rename("/a/b", "/d/full"), 0);
    EXPECT_EQ(sys.stat("/d/full/c"), 0);
    EXPECT_EQ(sys.stat("/d/full/../../a"), 0);
    EXPECT_EQ(sys.rename("/d/full", "/a/moved/"), 0);
    EXPECT_EQ(sys.stat("/a/moved/c"), 0);
    EXPECT_EQ(sys.rmdir("/d"), 0);
    EXPECT_EQ(sys.rename("/a/moved", "/top"), 0);
    EXPECT_EQ(sys.rmdir("/a"), 0);
  });
  EXPECT_EQ(rig.fs.contents().inode(root_inode).nlink, 3u);
}

TEST(Names, AReplacedOpenFileLivesOn) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(fd, 20'000), 20'000);
    const int other = sys.open("/b", open_creat | open_rdwr);
    EXPECT_EQ(sys.write(other, 10), 10);
    EXPECT_EQ(sys.rename("/b", "/a"), 0);
    Stat stat;
    EXPECT_EQ(sys.stat("/a", &stat), 0);
    EXPECT_EQ(stat.size, 10u);
    EXPECT_EQ(sys.write(fd, 20'000), 20'000);
    EXPECT_EQ(sys.fsync(fd), 0);
  });
}

TEST(Names, LongOnesTakeMemoryOfTheirOwn) {
  Rig rig;
  const std::string name(200, 'n');
  rig.run([&name](Syscalls& sys) {
    EXPECT_EQ(sys.mkdir("/" + name), 0);
    EXPECT_EQ(sys.rename("/" + name, "/short"), 0);
    EXPECT_EQ(sys.rename("/short", "/" + name), 0);
    EXPECT_EQ(sys.stat("/" + name), 0);
    EXPECT_EQ(sys.rmdir("/" + name), 0);
  });
}

TEST(Names, ADirectoryGrowsAndIsEmptiedAgain) {
  Rig rig;
  rig.run([](Syscalls& sys) {
    EXPECT_EQ(sys.mkdir("/d"), 0);
    const auto path = [](int i) { return "/d/some-name-of-a-file-" + std::to_string(i); };
    for (int i = 0; i < 600; ++i) make_file(sys, path(i));
    Stat stat;
    EXPECT_EQ(sys.stat("/d", &stat), 0);
    EXPECT_EQ(stat.size, 5u * 4096);
    for (int i = 0; i < 600; i += 7) EXPECT_EQ(sys.stat(path(i)), 0);
    for (int i = 0; i < 600; ++i) EXPECT_EQ(sys.unlink(path(i)), 0);
    EXPECT_EQ(sys.rmdir("/d"), 0);
  });
}

}  // namespace
}  // namespace brink
