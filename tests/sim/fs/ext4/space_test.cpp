// Blocks: many extents, a full file system, and space that comes back.

#include "tests/sim/fs/rig.hpp"

namespace brink {
namespace {

using test::Rig;
using test::RigSpec;

RigSpec one_group() {
  RigSpec spec;
  spec.size = 128 * MiB;
  spec.fs.journal = 4 * MiB;
  return spec;
}

TEST(Space, AFileInManyPiecesGetsATreeAndGivesItBack) {
  Rig rig;
  const std::uint64_t before = rig.fs.contents().free_blocks;
  std::size_t extents = 0, leaves = 0;
  rig.run([&](Syscalls& sys) {
    const int a = sys.open("/a", open_creat | open_wronly);
    const int b = sys.open("/b", open_creat | open_wronly);
    // In turns, each with what it has set aside used up: pieces of a few blocks.
    for (int i = 0; i < 400; ++i) {
      for (const int fd : {a, b}) {
        EXPECT_EQ(sys.write(fd, 8 * 4096), 8 * 4096);
        EXPECT_EQ(sys.fsync(fd), 0);
      }
    }
    for (InodeNumber ino = first_inode; ino < first_inode + 2; ++ino) {
      extents += rig.fs.contents().inode(ino).extents.size();
      leaves += rig.fs.contents().inode(ino).tree.size();
    }
    const int all = sys.open("/a", open_rdonly);
    EXPECT_EQ(sys.read(all, 100 * MiB), 400 * 8 * 4096);
    for (const int fd : {a, b, all}) EXPECT_EQ(sys.close(fd), 0);
    EXPECT_EQ(sys.unlink("/a"), 0);
    EXPECT_EQ(sys.unlink("/b"), 0);
  });
  EXPECT_GT(extents, 8u);
  EXPECT_GE(leaves, 1u);
  EXPECT_EQ(rig.fs.contents().free_blocks, before);
}

TEST(Space, RunsOutForWritersAndComesBack) {
  Rig rig(one_group());
  const std::uint64_t before = rig.fs.contents().free_blocks;
  rig.run([&](Syscalls& sys) {
    const int fd = sys.open("/a", open_creat | open_wronly);
    std::int64_t done = 0;
    std::uint64_t written = 0;
    while ((done = sys.write(fd, 1 * MiB)) > 0) written += static_cast<std::uint64_t>(done);
    EXPECT_EQ(done, -ENOSPC);
    EXPECT_GT(written, (before - 400) * page_size);
    EXPECT_EQ(sys.fsync(fd), 0);
    EXPECT_EQ(sys.mkdir("/d"), -ENOSPC);
    EXPECT_EQ(sys.close(fd), 0);
    EXPECT_EQ(sys.unlink("/a"), 0);
    // What was freed comes back with a commit, which mkdir() asks for itself.
    EXPECT_EQ(sys.mkdir("/d"), 0);
  });
  EXPECT_EQ(rig.fs.contents().free_blocks, before - 1);
  EXPECT_EQ(rig.fs.reserved_blocks(), 0u);
}

}  // namespace
}  // namespace brink
