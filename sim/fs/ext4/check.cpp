// What e2fsck would say: links, bitmaps and counters against what the directories refer to. An
// inode without a name is allowed while it is on the orphan list. What is marked as used but
// belongs to nobody, or is free but not counted, is `leaked`, which Linux 4.0 does after some
// errors; anything else is `wrong`. What was under way when the journal aborted is half done, in
// memory only: links and names say nothing then.

#include <map>
#include <string>
#include <vector>

#include "sim/fs/ext4/ext4.hpp"

namespace brink {
namespace {

class Fsck {
 public:
  Fsck(const Contents& contents, bool aborted) : contents_(contents), aborted_(aborted) {
    links_[root_inode] = 0;
    for (std::uint32_t g = 0; g < contents.groups(); ++g) read_entries(g);
    for (std::uint32_t g = 0; g < contents.groups(); ++g) check_group(g);
    // Blocks of one group may belong to inodes of another: all inodes come first.
    for (std::uint32_t g = 0; g < contents.groups(); ++g) check_blocks(g);
    if (contents.free_blocks != free_blocks_) complain("free blocks of the file system");
    if (contents.free_inodes != free_inodes_) complain("free inodes of the file system");
  }
  const std::string& complaints() const { return complaints_; }

 private:
  void complain(const std::string& what, const char* how = "wrong") {
    if (!complaints_.empty()) complaints_ += "; ";
    complaints_ += std::string(how) + ": " + what;
  }
  static InodeNumber number(std::uint32_t g, std::uint32_t bit) {
    return InodeNumber{g} * Layout::inodes_per_group + bit + 1;
  }

  /// Counts the names of each inode, and each directory's subdirectories.
  void read_entries(std::uint32_t g) {
    if (!contents_.peek(g).inodes) return;
    for (std::uint32_t bit = 0; bit < Layout::inodes_per_group; ++bit) {
      const InodeNumber ino = number(g, bit);
      const DiskInode* const inode = contents_.peek_inode(ino);
      if (inode == nullptr || !inode->directory) continue;
      inode->directory->each([&](const Directory::Entry& entry) {
        ++links_[entry.ino];
        if (entry.directory) ++subdirectories_[ino];
      });
    }
  }

  void check_group(std::uint32_t g) {
    const Group& group = contents_.peek(g);
    free_blocks_ += group.free_blocks;
    free_inodes_ += group.free_inodes;
    if (!group.inodes) return;
    const std::string name = "group " + std::to_string(g);
    check_count(group.inodes->size() - group.inodes->count(), group.free_inodes,
                "inodes of " + name);
    check_count(group.blocks->size() - group.blocks->count(), group.free_blocks,
                "blocks of " + name);
    for (std::uint32_t bit = 0; bit < Layout::inodes_per_group; ++bit) check_inode(g, bit);
  }

  /// What the bitmap says is free against what the descriptor says.
  void check_count(std::uint32_t marked, std::uint32_t counted, const std::string& of) {
    if (marked != counted) complain("free " + of, "leaked");
  }

  void check_inode(std::uint32_t g, std::uint32_t bit) {
    const InodeNumber ino = number(g, bit);
    const DiskInode* const inode = contents_.peek_inode(ino);
    const bool used = inode != nullptr && inode->kind != DiskInode::Kind::none;
    const bool reserved = ino < first_inode && ino != root_inode;
    const std::string name = "inode " + std::to_string(ino);
    if (!reserved && used != contents_.peek(g).inodes->test(bit))
      complain(name, used ? "wrong" : "leaked");
    const std::uint32_t names = links_.contains(ino) ? links_[ino] : 0;
    if (!used) {
      if (names != 0 && !aborted_) complain("a name for free " + name);
      return;
    }
    for (const Extent& extent : inode->extents) take(extent.start, extent.length);
    for (const BlockNumber block : inode->tree) take(block, 1);
    if (aborted_ || inode->orphan || (inode->nlink == 0 && names == 0)) return;
    const std::uint32_t subs = subdirectories_.contains(ino) ? subdirectories_[ino] : 0;
    const std::uint32_t expected = inode->directory ? 2 + subs : names;
    if (inode->nlink != expected) complain("links of " + name);
    if (inode->directory && ino != root_inode && names != 1) complain("names of " + name);
  }

  void take(BlockNumber start, std::uint32_t length) {
    for (BlockNumber block = start; block < start + length; ++block) {
      auto& used = used_[static_cast<std::uint32_t>(block / Layout::blocks_per_group)];
      used.resize(Layout::blocks_per_group);
      const auto bit = static_cast<std::size_t>(block % Layout::blocks_per_group);
      if (used[bit]) complain("block " + std::to_string(block) + " used twice");
      used[bit] = true;
    }
  }

  void check_blocks(std::uint32_t g) {
    const Group& group = contents_.peek(g);
    if (!group.blocks) return;
    std::vector<bool>& used = used_[g];
    used.resize(Layout::blocks_per_group);
    const Layout& layout = contents_.layout();
    const std::uint32_t first = layout.overhead(g) + layout.journal_blocks_in(g);
    for (std::uint32_t bit = first; bit < layout.group_blocks(g); ++bit) {
      if (group.blocks->test(bit) == used[bit]) continue;
      complain("block " + std::to_string(bit) + " of group " + std::to_string(g),
               used[bit] ? "wrong" : "leaked");
      if (used[bit]) return;
    }
  }

  const Contents& contents_;
  const bool aborted_;
  std::string complaints_;
  std::uint64_t free_blocks_ = 0, free_inodes_ = 0;
  std::map<InodeNumber, std::uint32_t> links_, subdirectories_;
  std::map<std::uint32_t, std::vector<bool>> used_;
};

}  // namespace

std::string Ext4::check() const { return Fsck(contents_, journal_.is_aborted()).complaints(); }

}  // namespace brink
