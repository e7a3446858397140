// mkfs, and access to what it made. Groups that nobody has used have no bitmaps in the host's
// memory.

#include "sim/fs/ext4/contents.hpp"

#include <algorithm>

namespace brink {

std::uint64_t DiskInode::blocks() const {
  std::uint64_t sum = tree.size();
  for (const Extent& extent : extents) sum += extent.length;
  return sum;
}

Contents::Contents(const Layout& layout) : layout_(layout), groups_(layout.groups()) {
  for (std::uint32_t g = 0; g < layout.groups(); ++g) {
    Group& group = groups_[g];
    group.free_blocks = layout.group_blocks(g) - layout.overhead(g) - layout.journal_blocks_in(g);
    group.free_inodes = Layout::inodes_per_group;
    free_blocks += group.free_blocks;
    free_inodes += group.free_inodes;
  }
  Group& first = group(0);
  for (InodeNumber ino = 1; ino < first_inode; ++ino) {
    first.inodes->set(Layout::index_of(ino));
    --first.free_inodes;
    --free_inodes;
  }
  // The root.
  DiskInode& root = inode(root_inode);
  root.kind = DiskInode::Kind::directory;
  root.nlink = 2;
  root.directory = std::make_unique<Directory>();
  root.directory->append_block();
  root.size = Directory::block_bytes;
  ++first.used_dirs;
  take_blocks(0, root, 1);
}

void Contents::load(Group& group, std::uint32_t index) {
  group.blocks.emplace(Layout::blocks_per_group);
  const std::uint32_t used = layout_.overhead(index) + layout_.journal_blocks_in(index);
  group.blocks->set(0, used);
  const std::uint32_t end = layout_.group_blocks(index);
  group.blocks->set(end, Layout::blocks_per_group - end);
  group.buddy = group.blocks;
  group.inodes.emplace(Layout::inodes_per_group);
  group.table.resize(Layout::table_blocks);
}

Group& Contents::group(std::uint32_t index) {
  Group& group = groups_[index];
  if (!group.blocks) load(group, index);
  return group;
}

DiskInode& Contents::inode(InodeNumber ino) {
  const std::uint32_t index = Layout::index_of(ino);
  auto& block = group(Layout::group_of(ino)).table[index / Layout::inodes_per_block];
  if (!block) block = std::make_unique<std::array<DiskInode, Layout::inodes_per_block>>();
  return (*block)[index % Layout::inodes_per_block];
}

const DiskInode* Contents::peek_inode(InodeNumber ino) const {
  const Group& in = groups_[Layout::group_of(ino)];
  if (in.table.empty()) return nullptr;
  const std::uint32_t index = Layout::index_of(ino);
  const auto& block = in.table[index / Layout::inodes_per_block];
  return block ? &(*block)[index % Layout::inodes_per_block] : nullptr;
}

bool Contents::shares_block(InodeNumber ino) {
  const std::uint32_t index = Layout::index_of(ino);
  const std::uint32_t first = index - index % Layout::inodes_per_block;
  const Bitmap& used = *group(Layout::group_of(ino)).inodes;
  for (std::uint32_t i = first; i < first + Layout::inodes_per_block; ++i) {
    if (i != index && used.test(i)) return true;
  }
  return false;
}

// --- mkfs.

InodeNumber Contents::take_inode(std::uint32_t group_index) {
  for (std::uint32_t g = group_index;; g = (g + 1) % groups()) {
    Group& in = group(g);
    const std::uint32_t bit = in.inodes->find_clear(0);
    if (bit == in.inodes->size()) continue;
    in.inodes->set(bit);
    --in.free_inodes;
    --free_inodes;
    return InodeNumber{g} * Layout::inodes_per_group + bit + 1;
  }
}

void Contents::take_blocks(std::uint32_t group_index, DiskInode& inode, std::uint32_t count) {
  std::uint32_t logical = 0;
  for (std::uint32_t g = group_index; count != 0; g = (g + 1) % groups()) {
    Group& in = group(g);
    for (std::uint32_t bit = in.buddy->find_clear(0); bit < in.buddy->size() && count != 0;
         bit = in.buddy->find_clear(bit)) {
      const std::uint32_t run = in.buddy->clear_run(bit, std::min(count, 32'768u));
      in.blocks->set(bit, run);
      in.buddy->set(bit, run);
      in.free_blocks -= run;
      free_blocks -= run;
      inode.extents.push_back({logical, run, layout_.first_block(g) + bit});
      logical += run;
      count -= run;
    }
  }
}

void Contents::link(InodeNumber parent, NameId name, std::uint32_t name_length, InodeNumber ino,
                    bool directory) {
  DiskInode& dir = inode(parent);
  BRINK_ASSERT(dir.kind == DiskInode::Kind::directory && dir.directory->find(name) == nullptr);
  std::uint32_t block = 0;
  while (block < dir.directory->blocks() && !dir.directory->has_room(block, name_length)) ++block;
  BRINK_ASSERT(block < dir.directory->blocks());
  dir.directory->add(name, name_length, {ino, block, directory});
  if (directory) ++dir.nlink;
}

InodeNumber Contents::make_directory(InodeNumber parent, NameId name, std::uint32_t name_length) {
  const std::uint32_t group_index = Layout::group_of(parent);
  const InodeNumber ino = take_inode(group_index);
  DiskInode& made = inode(ino);
  made.kind = DiskInode::Kind::directory;
  made.nlink = 2;
  made.directory = std::make_unique<Directory>();
  made.directory->append_block();
  made.size = Directory::block_bytes;
  ++group(Layout::group_of(ino)).used_dirs;
  take_blocks(group_index, made, 1);
  link(parent, name, name_length, ino, true);
  return ino;
}

InodeNumber Contents::make_file(InodeNumber parent, NameId name, std::uint32_t name_length,
                                std::uint64_t size) {
  const std::uint32_t group_index = Layout::group_of(parent);
  const InodeNumber ino = take_inode(group_index);
  DiskInode& made = inode(ino);
  made.kind = DiskInode::Kind::file;
  made.nlink = 1;
  made.size = size;
  take_blocks(group_index, made, static_cast<std::uint32_t>((size + page_size - 1) / page_size));
  link(parent, name, name_length, ino, false);
  return ino;
}

}  // namespace brink
