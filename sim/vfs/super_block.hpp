// A mounted file system as the generic file layer sees it: the operations that it supplies (struct
// super_operations, inode_operations and file_operations, include/linux/fs.h, Linux 4.0), and the
// caches of its dentries and inodes with the shrinker that makes them smaller (fs/super.c). Left
// out: s_umount, freezing, remounts by the user, quotas, extended attributes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/block/block.hpp"
#include "sim/mm/upcalls.hpp"
#include "sim/vfs/dentry.hpp"
#include "sim/vfs/inode.hpp"

namespace brink {

class Vfs;
struct File;

/// What a call of writepages() is to do (struct writeback_control).
struct Writeback {
  bool sync = false;  ///< WB_SYNC_ALL: everything that is dirty, for somebody who waits
  std::int64_t nr_to_write = 0;
  std::uint64_t pages_skipped = 0;
  bool range_cyclic = false;  ///< go on where the last call ended
};

class SuperBlock : public Shrinker {
 public:
  /// `type` names the file system's lock classes: `TYPE.dir.i_mutex` and `TYPE.i_mutex`.
  SuperBlock(Vfs& vfs, Device& device, const std::string& type);
  /// One that is in memory only.
  SuperBlock(Vfs& vfs, const std::string& type);
  ~SuperBlock() override;
  SuperBlock(const SuperBlock&) = delete;
  SuperBlock& operator=(const SuperBlock&) = delete;

  // --- Before and at the mount.

  /// A directory that is there from the start, with those above it.
  virtual void make_directory(std::string_view path) = 0;
  /// Brings in what stays in memory for as long as it is mounted, and starts its threads; by the
  /// task that boots the machine. The root is set afterwards.
  virtual void load() = 0;

  // --- Directories. The i_mutex of every directory named is held. 0 or a negative errno.

  /// `found` is null if there is no such name; else a reference to its inode is the caller's.
  virtual int lookup(Inode& dir, NameId name, Inode*& found) = 0;
  virtual int create(Inode& dir, NameId name, Inode*& made) = 0;
  virtual int mkdir(Inode& dir, NameId name, Inode*& made) = 0;
  virtual int unlink(Inode& dir, NameId name, Inode& target) = 0;
  virtual int rmdir(Inode& dir, NameId name, Inode& target) = 0;
  /// `target` is what the new name stood for, or null.
  virtual int rename(Inode& old_dir, NameId old_name, Inode& source, Inode& new_dir,
                     NameId new_name, Inode* target) = 0;

  // --- Files.

  virtual int open(Inode& inode, bool write) = 0;
  /// The last descriptor of an open file is gone.
  virtual void release(Inode& inode, bool write) = 0;
  /// Cuts a file to nothing; its i_mutex is held.
  virtual int truncate(Inode& inode) = 0;
  /// Makes page `index` ready for [pos, pos + length) to be copied into it; it comes back locked
  /// and pinned.
  virtual int write_begin(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn& page) = 0;
  virtual int write_end(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn page) = 0;
  /// Starts to read pages that are new in the cache and locked, in ascending order of index; their
  /// locks end with the reads. Without `ahead`, the error is the caller's: the page is unlocked.
  virtual int read_pages(Inode& inode, const std::vector<Pfn>& pages, bool ahead) = 0;
  virtual int writepages(Inode& inode, Writeback& control) = 0;
  /// Page `index` for a reader, pinned and up to date, of a file system that has its own way to
  /// find it; no_page for a hole. -ENOSYS: it is looked for in the page cache.
  virtual int find_page(Inode& /*inode*/, std::uint32_t /*index*/, Pfn& /*page*/);
  /// MappedFile::find_page() and make_writable() of a file.
  virtual int fault(File& file, std::uint32_t index, Pfn& page);
  virtual int page_mkwrite(Inode& inode, Pfn page) = 0;
  virtual int fsync(Inode& inode) = 0;

  // --- Inodes.

