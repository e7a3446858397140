// An ext4 inode in memory (struct ext4_inode_info, fs/ext4/ext4.h, Linux 4.0).
#pragma once

#include "sim/fs/ext4/contents.hpp"
#include "sim/fs/ext4/extent_status.hpp"
#include "sim/fs/jbd2/journal.hpp"
#include "sim/locking/rwsem.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

/// Blocks that were taken beyond what was asked for, for the same file (struct
/// ext4_prealloc_space).
struct Preallocation {
  std::uint32_t block = 0;  ///< logical
  BlockNumber start = 0;
  std::uint32_t length = 0;
  std::uint32_t used = 0;  ///< of these, from the beginning
  SlabObject memory;
};

class Ext4Inode final : public Inode {
 public:
  Ext4Inode(SuperBlock& super, InodeNumber number, bool is_directory,
            ExtentStatusShrinker& shrinker, LockClass& data_class)
      : Inode(super, number, is_directory),
        status(shrinker),
        i_data_sem(super.vfs().locks(), data_class) {}

  DiskInode* raw = nullptr;           ///< its entry in the inode table
  std::uint64_t disk_size = 0;        ///< i_disksize: how much of it has blocks for sure
  std::uint32_t reserved_blocks = 0;  ///< for delayed allocation
  TransactionId sync_tid = 0, datasync_tid = 0;
  std::uint32_t dir_start_lookup = 0;
  std::uint32_t writers = 0;    ///< open files that may write
  bool fresh = false;           ///< EXT4_STATE_NEW: its table entry need not be read
  bool alloc_on_close = false;  ///< EXT4_STATE_DA_ALLOC_CLOSE
  bool on_orphan_list = false;
  ListHook orphan_hook;
  SlabObject jinode;
  std::vector<Preallocation> preallocations;
  ExtentStatusTree status;
  RwSem i_data_sem;
};

}  // namespace brink
