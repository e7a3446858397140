// The flusher of one device: writes dirty inodes and their pages every 5 s, when they are 30 s old,
// when too much is dirty, and when somebody asks (fs/fs-writeback.c, Linux 4.0, whose workqueue
// worker is a kernel thread here). Up to 2.6.31 the threads were a pool for all devices (pdflush,
// mm/ pdflush.c) that was asked with the same words; here it is this thread as well. Left out:
// sync(2), lazy timestamps, sorting by file system, bandwidth estimation, cgroups.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/block/list.hpp"
#include "sim/locking/wait_queue.hpp"
#include "sim/mm/slab.hpp"
#include "sim/vfs/inode.hpp"
#include "sim/vfs/page_writeback.hpp"

namespace brink {

class Device;
class Vfs;
struct Writeback;

class Flusher {
 public:
  Flusher(Vfs& vfs, Device& device);
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  /// Spawns its thread, a daemon.
  void start();

  /// The inode became dirty, or is to wait for another 30 s.
  void add_dirty(Inode& inode);
  void remove(Inode& inode);

  /// Asks for this many pages (bdi_start_writeback): GFP_ATOMIC for the request itself, without
  /// which the thread is only woken. Does not sleep.
  void start_writeback(std::int64_t nr_pages);
  /// bdi_start_background_writeback().
  void start_background();

  /// A writer that has dirtied too much writes so many pages itself (writeback_inodes() of 2.6.30);
  /// how many it wrote. May sleep.
  std::int64_t push(std::int64_t nr_pages);

  Device& device() const { return device_; }
  Task* task() const { return task_; }
  bool has_dirty() const { return !lists_[0].empty() || !lists_[1].empty() || !lists_[2].empty(); }

 private:
  using InodeList = IntrusiveList<Inode, &Inode::io_hook>;
  enum class Why : std::uint8_t { asked, periodic, background };

  struct Work {
    std::int64_t nr_pages;
    SlabObject memory;
  };
  /// Its thread waits here for something to do.
  class Idle final : public WaitQueue {
   public:
    explicit Idle(Core& core) : WaitQueue(core, "flusher without work", WaitKind::idle) {}
  };

  static void run(void* flusher);
  void loop();
  void wake_up();
  bool do_work();
  std::int64_t writeback(std::int64_t nr_pages, Why why);
  std::int64_t write_queued(std::int64_t& nr_pages);
  bool put_off(Inode& inode);
  std::int64_t write_inode(Inode& inode, std::int64_t nr_pages);
  void requeue(Inode& inode, const Writeback& control);
  void queue_io(Nanos older_than);
  enum Which : std::uint8_t { nowhere, dirty, io, more_io };
  InodeList& list(std::uint8_t which);
  void move(Inode& inode, Which to);
  void redirty_tail(Inode& inode);
  bool over_background() const;

  Vfs& vfs_;
  Core& core_;
  Device& device_;
  SlabCache* work_cache_ = nullptr;
  Task* task_ = nullptr;
  bool woken_ = false;
  Nanos last_old_flush_ = 0;
  Idle idle_;
  /// dirty: the latest first; io: to be written now, from the end; more_io: put off, because they
  /// are being written or have had their share.
  std::array<InodeList, 3> lists_;
  std::vector<Work> works_;
};

/// __writeback_single_inode(): writes pages and then the inode itself, on whose behalf ever. The
/// inode is I_SYNC meanwhile, which the caller must have made sure it was not.
int write_single_inode(Vfs& vfs, Inode& inode, Writeback& control);

}  // namespace brink
