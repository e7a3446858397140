// An inode in memory (struct inode, include/linux/fs.h and fs/inode.c, Linux 4.0). Left out: owners
// and modes, times but the last modification's, block counts, leases, file locks.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/block/list.hpp"
#include "sim/locking/mutex.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/slab.hpp"
#include "sim/sched/waiters.hpp"

namespace brink {

class Flusher;
class SuperBlock;
struct Dentry;

using InodeNumber = std::uint64_t;

enum InodeState : std::uint32_t {
  I_NEW = 1u << 0,          ///< being set up by the task that made it
  I_DIRTY_SYNC = 1u << 1,   ///< its own fields changed
  I_DIRTY_PAGES = 1u << 2,  ///< pages of its file did
  I_SYNC = 1u << 3,         ///< being written
  I_FREEING = 1u << 4,      ///< on its way out: must not be found any more
  I_REFERENCED = 1u << 5,   ///< used since the shrinker last looked
  S_DEAD = 1u << 6,         ///< a directory that was removed
};
inline constexpr std::uint32_t I_DIRTY = I_DIRTY_SYNC | I_DIRTY_PAGES;

class Inode {
 public:
  Inode(SuperBlock& super, InodeNumber number, bool is_directory);
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;

  SuperBlock& sb;
  const InodeNumber ino;
  const bool directory;
  std::uint32_t state = 0;
  std::uint32_t count = 1;  ///< i_count
  std::uint32_t nlink = 1;
  std::uint64_t size = 0;
  Nanos mtime = 0;  ///< in whole ticks, as the kernel stamps
  Nanos dirtied_when = 0;
  std::uint32_t writeback_index = 0;  ///< where the flusher goes on
  Dentry* aliases = nullptr;          ///< its names in the dentry cache (i_dentry)
  Inode* hash_next = nullptr;
  bool hashed = false;
  bool on_lru = false;
  Flusher* flusher = nullptr;    ///< of whose lists it is on one
  Gfp gfp_without = Gfp::none;   ///< bits that its page cache does without (mapping_gfp_mask())
  std::uint8_t io_list = 0;      ///< which of them (Flusher's business)
  Task* sync_task = nullptr;     ///< who has set I_SYNC
  Task* freeing_task = nullptr;  ///< who has set I_FREEING
  Nanos sync_since = 0, freeing_since = 0;
  SlabObject memory;
  SlabObject security;
  Waiters sleepers;  ///< for a bit of `state` to fall
  Mutex i_mutex;

  ListHook lru_hook;
  ListHook io_hook;  ///< b_dirty, b_io or b_more_io

  bool has(std::uint32_t bits) const { return (state & bits) != 0; }
  bool has_pages() const { return data_.has_value() && data_->pages() != 0; }
  /// The pages of the file, once there have been any (i_data); of a block device, those that its
  /// buffer cache has.
  FileMapping* mapping() { return data_ ? &*data_ : device_pages_; }
  void set_device_pages(FileMapping& pages) { device_pages_ = &pages; }
  FileMapping& make_mapping(Memory& machine_memory, MappingOps& ops) {
    return data_ ? *data_ : data_.emplace(machine_memory, ops, this);
  }
  void drop_mapping() { data_.reset(); }

 private:
  std::optional<FileMapping> data_;
  FileMapping* device_pages_ = nullptr;
};

/// A path by which the inode is in the dentry cache, or `inode N` if it has no name there.
std::string inode_path(const Inode& inode);

/// Waiting for a state bit of an inode to fall: the task that set it must act first.
class InodeWait final : public Waitable {
 public:
  /// `what` is what goes on with it, as "being written".
  InodeWait(const Inode& inode, Task* by, Nanos since, const char* what)
      : Waitable(WaitKind::lock), inode_(inode), since_(since), what_(what) {
    set_owner(by);
  }
  void blockers(const Task& waiter, BlockerSink& sink) const override;
  std::string describe() const override;

 private:
  const Inode& inode_;
  const Nanos since_;
  const char* what_;
};

}  // namespace brink
