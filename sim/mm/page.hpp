// Page metadata (struct page, include/linux/mm_types.h, Linux 4.0) and the map from page frame
// number to it. Left out: compound tails, NUMA nodes, memory cgroups, sections.
//
// A page's metadata is valid only if it carries the machine's epoch; all other pages count as never
// used. So a machine of 1 TiB costs nothing for the pages that nobody touched, and a thread's next
// machine needs no clearing.
#pragma once

#include <cstdint>

#include "brink/units.hpp"

namespace brink {

/// Page frame number. A machine has at most 2^28 pages (1 TiB).
using Pfn = std::uint32_t;
inline constexpr Pfn no_page = ~Pfn{0};
inline constexpr Pages max_pages = Pages{1} << 28;

/// log2 of the pages of a pageblock: the unit that has a migratetype (2 MiB, x86-64 with hugetlb).
inline constexpr unsigned pageblock_order = 9;

/// Free lists by mobility, and what is kept for high orders: pageblocks from boot on (until 4.3),
/// or those that high-order atomic requests have met (since 4.4). No kernel has both.
enum class Migrate : std::uint8_t { unmovable, reclaimable, movable, reserve, highatomic };
inline constexpr std::size_t migrate_types = 5;
/// The first of them, which requests have (MIGRATE_PCPTYPES).
inline constexpr std::size_t mobility_types = 3;

/// What a page is used for; each allocated page is accounted under exactly one.
enum class PageKind : std::uint8_t { free, kernel, slab, page_table, anon, file, shmem };
inline constexpr std::size_t page_kinds = 7;

/// The PG_* bits that the model has, and the few that the kernel keeps elsewhere.
enum PageFlag : std::uint16_t {
  PG_locked = 1u << 0,
  PG_referenced = 1u << 1,
  PG_uptodate = 1u << 2,
  PG_dirty = 1u << 3,
  PG_lru = 1u << 4,
  PG_active = 1u << 5,
  PG_private = 1u << 6,  ///< the file system keeps something with it: buffer heads
  PG_writeback = 1u << 7,
  PG_swapcache = 1u << 8,
  PG_reclaim = 1u << 9,  ///< to be reclaimed as soon as it is written
  PG_swapbacked = 1u << 10,
  PG_buddy = 1u << 11,  ///< heads a free block
  PG_readahead = 1u << 12,
  PG_mapped = 1u << 13,  ///< in a page table (page_mapcount > 0)
  PG_io = 1u << 14,      ///< locked until a read ends, not by a task
  PG_error = 1u << 15,
};

struct Page {
  std::uint32_t next, prev;  ///< in the list that it is on: free, LRU
  std::uint32_t owner;  ///< anon: space, or its mappings (rmap.hpp); file: mapping; slab: cache
  std::uint32_t index;  ///< anon: virtual page; file: page of the file; slab: slot in its cache
  std::uint32_t tried;  ///< stamp of the last fruitless reclaim attempt (exhaustion.hpp)
  std::uint32_t slot;   ///< swap slot, if PG_swapcache; file: who maps it, if PG_mapped
  std::uint16_t epoch;
  std::uint16_t flags;
  std::uint16_t pins;  ///< references beyond those of caches and page tables
  PageKind kind : 4;
  std::uint8_t unevictable : 1;  ///< PG_unevictable, PG_mlocked: off the lists for good
  std::uint8_t isolated : 1;     ///< off its list while a reclaimer looks at it
  std::uint8_t order_list;  ///< order of the block that it heads; type of the free list it is on

  unsigned order() const { return order_list & 0xfu; }
  Migrate list() const { return static_cast<Migrate>(order_list >> 4); }
  void set_order_list(unsigned order, Migrate list) {
    order_list = static_cast<std::uint8_t>(order | static_cast<unsigned>(list) << 4);
  }
  bool has(PageFlag flag) const { return (flags & flag) != 0; }
  bool has_any(unsigned mask) const { return (flags & mask) != 0; }
  void set(unsigned mask) { flags = static_cast<std::uint16_t>(flags | mask); }
  void clear(unsigned mask) { flags = static_cast<std::uint16_t>(flags & ~mask); }
  /// A page of a file or of tmpfs: `owner` is its mapping.
  bool in_file() const { return kind == PageKind::file || kind == PageKind::shmem; }
  /// page_is_file_cache(): on the file lists rather than the anonymous ones.
  bool file_cache() const { return !has(PG_swapbacked); }
};
static_assert(sizeof(Page) == 32);

/// The metadata of all pages of one machine: a view of zero pages that this thread has reserved and
/// that its machines use one after the other.
class PageMap {
 public:
  /// `pages` is at most max_pages.
  explicit PageMap(Pages pages);
  ~PageMap();
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  Page& operator[](Pfn pfn) { return pages_[pfn]; }
  const Page& operator[](Pfn pfn) const { return pages_[pfn]; }
  bool valid(Pfn pfn) const { return pages_[pfn].epoch == epoch_; }
  std::uint16_t epoch() const { return epoch_; }

  Migrate block_type(Pfn pfn) const {
    const std::uint32_t entry = blocks_[pfn >> pageblock_order];
    return (entry >> 8) == epoch_ ? static_cast<Migrate>(entry & 0x7f) : Migrate::movable;
  }
  void set_block_type(Pfn pfn, Migrate type) { set_block(pfn, type, block_skip(pfn)); }

  /// PB_migrate_skip: compaction found nothing in the pageblock.
  bool block_skip(Pfn pfn) const {
    const std::uint32_t entry = blocks_[pfn >> pageblock_order];
    return (entry >> 8) == epoch_ && (entry & 0x80) != 0;
  }
  void set_block_skip(Pfn pfn, bool skip) {
    if (skip != block_skip(pfn)) set_block(pfn, block_type(pfn), skip);
  }

 private:
  struct Mapping;

  void set_block(Pfn pfn, Migrate type, bool skip) {
    blocks_[pfn >> pageblock_order] =
        std::uint32_t{epoch_} << 8 | (skip ? 0x80u : 0u) | static_cast<std::uint32_t>(type);
  }

  Page* pages_;
  std::uint32_t* blocks_;  ///< of each pageblock: its epoch, skip bit and type
  std::uint16_t epoch_;
  Mapping* mapping_;
};

}  // namespace brink
