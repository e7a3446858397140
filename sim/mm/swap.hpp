// Swap: the slots of one device, and the pages that have one (mm/swapfile.c, mm/swap_state.c and
// the swap part of mm/memory.c, Linux 4.0). Left out: several devices and priorities, discard,
// frontswap, the header's bad pages, the clusters of solid-state disks.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/mm/slab.hpp"
#include "sim/mm/upcalls.hpp"

namespace brink {

class Memory;

using SwapSlot = std::uint32_t;
inline constexpr SwapSlot no_slot = 0;  ///< slot 0 holds the header

/// The slots: who uses which, and where the next page goes.
class SwapMap {
 public:
  /// `bytes` of device; its first page is the header.
  explicit SwapMap(std::uint64_t bytes);

  Pages total() const { return total_; }
  Pages free() const { return free_; }
  /// vm_swap_full(): less than half is free.
  bool full() const { return free_ * 2 < total_; }

  /// get_swap_page(): a slot that belongs to the swap cache; no_slot if none is free.
  SwapSlot alloc();
  /// References from page tables, not counting the swap cache.
  unsigned count(SwapSlot slot) const { return slots(slot).count[slot % cluster]; }
  void get(SwapSlot slot);
  /// Drops one; true if the slot is free now.
  bool put(SwapSlot slot);

  /// The cached page of the slot; no_page if there is none.
  Pfn page(SwapSlot slot) const { return slots(slot).page[slot % cluster]; }
  bool in_use(SwapSlot slot) const;
  void set_page(SwapSlot slot, Pfn page) { slots(slot).page[slot % cluster] = page; }
  /// The swap cache gives the slot up; true if it is free now.
  bool drop_cache(SwapSlot slot);
  /// Reserves the slot, which is in use, for the page that will be read (swapcache_prepare()).
  void claim(SwapSlot slot) { slots(slot).cached[slot % cluster] = true; }
  bool cached(SwapSlot slot) const { return slots(slot).cached[slot % cluster]; }

 private:
  static constexpr SwapSlot cluster = 256;  // SWAPFILE_CLUSTER
  struct Slots {
    std::array<bool, cluster> cached{};
    std::array<std::uint8_t, cluster> count{};
    std::array<Pfn, cluster> page{};
  };

  Slots& slots(SwapSlot slot) const { return *clusters_[slot / cluster]; }
  bool is_free(SwapSlot slot) const;
  SwapSlot next_free(SwapSlot from, SwapSlot end) const;
  SwapSlot empty_cluster();
  void occupy(SwapSlot slot);
  void release(SwapSlot slot);

  Pages total_ = 0, free_ = 0;
  SwapSlot end_ = 0;  ///< one past the last slot
  SwapSlot lowest_ = 1, next_ = 1;
  SwapSlot searched_ = 1;  ///< no empty cluster begins below
  std::uint32_t cluster_left_ = 0;
  std::vector<std::uint64_t> used_;  ///< a bit for each slot
  std::vector<std::unique_ptr<Slots>> clusters_;
};

/// The swap cache: anonymous pages that have a slot.
class Swap {
 public:
  Swap(Memory& memory, std::uint64_t bytes);

  SwapMap& map() { return map_; }
  const SwapMap& map() const { return map_; }

  void set_io(SwapIo& io) { io_ = &io; }
  /// A machine with slots but without a device to put them on has no swap.
  bool usable() const { return io_ != nullptr && map_.total() != 0; }
  Pages free() const { return usable() ? map_.free() : 0; }

  /// add_to_swap(): gives an anonymous page a slot and makes it dirty; false if there is none, or
  /// no memory for the cache's index. The page is locked.
  bool add(Pfn page);
  /// delete_from_swap_cache().
  void remove(Pfn page);
  /// try_to_free_swap(): the slot is given up if no page table refers to it.
  bool try_to_free(Pfn page);
  /// swap_free(): a page table entry that referred to the slot no longer does.
  void drop_entry(SwapSlot slot);
  /// free_swap_and_cache(): the same when memory is unmapped; frees the cached page that nobody
  /// needs any more.
  void put_entry(SwapSlot slot);

  /// swap_writepage(): the page, which is locked and clean, is written; unlocks it. May sleep.
  void write(Pfn page);
  /// lookup_swap_cache(): the cached page of the slot; no_page if there is none.
  Pfn lookup(SwapSlot slot);
  /// The cached page of the slot, read if need be, with what lies around it; not locked, perhaps
  /// still under read. no_page if there is no memory for it. May sleep.
  Pfn read(SwapSlot slot);
  void end_write(Pfn page, int error) noexcept;

  void plug() {
    if (io_ != nullptr) io_->plug();
  }
  void unplug() {
    if (io_ != nullptr) io_->unplug();
  }
  void blockers(Pfn page, const Task& waiter, BlockerSink& sink) const;
  Pages cached_pages() const { return cached_; }

 private:
  struct Node {
    SlabObject object;
    std::uint32_t pages = 0;
  };

  bool make_node(SwapSlot slot, Site site, Gfp gfp);
  void drop_node(SwapSlot slot);
  void slot_freed(SwapSlot slot, bool was_full);
  void insert(Pfn page, SwapSlot slot);
  void erase(Page& page);
  Pfn read_async(SwapSlot slot, bool ahead);
  Pfn start_read(Pfn page, SwapSlot slot, bool ahead);
  std::uint32_t window(SwapSlot slot);

  Memory& memory_;
  SwapMap map_;
  SwapIo* io_ = nullptr;
  std::vector<Node> nodes_;  ///< of the cache's radix tree: by slot / 64
  Pages cached_ = 0;
  std::uint32_t readahead_hits_ = 4;  ///< swapin_readahead_hits
  std::uint32_t last_window_ = 0;
  SwapSlot previous_ = 0;
};

}  // namespace brink
