// What the memory model needs from the rungs above it: each interface is implemented there and
// handed to Memory when the machine is built. A call may sleep only where it says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/policy.hpp"
#include "sim/mm/page.hpp"

namespace brink {

class BlockerSink;
class FileMapping;
struct Task;

/// The swap device (mm/page_io.c); implemented by sim/block. Ends of requests are reported to
/// Memory from interrupt context, in any order.
class SwapIo {
 public:
  virtual ~SwapIo() = default;

  /// Writes a page to its slot; Memory::end_swap_write(page, error) follows. May sleep, for a bio
  /// or a place in the device's queue. GFP_NOIO.
  virtual void submit_write(std::uint32_t slot, Pfn page) = 0;
  /// Reads a slot into a page; Memory::end_swap_read(page, error) follows. May sleep.
  virtual void submit_read(std::uint32_t slot, Pfn page) = 0;
  /// Nobody will read the slot again before it is written (swap_slot_free_notify()). Does not
  /// sleep.
  virtual void slot_freed(std::uint32_t /*slot*/) {}
  /// Requests between the two calls may be held back and merged (blk_start_plug). May sleep.
  virtual void plug() {}
  virtual void unplug() {}
  /// Who must act before the request for this page ends.
  virtual void blockers(Pfn page, const Task& waiter, BlockerSink& sink) const = 0;
};

/// What a file system does with the pages of its files (struct address_space_operations).
class MappingOps {
 public:
  virtual ~MappingOps() = default;

  /// What writepage() came to.
  enum class Written : std::uint8_t {
    started,   ///< under writeback, or already written; the page is unlocked
    activate,  ///< not now (AOP_WRITEPAGE_ACTIVATE); the page is still locked
    failed,    ///< error noted in the mapping; the page is unlocked
  };

  /// Starts to write one page, which is locked and no longer dirty, on behalf of reclaim. May
  /// sleep.
  virtual Written writepage(FileMapping& mapping, Pfn page) = 0;
  /// Drops what the file system keeps with the page (try_to_release_page()). The page is locked.
  /// True if nothing is left. Must not sleep unless `gfp` has __GFP_FS.
  virtual bool release_page(FileMapping& mapping, Pfn page, Gfp gfp) = 0;
  /// The page is about to be truncated: drop what is kept with it, whatever it is.
  virtual void invalidate_page(FileMapping& mapping, Pfn page) = 0;
  /// The page has left the cache and is about to be freed.
  virtual void freed(FileMapping&, Pfn) {}
  /// Who must act before I/O on this page ends.
  virtual void blockers(const FileMapping& mapping, Pfn page, const Task& waiter,
                        BlockerSink& sink) const = 0;
  /// For people, as "/srv/x" or "blocks of /dev/disk".
  virtual std::string describe(const FileMapping& mapping) const = 0;
  /// Whether the device that holds the file is congested for writes.
  virtual bool write_congested(const FileMapping&) const { return false; }
};

/// A cache that can be made smaller (struct shrinker).
class Shrinker {
 public:
  virtual ~Shrinker() = default;
  static constexpr std::uint64_t stop = ~std::uint64_t{0};  ///< SHRINK_STOP

  virtual const char* name() const = 0;
  /// Objects that could be freed; 0 if none, or if `gfp` forbids.
  virtual std::uint64_t count(Gfp gfp) = 0;
  /// Looks at `nr` objects; how many it freed, or `stop`. May sleep if `gfp` may.
  virtual std::uint64_t scan(Gfp gfp, std::uint64_t nr) = 0;
  /// What an object costs to make again, relative to a page (DEFAULT_SEEKS).
  virtual unsigned seeks() const { return 2; }
  /// Objects a call of scan(); superblocks use 1024.
  virtual std::uint64_t batch() const { return 128; }
};

/// Processes, as the OOM killer needs them; implemented by sim/kernel.
class OomHost {
 public:
  virtual ~OomHost() = default;
  /// Every live task, by id.
  virtual void task_views(std::vector<TaskView>& out) = 0;
  /// SIGKILL to the victim's process and whoever shares its memory. TIF_MEMDIE is already set.
  virtual void kill(TaskId victim) = 0;
  /// Nobody is left to kill. Ends the run.
  virtual void panic(const std::string& reason) = 0;
  /// Who waits for whom, for policies that ask; may be null.
  virtual const WaitView* waits() const { return nullptr; }
};

/// What tasks hold back to submit it together (struct blk_plug); implemented by sim/block.
class Plugs {
 public:
  virtual ~Plugs() = default;
  /// The running task is about to sleep: what it holds back goes out (blk_schedule_flush_plug()).
  /// May sleep itself, for a place in a queue.
  virtual void flush() = 0;
};

/// The flusher threads (fs/fs-writeback.c); implemented by sim/fs.
class Flushers {
 public:
  virtual ~Flushers() = default;
  /// Asks for about this many dirty pages to be written. Does not sleep.
  virtual void wake(Pages nr_pages) = 0;
  /// Makes a reclaimer wait while far too much is under writeback (throttle_vm_writeout()). Sleeps.
  virtual void throttle_vm_writeout(Gfp /*gfp*/) {}
};

/// Receives failure-handling defects: double free, use after free.
class BugSink {
 public:
  virtual ~BugSink() = default;
  virtual void bug(const std::string& what) = 0;
};

/// Told what happens, only in a run that tells its story.
class Story {
 public:
  virtual ~Story() = default;
  virtual void tell(const std::string& text) = 0;
};

/// The kernel's log (printk()); null unless the run keeps it.
class KernelLog {
 public:
  virtual ~KernelLog() = default;
  /// One line, or several with a line break between them.
  virtual void print(const std::string& text) = 0;
};

/// Sees every request at the allocator's entry and its answer; null unless somebody counts them.
class AllocTap {
 public:
  virtual ~AllocTap() = default;
  /// `pages` is no_page if it failed. Slabs' own requests are told with site slab_page.
  virtual void page_request(Site site, unsigned order, Gfp gfp, Pfn pages) = 0;
  virtual void object_request(Site site, const char* cache, std::uint32_t size, Gfp gfp,
                              bool ok) = 0;
};

}  // namespace brink
