// The buddy system of one zone (mm/page_alloc.c, Linux 2.6.30 … 6.1): free blocks of orders 0 … 10
// in a list for each order and migratetype, with fallback and stealing between types. Left out:
// CMA, isolation, guard pages, shuffling; that a block goes to the tail of its list if it is likely
// to be merged soon is done in all kernels, though only since 2.6.34 (6dda9d55bf545).
//
// Blocks of the highest order that were never used are not on any list: they count as the tail of
// the movable list, highest address first, which is where boot puts them.
#pragma once

#include <array>
#include <cstdint>

#include "brink/gfp.hpp"
#include "brink/rules.hpp"
#include "sim/mm/alloc_flags.hpp"
#include "sim/mm/page.hpp"

namespace brink {

class Buddy {
 public:
  /// An empty range: use add_range().
  Buddy() = default;

  /// All of [begin, end) becomes free memory; begin must be aligned to the largest block.
  void add_range(PageMap& map, Pfn begin, Pfn end);

  /// What a request takes from other types' lists.
  void set_fallback(Rules::Fallback rule) { rule_ = rule; }

  /// The first pageblocks, `count` of them, become MIGRATE_RESERVE. Before any allocation only.
  void reserve_blocks(unsigned count);

  /// __rmqueue(): a block of 2^order pages of this type, of another, or of MIGRATE_RESERVE, or
  /// no_page. Sets the head's epoch and order, and the list that it belongs to.
  Pfn rmqueue(unsigned order, Migrate type, unsigned alloc_flags = 0);
  /// rmqueue_buddy(): the same, or for those with a right to it a block of MIGRATE_HIGHATOMIC.
  Pfn alloc(unsigned order, Migrate type, unsigned alloc_flags = 0);

  /// Gives a block back, merging it with its free buddies, to the list of this type.
  void free(Pfn pfn, unsigned order, Migrate type);
  /// To the list that its pageblock's type says.
  void free(Pfn pfn, unsigned order) { free(pfn, order, map_->block_type(pfn)); }

  /// A free block leaves the lists, as if it had been allocated.
  void take_block(Pfn block);
  /// Whether alloc() would find a block of the type's own, or take a whole pageblock of another.
  bool would_serve(unsigned order, Migrate type) const;

  Pages free_pages() const { return free_pages_; }
  /// nr_free: blocks of exactly this order, all types.
  Pages free_blocks(unsigned order) const { return count_[order]; }
  /// Of these, how many are on the list of that type. Slow: for people.
  Pages free_blocks(unsigned order, Migrate type) const;

  /// Whether any block of this order or more is free, other than in a reserve for high orders.
  bool has_block(unsigned order) const {
    const std::uint32_t any =
        mask(Migrate::unmovable) | mask(Migrate::movable) | mask(Migrate::reclaimable);
    return any >> order != 0;
  }
  bool has_block(unsigned order, Migrate type) const { return mask(type) >> order != 0; }
  /// Whether alloc() would find one.
  bool can_alloc(unsigned order, unsigned alloc_flags = 0) const {
    constexpr unsigned rights = ALLOC_HIGHATOMIC | ALLOC_OOM | ALLOC_NON_BLOCK;
    return has_block(order) || has_block(order, Migrate::reserve) ||
           ((alloc_flags & rights) != 0 && has_block(order, Migrate::highatomic));
  }

  /// set_pageblock_migratetype() and move_freepages_block(): how many free pages it had.
  Pages retype_block(Pfn pfn, Migrate type);
  /// The first block on a list, or no_page. Not for movable blocks of the highest order.
  Pfn first_block(unsigned order, Migrate type) const {
    return lists_[static_cast<std::size_t>(type)][order].head;
  }

  /// How often a block smaller than a pageblock was taken from another type since the last call.
  unsigned take_steals() {
    const unsigned steals = steals_;
    steals_ = 0;
    return steals;
  }

  /// What boot has made of the range; for checks that count pages one by one.
  Pfn virgin_begin() const { return virgin_begin_; }
  Pfn virgin_end() const { return virgin_end_; }

 private:
  static constexpr unsigned orders = max_order + 1;
  struct List {
    Pfn head = no_page, tail = no_page;
  };
  /// What is in a pageblock: free pages, and pages that could be moved away.
  struct BlockUse {
    Pages free = 0, movable = 0;
  };

  List& list(unsigned order, Migrate type) { return lists_[static_cast<std::size_t>(type)][order]; }
  std::uint32_t mask(Migrate type) const { return mask_[static_cast<std::size_t>(type)]; }
  std::uint32_t& mask(Migrate type) { return mask_[static_cast<std::size_t>(type)]; }
  bool is_buddy(Pfn pfn, unsigned order) const;
  bool may_merge(Pfn buddy, Migrate type) const;
  void push(Pfn pfn, unsigned order, Migrate type);
  void push_back(Pfn pfn, unsigned order, Migrate type);
  void remove(Pfn pfn);
  Pfn taken(Pfn pfn, unsigned order, Migrate type);
  Pfn take(unsigned order, Migrate type);
  Pfn take_virgin();
  Pfn smallest(unsigned order, Migrate type);
  Pfn fallback(unsigned order, Migrate type, unsigned alloc_flags);
  Pfn block_of_others(unsigned block_order, Migrate type, Migrate& from);
  Pfn take_largest(unsigned block_order, unsigned order, Migrate type);
  void steal_suitable(Pfn pfn, unsigned block_order, Migrate type, bool whole_block);
  void set_block_types(Pfn block, unsigned block_order, Migrate type);
  void move(Pfn pfn, unsigned order, Migrate type);
  BlockUse move_block(Pfn pfn, Migrate type);
  void expand(Pfn pfn, unsigned order, unsigned block_order, Migrate type);

  PageMap* map_ = nullptr;
  Pages free_pages_ = 0;
  Pfn begin_ = 0;
  Pfn end_ = 0;
  Pfn virgin_begin_ = 0;  ///< never-used blocks of the highest order: [virgin_begin_, virgin_end_)
  Pfn virgin_end_ = 0;
  Rules::Fallback rule_ = Rules::Fallback::steal_4_0;
  unsigned steals_ = 0;
  std::array<std::uint32_t, migrate_types> mask_{};  ///< bit o: list of order o is not empty
  std::array<std::array<List, orders>, migrate_types> lists_;
  std::array<Pages, orders> count_{};
};

}  // namespace brink
