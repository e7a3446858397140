// The generic file layer of one machine: the parts that all its file systems share, and the tree
// that they are mounted in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/block/block.hpp"
#include "sim/locking/mutex.hpp"
#include "sim/vfs/dcache.hpp"
#include "sim/vfs/file.hpp"
#include "sim/vfs/super_block.hpp"
#include "sim/vfs/writeback.hpp"

namespace brink {

/// Where the end of a file is put off to: the running task's way back to user mode.
class TaskWork {
 public:
  virtual void add(File& file) = 0;

 protected:
  ~TaskWork() = default;
};

class Vfs final : public LockResolver, public Flushers {
 public:
  Vfs(Memory& memory, Block& block);
  ~Vfs();

  Core& core() const { return core_; }
  Memory& memory() const { return memory_; }
  Locks& locks() const { return memory_.locks(); }
  Block& block() const { return block_; }
  NameTable& names() { return names_; }
  Dcache& dcache() { return dcache_; }
  FileTable& files() { return files_; }
  void set_task_work(TaskWork& work) { task_work_ = &work; }
  /// fput(): one reference less; the last one ends the file when the running task leaves the
  /// kernel.
  void fput(File& file);
  /// names_cache: paths from user space.
  SlabCache& names_cache() { return names_cache_; }
  /// Serialises renames between directories (s_vfs_rename_mutex; one for all file systems here).
  Mutex& rename_mutex() { return rename_mutex_; }

  // --- The tree.

  /// Puts a file system, whose root is set, where `path` is: "/" first; any other path must be a
  /// directory that is there and cached. Called by the task that boots the machine.
  void mount(std::string_view path, SuperBlock& sb);
  Dentry& root() const { return *root_; }
  /// From a mount point to the root of what is mounted on it, and back; the argument otherwise.
  Dentry& follow_mounts(Dentry& dentry) const;
  Dentry& leave_root(Dentry& dentry) const;
  std::string path_of(const Dentry& dentry) const;
  const std::vector<SuperBlock*>& super_blocks() const { return super_blocks_; }

  /// The i_mutex of the directory or file at a path of the cached tree, for lock dependencies.
  Lock* find_lock(std::string_view instance) override;
  /// The cached dentry at a path, without a reference; null if any part of it is not cached.
  Dentry* find_cached(std::string_view path);

  // --- Writeback.

  /// The flusher of that device, made on first use.
  Flusher& flusher(Device& device);
  /// Reclaim asks every device for about so many pages.
  void wake(Pages nr_pages) override;
  void throttle_vm_writeout(Gfp gfp) override;
  /// A writer has dirtied a page of the inode; it may be made to wait.
  PageWriteback& page_writeback() { return page_writeback_; }
  /// __mark_inode_dirty(): `what` is I_DIRTY_SYNC or I_DIRTY_PAGES.
  void mark_inode_dirty(Inode& inode, std::uint32_t what);
  /// The inode leaves the flusher's lists.
  void forget_dirty(Inode& inode);
  const std::vector<std::unique_ptr<Flusher>>& flushers() const { return flushers_; }

 private:
  struct Mount {
    Dentry* at;
    SuperBlock* sb;
  };

  Core& core_;
  Memory& memory_;
  Block& block_;
  NameTable names_;
  Dcache dcache_;
  FileTable files_;
  TaskWork* task_work_ = nullptr;
  SlabCache& names_cache_;
  Mutex rename_mutex_;
  Dentry* root_ = nullptr;
  std::vector<Mount> mounts_;
  std::vector<SuperBlock*> super_blocks_;
  std::vector<std::unique_ptr<Flusher>> flushers_;
  PageWriteback page_writeback_;
};

}  // namespace brink
