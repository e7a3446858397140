// Where an ext4 file system keeps what (Documentation/filesystems/ext4, Linux 4.0): block groups of
// 128 MiB, each with a block bitmap, an inode bitmap and an inode table at its start, as mke2fs
// lays them out without flex_bg. Left out: backup superblocks, reserved GDT blocks, bigalloc,
// meta_bg.
#pragma once

#include <cstdint>

#include "sim/block/bio.hpp"
#include "sim/vfs/inode.hpp"

namespace brink {

inline constexpr InodeNumber root_inode = 2;
inline constexpr InodeNumber first_inode = 11;  ///< those below are reserved

class Layout {
 public:
  static constexpr std::uint32_t blocks_per_group = 32'768;
  static constexpr std::uint32_t inodes_per_group = 8'192;  ///< mke2fs: one for each 16 KiB
  static constexpr std::uint32_t inodes_per_block = 16;     ///< of 256 bytes each
  static constexpr std::uint32_t table_blocks = inodes_per_group / inodes_per_block;
  static constexpr std::uint32_t descriptors_per_block = 128;  ///< of 32 bytes each

  /// Sizes in bytes. A file system has at least one whole group; its journal at most half of it.
  Layout(std::uint64_t size, std::uint64_t journal);

  std::uint32_t groups() const { return groups_; }
  std::uint64_t blocks() const { return blocks_; }
  std::uint64_t inodes() const { return std::uint64_t{groups_} * inodes_per_group; }
  /// Blocks of this group; the last one may be shorter.
  std::uint32_t group_blocks(std::uint32_t group) const;

  BlockNumber superblock() const { return 0; }
  BlockNumber descriptor_block(std::uint32_t group) const {
    return 1 + group / descriptors_per_block;
  }
  BlockNumber first_block(std::uint32_t group) const {
    return BlockNumber{group} * blocks_per_group;
  }
  BlockNumber block_bitmap(std::uint32_t group) const { return first_block(group) + head(group); }
  BlockNumber inode_bitmap(std::uint32_t group) const { return block_bitmap(group) + 1; }
  BlockNumber inode_table(std::uint32_t group) const { return block_bitmap(group) + 2; }
  /// The first block of the group, counted from its start, that can hold anything.
  std::uint32_t overhead(std::uint32_t group) const { return head(group) + 2 + table_blocks; }

  static std::uint32_t group_of(InodeNumber inode) {
    return static_cast<std::uint32_t>((inode - 1) / inodes_per_group);
  }
  static std::uint32_t index_of(InodeNumber inode) {
    return static_cast<std::uint32_t>((inode - 1) % inodes_per_group);
  }
  BlockNumber inode_block(InodeNumber inode) const {
    return inode_table(group_of(inode)) + index_of(inode) / inodes_per_block;
  }

  std::uint32_t journal_blocks() const { return journal_blocks_; }
  /// Where block `index` of the journal lies on the device.
  BlockNumber journal_block(std::uint32_t index) const;
  /// How many blocks of the group the journal has, from overhead() on.
  std::uint32_t journal_blocks_in(std::uint32_t group) const;

 private:
  /// The superblock and the descriptors, which only the first group has.
  std::uint32_t head(std::uint32_t group) const;

  std::uint64_t blocks_;
  std::uint32_t groups_;
  std::uint32_t journal_blocks_;
  std::uint32_t journal_group_;
};

}  // namespace brink
