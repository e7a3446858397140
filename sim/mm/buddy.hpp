// The buddy system of one zone (mm/page_alloc.c, Linux 4.0): free blocks of orders 0 … 10 in a list
// for each order and migratetype, with fallback and stealing between types. Left out: CMA,
// isolation, guard pages.
//
// Blocks of the highest order that were never used are not on any list: they count as the tail of
// the movable list, highest address first, which is where boot puts them.
#pragma once

#include <array>
#include <cstdint>

#include "brink/gfp.hpp"
#include "sim/mm/page.hpp"

namespace brink {

class Buddy {
 public:
  /// An empty range: use add_range().
  Buddy() = default;

  /// All of [begin, end) becomes free memory; begin must be aligned to the largest block.
  void add_range(PageMap& map, Pfn begin, Pfn end);

  /// The first pageblocks, `count` of them, become MIGRATE_RESERVE. Before any allocation only.
  void reserve_blocks(unsigned count);

  /// A block of 2^order pages, or no_page. Sets the head's epoch, order and nothing else.
  Pfn alloc(unsigned order, Migrate type);

  /// Gives a block back, merging it with its free buddies.
  void free(Pfn pfn, unsigned order);

  /// A free block leaves the lists, as if it had been allocated.
  void take_block(Pfn block);
  /// Whether alloc() would find a block of the type's own, or take a whole pageblock of another.
  bool would_serve(unsigned order, Migrate type) const;

  Pages free_pages() const { return free_pages_; }
  /// nr_free: blocks of exactly this order, all types.
  Pages free_blocks(unsigned order) const { return count_[order]; }
  /// Of these, how many are on the list of that type. Slow: for people.
  Pages free_blocks(unsigned order, Migrate type) const;

  /// Whether any block of this order or more is free, other than in MIGRATE_RESERVE.
  bool has_block(unsigned order) const;
  /// Whether alloc() would find one.
  bool can_alloc(unsigned order) const {
    return has_block(order) || mask_[static_cast<std::size_t>(Migrate::reserve)] >> order != 0;
  }

  /// What boot has made of the range; for checks that count pages one by one.
  Pfn virgin_begin() const { return virgin_begin_; }
  Pfn virgin_end() const { return virgin_end_; }

 private:
  static constexpr unsigned orders = max_order + 1;
  struct List {
    Pfn head = no_page, tail = no_page;
  };

  List& list(unsigned order, Migrate type) { return lists_[static_cast<std::size_t>(type)][order]; }
  bool is_buddy(Pfn pfn, unsigned order) const;
  void push(Pfn pfn, unsigned order, Migrate type);
  void push_back(Pfn pfn, unsigned order, Migrate type);
  void remove(Pfn pfn);
  Pfn take(unsigned order, Migrate type);
  Pfn take_virgin();
  Pfn smallest(unsigned order, Migrate type);
  Pfn fallback(unsigned order, Migrate type);
  Pfn steal(Pfn block, unsigned block_order, unsigned order, Migrate type);
  Pages move_block(Pfn pfn, Migrate type);
  void expand(Pfn pfn, unsigned order, unsigned block_order, Migrate type);

  PageMap* map_ = nullptr;
  Pages free_pages_ = 0;
  Pfn begin_ = 0;
  Pfn end_ = 0;
  Pfn virgin_begin_ = 0;  ///< never-used blocks of the highest order: [virgin_begin_, virgin_end_)
  Pfn virgin_end_ = 0;
  std::array<std::uint32_t, migrate_types> mask_{};  ///< bit o: list of order o is not empty
  std::array<std::array<List, orders>, migrate_types> lists_;
  std::array<Pages, orders> count_{};
};

}  // namespace brink
