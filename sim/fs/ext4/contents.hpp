// What the blocks of an ext4 file system contain: group descriptors, bitmaps, inode tables and
// directories. It is the file system's truth whether or not a block is in memory; whoever reads or
// changes a part of it goes through the buffer of its block first.
//
// There is one state, the newest: what an older transaction still has to write is kept as numbers
// of blocks only, because no run crashes and recovers.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sim/fs/ext4/bitmap.hpp"
#include "sim/fs/ext4/layout.hpp"
#include "sim/fs/flat_map.hpp"
#include "sim/vfs/names.hpp"

namespace brink {

/// A run of a file's blocks (struct ext4_extent).
struct Extent {
  std::uint32_t block = 0;  ///< logical
  std::uint32_t length = 0;
  BlockNumber start = 0;  ///< physical
  std::uint32_t end() const { return block + length; }
};

/// The entries of a directory by block, in order of room: an entry goes where it fits first.
class Directory {
 public:
  struct Entry {
    InodeNumber ino;
    std::uint32_t block;  ///< logical block that holds it
    bool directory;
  };
  static constexpr std::uint32_t block_bytes = 4096;

  /// EXT4_DIR_REC_LEN().
  static constexpr std::uint32_t record_length(std::uint32_t name) { return (8 + name + 3) & ~3u; }

  /// Of another block. The first one holds "." and "..".
  void append_block() { used_.push_back(used_.empty() ? record_length(1) + record_length(2) : 0); }
  std::uint32_t blocks() const { return static_cast<std::uint32_t>(used_.size()); }
  bool has_room(std::uint32_t block, std::uint32_t name) const {
    return used_[block] + record_length(name) <= block_bytes;
  }

  const Entry* find(NameId name) const { return entries_.find(name); }
  void add(NameId name, std::uint32_t length, const Entry& entry) {
    entries_.insert(name, entry);
    used_[entry.block] += record_length(length);
  }
  void remove(NameId name, std::uint32_t length) {
    used_[entries_.find(name)->block] -= record_length(length);
    entries_.erase(name);
  }
  /// The name stands for another inode from now on.
  void set(NameId name, InodeNumber ino, bool directory) {
    Entry& entry = *entries_.find(name);
    entry.ino = ino;
    entry.directory = directory;
  }
  std::size_t entries() const { return entries_.size(); }
  /// In no particular order.
  template <class Function>
  void each(Function&& function) const {
    entries_.each([&](NameId, const Entry& entry) { function(entry); });
  }

 private:
  FlatMap<NameId, Entry> entries_;
  std::vector<std::uint32_t> used_;  ///< bytes of each block
};

/// An entry of the inode table (struct ext4_inode).
struct DiskInode {
  enum class Kind : std::uint8_t { none, file, directory };
  Kind kind = Kind::none;
  std::uint32_t nlink = 0;
  std::uint64_t size = 0;
  Nanos mtime = 0;
  bool orphan = false;            ///< on the list of those to be cleaned up at the next mount
  std::vector<Extent> extents;    ///< by logical block
  std::vector<BlockNumber> tree;  ///< blocks of the extent tree itself, leaf after leaf
  std::unique_ptr<Directory> directory;
  std::uint64_t blocks() const;
};

struct Group {
  std::uint32_t free_blocks = 0;
  std::uint32_t free_inodes = 0;
  std::uint32_t used_dirs = 0;
  std::optional<Bitmap> blocks;  ///< the block bitmap
  std::optional<Bitmap> buddy;   ///< what may not be allocated: the same, and more (mballoc)
  std::optional<Bitmap> inodes;
  std::vector<std::unique_ptr<std::array<DiskInode, Layout::inodes_per_block>>> table;
};

class Contents {
 public:
  explicit Contents(const Layout& layout);

  const Layout& layout() const { return layout_; }
  std::uint32_t groups() const { return layout_.groups(); }
  /// With its bitmaps made, if they were not.
  Group& group(std::uint32_t index);
  const Group& peek(std::uint32_t index) const { return groups_[index]; }
  DiskInode& inode(InodeNumber ino);
  /// Null if nobody has used its table block.
  const DiskInode* peek_inode(InodeNumber ino) const;
  /// Whether any other inode of the same table block is in use.
  bool shares_block(InodeNumber ino);

  std::uint64_t free_blocks = 0;  ///< of the whole file system (s_freeclusters_counter)
  std::uint64_t free_inodes = 0;

  // --- mkfs, and what an experiment finds on the disk when it begins: no cost, no journal.

  /// A directory with a block of its own, in a directory that exists.
  InodeNumber make_directory(InodeNumber parent, NameId name, std::uint32_t name_length);
  /// A file of so many bytes in one or more extents.
  InodeNumber make_file(InodeNumber parent, NameId name, std::uint32_t name_length,
                        std::uint64_t size);

 private:
  void load(Group& group, std::uint32_t index);
  InodeNumber take_inode(std::uint32_t group_index);
  void take_blocks(std::uint32_t group_index, DiskInode& inode, std::uint32_t count);
  void link(InodeNumber parent, NameId name, std::uint32_t name_length, InodeNumber ino,
            bool directory);

  Layout layout_;
  std::vector<Group> groups_;
};

}  // namespace brink
