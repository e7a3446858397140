// The buddy system of one zone (mm/page_alloc.c, Linux 4.0).

#include "sim/mm/buddy.hpp"

#include <algorithm>
#include <bit>

#include "brink/assert.hpp"

namespace brink {
namespace {

constexpr Pages block_pages = Pages{1} << max_order;
constexpr Pfn pageblock_pages = Pfn{1} << pageblock_order;

/// Where a request goes when the lists of its own type are empty, RESERVE last and apart.
constexpr std::array<std::array<Migrate, 2>, 3> fallbacks = {{
    {Migrate::reclaimable, Migrate::movable},
    {Migrate::unmovable, Migrate::movable},
    {Migrate::reclaimable, Migrate::unmovable},
}};

constexpr std::size_t at(Migrate type) { return static_cast<std::size_t>(type); }

}  // namespace

void Buddy::add_range(PageMap& map, Pfn begin, Pfn end) {
  BRINK_ASSERT(map_ == nullptr && begin % block_pages == 0 && begin <= end);
  map_ = &map;
  begin_ = virgin_begin_ = begin;
  end_ = end;
  virgin_end_ = end - static_cast<Pfn>(end % block_pages);
  free_pages_ = end - begin;
  count_[max_order] = (virgin_end_ - virgin_begin_) >> max_order;
  if (virgin_begin_ != virgin_end_) mask_[at(Migrate::movable)] |= 1u << max_order;
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
      if (virgin_begin_ == virgin_end_) mask_[at(Migrate::movable)] &= ~(1u << max_order);
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

inline void Buddy::push(Pfn pfn, unsigned order, Migrate type) {
  Page& page = (*map_)[pfn];
  List& l = list(order, type);
  page.epoch = map_->epoch();
  page.flags = PG_buddy;
  page.set_order_list(order, type);
  page.next = l.head;
  page.prev = no_page;
  if (l.head != no_page) {
    (*map_)[l.head].prev = pfn;
  } else {
    l.tail = pfn;
    mask_[at(type)] |= 1u << order;
  }
  l.head = pfn;
  ++count_[order];
}

inline void Buddy::push_back(Pfn pfn, unsigned order, Migrate type) {
  List& l = list(order, type);
  if (l.tail == no_page) return push(pfn, order, type);
  Page& page = (*map_)[pfn];
  page.epoch = map_->epoch();
  page.flags = PG_buddy;
  page.set_order_list(order, type);
  page.next = no_page;
  page.prev = l.tail;
  (*map_)[l.tail].next = pfn;
  l.tail = pfn;
  ++count_[order];
}

inline void Buddy::remove(Pfn pfn) {
  Page& page = (*map_)[pfn];
  const unsigned order = page.order();
  List& l = list(order, page.list());
  if (page.next != no_page)
    (*map_)[page.next].prev = page.prev;
  else
    l.tail = page.prev;
  if (page.prev != no_page)
    (*map_)[page.prev].next = page.next;
  else
    l.head = page.next;
  const bool virgin_left =
      order == max_order && page.list() == Migrate::movable && virgin_begin_ != virgin_end_;
  if (l.head == no_page && !virgin_left) mask_[at(page.list())] &= ~(1u << order);
  page.flags = 0;
  --count_[order];
}

/// The highest block that was never used.
inline Pfn Buddy::take_virgin() {
  virgin_end_ -= static_cast<Pfn>(block_pages);
  if (virgin_begin_ == virgin_end_) mask_[at(Migrate::movable)] &= ~(1u << max_order);
  --count_[max_order];
  (*map_)[virgin_end_].epoch = map_->epoch();
  (*map_)[virgin_end_].flags = 0;
  return virgin_end_;
}

/// The first block of a list that is not empty.
inline Pfn Buddy::take(unsigned order, Migrate type) {
  const Pfn pfn = list(order, type).head;
  if (pfn == no_page) return take_virgin();
  remove(pfn);
  return pfn;
}

/// Gives back what is left of a block after its first 2^order pages are taken.
inline void Buddy::expand(Pfn pfn, unsigned order, unsigned block_order, Migrate type) {
  while (block_order > order) {
    --block_order;
    push(pfn + (Pfn{1} << block_order), block_order, type);
  }
}

/// __rmqueue_smallest().
inline Pfn Buddy::smallest(unsigned order, Migrate type) {
  const std::uint32_t bits = mask_[at(type)] >> order;
  if (bits == 0) return no_page;
  const unsigned block_order = order + static_cast<unsigned>(std::countr_zero(bits));
  const Pfn pfn = take(block_order, type);
  expand(pfn, order, block_order, type);
  return pfn;
}

/// __rmqueue_fallback(): the largest block of another type.
Pfn Buddy::fallback(unsigned order, Migrate type) {
  const auto& others = fallbacks[at(type)];
  const std::uint32_t both = mask_[at(others[0])] | mask_[at(others[1])];
  if (both >> order == 0) return no_page;
  const auto block_order = static_cast<unsigned>(std::bit_width(both)) - 1;
  const bool first = (mask_[at(others[0])] >> block_order & 1) != 0;
  const Migrate from = first ? others[0] : others[1];
  Pfn pfn = list(block_order, from).head;
  if (pfn == no_page) {
    pfn = take_virgin();
    push(pfn, block_order, from);
  }
  return steal(pfn, block_order, order, type);
}

/// try_to_steal_freepages(), and the block itself.
Pfn Buddy::steal(Pfn block, unsigned block_order, unsigned order, Migrate type) {
  if (block_order >= pageblock_order) {
    for (Pfn pfn = block; pfn < block + (Pfn{1} << block_order); pfn += pageblock_pages) {
      map_->set_block_type(pfn, type);
    }
  } else if (block_order >= pageblock_order / 2 || type != Migrate::movable) {
    if (move_block(block, type) >= pageblock_pages / 2) map_->set_block_type(block, type);
  }
  remove(block);
  expand(block, order, block_order, type);
  return block;
}

/// move_freepages_block(): all free blocks of the pageblock go to the lists of `type`.
Pages Buddy::move_block(Pfn pfn, Migrate type) {
  const Pfn begin = pfn & ~(pageblock_pages - 1);
  const Pfn end = begin + pageblock_pages;
  if (end > end_) return 0;
  Pages moved = 0;
  for (Pfn at_page = begin; at_page < end;) {
    const Page& page = (*map_)[at_page];
    if (page.epoch != map_->epoch() || !page.has(PG_buddy)) {
      ++at_page;
      continue;
    }
    const unsigned order = page.order();
    remove(at_page);
    push(at_page, order, type);
    at_page += Pfn{1} << order;
    moved += Pages{1} << order;
  }
  return moved;
}

Pfn Buddy::alloc(unsigned order, Migrate type) {
  Pfn pfn = smallest(order, type);
  if (pfn == no_page) [[unlikely]] {
    pfn = fallback(order, type);
    if (pfn == no_page) pfn = smallest(order, Migrate::reserve);
    if (pfn == no_page) return no_page;
  }
  free_pages_ -= Pages{1} << order;
  (*map_)[pfn].set_order_list(order, type);
  return pfn;
}

void Buddy::free(Pfn pfn, unsigned order) {
  free_pages_ += Pages{1} << order;
  const Migrate type = map_->block_type(pfn);
  while (order < max_order) {
    const Pfn buddy = pfn ^ (Pfn{1} << order);
    if (!is_buddy(buddy, order)) break;
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
  return mask_[at(type)] >> order != 0 || has_block(std::max(order, pageblock_order));
}

bool Buddy::has_block(unsigned order) const {
  const std::uint32_t any =
      mask_[at(Migrate::unmovable)] | mask_[at(Migrate::movable)] | mask_[at(Migrate::reclaimable)];
  return any >> order != 0;
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
