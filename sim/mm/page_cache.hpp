// The page cache: the pages of files (mm/filemap.c, lib/radix-tree.c and mm/truncate.c, Linux 4.0),
// and what can be done with any page that is locked, dirty or under I/O. Left out: shadow entries,
// upper levels of the radix tree (a leaf of 64 pages is one node; a lone page 0 needs
// none).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/sites.hpp"
#include "sim/mm/slab.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/upcalls.hpp"
#include "sim/sched/wait.hpp"

namespace brink {

class Memory;

/// The cached pages of one file, or of one block device (struct address_space). Pages are found
/// without a reference: pin() one before sleeping.
class FileMapping {
 public:
  /// `kind`: what its pages count as, file or shmem.
  FileMapping(Memory& memory, MappingOps& ops, void* host, PageKind kind = PageKind::file);
  /// While the machine runs, it must be empty: truncate(0) first.
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  MappingOps& ops() const { return ops_; }
  void* host() const { return host_; }
  std::uint32_t id() const { return id_; }
  Pages pages() const { return pages_; }

  Pfn find(std::uint32_t index) const;
  /// Another page takes the place of page `index`, which is cached, with its tags.
  void replace(std::uint32_t index, Pfn page);
  /// add_to_page_cache_lru(): a page fresh from alloc_pages() becomes page `index` of the file; it
  /// is locked, not up to date, and on the inactive list. 0, -EEXIST, or -ENOMEM from the index
  /// node.
  [[nodiscard]] int add(Pfn page, std::uint32_t index, Site node_site, Gfp gfp);
  /// The first page with the state at or after `index`; no_page if there is none.
  Pfn next(std::uint32_t index) const;
  Pfn next_dirty(std::uint32_t index) const;
  Pfn next_writeback(std::uint32_t index) const;

  // --- Pages of tmpfs that are in swap: the index remembers their slots.

  /// The slot of page `index`; no_slot if it has none.
  SwapSlot swapped(std::uint32_t index) const;
  /// The first slot at or after `index`, which becomes its page; no_slot if there is none.
  SwapSlot next_swapped(std::uint32_t& index) const;
  /// The page, which is in the swap cache, leaves its slot in its place.
  void swap_out(Page& page);
  /// The page, which has just left the swap cache, takes the place of its slot.
  void swap_in(Pfn page, std::uint32_t index);
  void drop_swapped(std::uint32_t index);
  Pages swapped_pages() const { return swapped_; }

  /// Drops the pages from `index` on, waiting for locks and writeback. Nobody maps them any more;
  /// private copies of them stay.
  void truncate(std::uint32_t index);

  /// An error of a write that nobody has been told yet (AS_EIO); 0 if none. take_error() clears it.
  int error() const { return error_; }
  void set_error(int error) { error_ = error; }
  int take_error();

 private:
  friend class PageCache;
  struct Leaf {
    std::uint64_t present = 0, dirty = 0, writeback = 0, swapped = 0;
    bool empty() const { return (present | swapped) == 0; }
    SlabObject node;                      ///< invalid while the tree has no node
    std::array<std::uint32_t, 64> slots;  ///< pages, or swap slots
  };
  struct Entry {
    std::uint32_t key;  ///< index / 64
    Leaf* leaf;
  };

  Leaf* leaf(std::uint32_t key) const;
  Leaf* make_leaf(std::uint32_t key);
  void drop_leaf(std::uint32_t key);
  bool give_node(std::uint32_t key, Site node_site, Gfp gfp);
  template <class Mask>
  Pfn next_with(std::uint32_t index, Mask mask) const;
  void tag(std::uint32_t index, std::uint64_t Leaf::*tags, bool on);
  /// Takes the page out of the index; it keeps its metadata.
  void erase(Page& page);

  Memory& memory_;
  MappingOps& ops_;
  void* const host_;
  const PageKind kind_;
  std::uint32_t id_ = 0;
  int error_ = 0;
  Pages pages_ = 0, swapped_ = 0;
  std::vector<Entry> entries_;  ///< by key
  mutable std::size_t last_ = 0;
};

/// Page locks, I/O states and references (mm/filemap.c, mm/page-writeback.c, mm/swap.c).
class PageCache {
 public:
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};  ///< owner of a page that has none

