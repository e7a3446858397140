// The buddy system of one zone (mm/page_alloc.c, Linux 4.0 and 6.1): splitting and merging. What is
// taken from other types is in fallback.cpp.

#include "sim/mm/buddy.hpp"

#include <algorithm>
#include <bit>

#include "brink/assert.hpp"
#include "sim/mm/buddy_lists.hpp"

namespace brink {
namespace {

constexpr Pages block_pages = Pages{1} << max_order;
constexpr Pfn pageblock_pages = Pfn{1} << pageblock_order;

}  // namespace

void Buddy::add_range(PageMap& map, Pfn begin, Pfn end) {
  BRINK_ASSERT(map_ == nullptr && begin % block_pages == 0 && begin <= end);
  map_ = &map;
  begin_ = virgin_begin_ = begin;
  end_ = end;
  virgin_end_ = end - static_cast<Pfn>(end % block_pages);
  free_pages_ = end - begin;
  count_[max_order] = (virgin_end_ - virgin_begin_) >> max_order;
  if (virgin_begin_ != virgin_end_) mask(Migrate::movable) |= 1u << max_order;
  // What does not fill a block of the highest order: the largest aligned blocks first, as boot
  // does.
  for (Pfn pfn = virgin_end_; pfn != end;) {
    const auto order = static_cast<unsigned>(std::bit_width(end - pfn)) - 1;
    push(pfn, order, Migrate::movable);
    pfn += Pfn{1} << order;
  }
}

void Buddy::reserve_blocks(unsigned count) {
  Pfn pfn = begin_;
  for (unsigned i = 0; i < count && pfn + pageblock_pages <= end_; ++i, pfn += pageblock_pages) {
    map_->set_block_type(pfn, Migrate::reserve);
    if (pfn == virgin_begin_ && virgin_begin_ != virgin_end_) {
      // The whole block goes to the list of its first pageblock, as move_freepages() does.
      virgin_begin_ += static_cast<Pfn>(block_pages);
      if (virgin_begin_ == virgin_end_) mask(Migrate::movable) &= ~(1u << max_order);
      --count_[max_order];
      push(pfn, max_order, Migrate::reserve);
    } else if (pfn >= virgin_end_) {
      move_block(pfn, Migrate::reserve);
    }
  }
}

inline bool Buddy::is_buddy(Pfn pfn, unsigned order) const {
  const Page& page = (*map_)[pfn];
  return page.epoch == map_->epoch() && page.has(PG_buddy) && page.order() == order;
}

/// What is kept for high orders is not mixed with other pageblocks, so that it can be counted.
inline bool Buddy::may_merge(Pfn buddy, Migrate type) const {
  const Migrate other = map_->block_type(buddy);
  return type == other || (type != Migrate::highatomic && other != Migrate::highatomic);
}

/// The first block of a list that is not empty.
inline Pfn Buddy::take(unsigned order, Migrate type) {
  const Pfn pfn = list(order, type).head;
  if (pfn == no_page) return take_virgin();
  remove(pfn);
  return pfn;
}

/// __rmqueue_smallest().
inline Pfn Buddy::smallest(unsigned order, Migrate type) {
  const std::uint32_t bits = mask(type) >> order;
  if (bits == 0) return no_page;
  const unsigned block_order = order + static_cast<unsigned>(std::countr_zero(bits));
  const Pfn pfn = take(block_order, type);
  expand(pfn, order, block_order, type);
  return taken(pfn, order, type);
}

Pfn Buddy::rmqueue(unsigned order, Migrate type, unsigned alloc_flags) {
  Pfn pfn = smallest(order, type);
  if (pfn != no_page) [[likely]]
    return pfn;
  pfn = fallback(order, type, alloc_flags);
  if (pfn == no_page && rule_ == Rules::Fallback::steal_compatible) pfn = smallest(order, type);
  if (pfn == no_page && (alloc_flags & ALLOC_NOFRAGMENT) == 0) {
    pfn = smallest(order, Migrate::reserve);
  }
  return pfn;
}

Pfn Buddy::alloc(unsigned order, Migrate type, unsigned alloc_flags) {
  if ((alloc_flags & ALLOC_HIGHATOMIC) != 0) {
    const Pfn pfn = smallest(order, Migrate::highatomic);
    if (pfn != no_page) return pfn;
  }
  const Pfn pfn = rmqueue(order, type, alloc_flags);
  const bool last_resort = (alloc_flags & (ALLOC_OOM | ALLOC_NON_BLOCK)) != 0;
  return pfn == no_page && last_resort ? smallest(order, Migrate::highatomic) : pfn;
}

void Buddy::free(Pfn pfn, unsigned order, Migrate type) {
  free_pages_ += Pages{1} << order;
  while (order < max_order) {
    const Pfn buddy = pfn ^ (Pfn{1} << order);
    if (!is_buddy(buddy, order)) break;
    if (order >= pageblock_order && !may_merge(buddy, type)) break;
    remove(buddy);
    pfn &= buddy;
    ++order;
  }
  // If the buddy one order up is free, this block is likely to be merged soon: it is used last.
  if (order < max_order - 1) {
    const Pfn higher = pfn & ~(Pfn{1} << order);
    if (is_buddy(higher ^ (Pfn{2} << order), order + 1)) return push_back(pfn, order, type);
  }
  push(pfn, order, type);
}

void Buddy::take_block(Pfn block) {
  const unsigned order = (*map_)[block].order();
  remove(block);
  free_pages_ -= Pages{1} << order;
}

bool Buddy::would_serve(unsigned order, Migrate type) const {
  return has_block(order, type) || has_block(std::max(order, pageblock_order));
}

Pages Buddy::free_blocks(unsigned order, Migrate type) const {
  Pages blocks = 0;
  const List& list = lists_[static_cast<std::size_t>(type)][order];
  for (Pfn pfn = list.head; pfn != no_page; pfn = (*map_)[pfn].next) ++blocks;
  if (order == max_order && type == Migrate::movable) {
    blocks += (virgin_end_ - virgin_begin_) >> max_order;
  }
  return blocks;
}

}  // namespace brink