  /// A field of the inode changed (dirty_inode); errors are its own business.
  virtual void dirty_inode(Inode& inode) = 0;
  virtual int write_inode(Inode& inode, const Writeback& control) = 0;
  /// Nobody refers to the inode any more: truncates it if it has no name, and lets go of what is
  /// kept with it. May sleep for long.
  virtual void evict_inode(Inode& inode) = 0;
  /// Gives back its memory.
  virtual void destroy_inode(Inode& inode) = 0;

  /// The task's system call succeeds although allocations failed in it: settles those that later
  /// calls will be told of.
  virtual void settle_success(Task&) {}

  /// Empty if what it holds agrees with itself; else what does not. Nothing may be running.
  virtual std::string check() const { return {}; }
  /// Errors that it has recorded about itself (s_error_count, for ext4).
  virtual std::uint32_t errors() const { return 0; }

  /// Who, besides the flusher, will clean or let go of pages that hold what this file system knows.
  virtual void cleaners(BlockerSink&) const {}

  bool read_only() const { return read_only_; }
  Vfs& vfs() const { return vfs_; }
  /// Whether there is a device that its files are written to.
  bool backed() const { return device_ != nullptr; }
  Device& device() const { return *device_; }
  /// Whether names that stand for something stay in the dentry cache, which is all there is of
  /// them.
  virtual bool pins_dentries() const { return false; }
  Dentry* root() const { return root_; }
  void set_root(Dentry& root) { root_ = &root; }
  LockClass& mutex_class(bool directory) const { return directory ? dir_class_ : file_class_; }

  // --- The inode cache (fs/inode.c).

  /// iget_locked(), first half: a reference to the inode if it is cached, waiting for one that is
  /// on its way out; else null.
  Inode* find_inode(InodeNumber ino);
  void hash_inode(Inode& inode);
  void unhash_inode(Inode& inode);
  void iget(Inode& inode) { ++inode.count; }
  /// Drops a reference; the last one evicts an inode without a name, and keeps any other.
  void iput(Inode& inode);
  /// The inode, unused, waits to be wanted or shrunk; nothing if it is in use or dirty.
  void add_to_lru(Inode& inode);
  /// Clears a state bit and wakes who waits for that.
  void clear_state(Inode& inode, InodeState bit);
  void wait_for_writeback(Inode& inode);
  /// Waits once, for an inode that may be gone afterwards.
  void sleep_on_writeback(Inode& inode);

  std::size_t inodes_in_memory() const { return inode_count_; }
  std::size_t unused_inodes() const { return inode_lru_.size(); }
  std::size_t unused_dentries() const { return dentry_lru_.size(); }

  // --- The shrinker: prunes dentries first, because they hold inodes.

  const char* name() const override { return "super_cache"; }
  std::uint64_t count(Gfp gfp) override;
  std::uint64_t scan(Gfp gfp, std::uint64_t nr) override;
  std::uint64_t batch() const override { return 1024; }

 protected:
  void set_read_only() { read_only_ = true; }

 private:
  friend class Dcache;
  SuperBlock(Vfs& vfs, Device* device, const std::string& type);

  using DentryLru = IntrusiveList<Dentry, &Dentry::lru_hook>;
  using InodeLru = IntrusiveList<Inode, &Inode::lru_hook>;

  void evict(Inode& inode);
  void remove_from_lru(Inode& inode);
  std::uint64_t prune_dentries(std::uint64_t nr);
  std::uint64_t prune_inodes(std::uint64_t nr);
  bool drop_pages(Inode& inode);

  Vfs& vfs_;
  Device* const device_ = nullptr;
  LockClass& dir_class_;
  LockClass& file_class_;
  Dentry* root_ = nullptr;
  bool read_only_ = false;
  std::vector<Inode*> inode_hash_;  ///< by number
  std::size_t inode_count_ = 0;
  DentryLru dentry_lru_;  ///< the longest unused first
  InodeLru inode_lru_;
};

}  // namespace brink