  explicit PageCache(Memory& memory) : memory_(memory) {}

  // --- Page lock. A page that is being read is locked too, until the read ends. Not fair, and not
  // choice points unless they wait.

  void lock_page(Pfn page);
  /// 0, or -EINTR if the task was killed first.
  [[nodiscard]] int lock_page_killable(Pfn page);
  [[nodiscard]] bool trylock_page(Pfn page);
  void unlock_page(Pfn page) noexcept;
  /// Waits until nobody holds it; does not take it. 0, or -EINTR if a signal that `mode` admits
  /// came.
  [[nodiscard]] int wait_on_page_locked(Pfn page, WaitMode mode = WaitMode::uninterruptible);
  /// The task that holds the page's lock; null if nobody or a read does.
  Task* lock_owner(Pfn page) const;

  // --- I/O on pages.

  /// The page, locked by the running task or by nobody, is being read: locked until end_read().
  void start_read(Pfn page);
  void end_read(Pfn page, int error) noexcept;
  void set_page_dirty(Pfn page);
  /// Before a write: true if it was dirty.
  bool clear_page_dirty_for_io(Pfn page);
  void set_page_writeback(Pfn page);
  void end_page_writeback(Pfn page) noexcept;
  /// Waits until the write of the page has ended.
  void wait_on_page_writeback(Pfn page);

  // --- References and age.

  /// The page stays allocated until unpin(), and reclaim leaves it alone.
  void pin(Pfn page);
  void unpin(Pfn page) noexcept;
  /// The file system keeps something with the page (buffer heads), or no longer does.
  void set_private(Pfn page);
  void clear_private(Pfn page);
  void mark_page_accessed(Pfn page);

  FileMapping& mapping_of(const Page& page) const { return *mappings_[page.owner]; }

  // --- For the rest of sim/mm.

  /// Takes a clean, unpinned page out of its file and frees it (__remove_mapping()).
  void remove_mapping(Pfn page);
  /// Asks the file system to let go of what it keeps with the page, which nobody has locked, under
  /// the page's lock; true if nothing is left. If nothing came of it and nobody else could run
  /// meanwhile, the page counts as it did before.
  bool try_release(Pfn page, Gfp gfp);
  /// Takes a locked page out of its file, dirty or not (truncate_complete_page()); unlocks it.
  void truncate_page(Pfn page);
  /// The page has lost its last user: frees it, or leaves that to whoever has it pinned.
  void release(Pfn page);
  /// Belongs to no file, address space or swap slot any more, and waits to be freed.
  bool orphan(const Page& page) const;
  void free_orphan(Pfn page);

  std::uint32_t add_mapping(FileMapping& mapping);
  void drop_mapping(std::uint32_t id);
  FileMapping::Leaf* new_leaf();
  void free_leaf(FileMapping::Leaf* leaf) { free_leaves_.push_back(leaf); }

 private:
  struct Holder {
    Pfn page;
    Task* task;
  };
  class Sleeper;

  int wait_on(Pfn page, PageFlag flag, WaitMode mode);
  void wake_up_page(Pfn page, PageFlag flag) noexcept;
  void clean(Page& page, Pfn pfn);

  Memory& memory_;
  std::vector<FileMapping*> mappings_;
  std::vector<std::uint32_t> free_ids_;
  std::vector<Holder> holders_;     ///< of page locks; short
  std::vector<Sleeper*> sleepers_;  ///< in order of arrival
  std::vector<std::unique_ptr<FileMapping::Leaf>> leaves_;
  std::vector<FileMapping::Leaf*> free_leaves_;
};

/// Holds a page's lock for as long as it lives.
class PageLock {
 public:
  PageLock(PageCache& cache, Pfn page) : cache_(cache), page_(page) { cache_.lock_page(page_); }
  ~PageLock() { cache_.unlock_page(page_); }
  PageLock(const PageLock&) = delete;
  PageLock& operator=(const PageLock&) = delete;

 private:
  PageCache& cache_;
  const Pfn page_;
};

}  // namespace brink
