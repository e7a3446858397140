// The lists of the buddy system: blocks on and off them (mm/page_alloc.c, Linux 6.1:
// add_to_free_list and its kin). For the sources of Buddy only.
#pragma once

#include "sim/mm/buddy.hpp"

namespace brink {

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
    mask(type) |= 1u << order;
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
  if (l.head == no_page && !virgin_left) mask(page.list()) &= ~(1u << order);
  page.flags = 0;
  --count_[order];
}

/// The highest block that was never used.
inline Pfn Buddy::take_virgin() {
  virgin_end_ -= Pfn{1} << max_order;
  if (virgin_begin_ == virgin_end_) mask(Migrate::movable) &= ~(1u << max_order);
  --count_[max_order];
  (*map_)[virgin_end_].epoch = map_->epoch();
  (*map_)[virgin_end_].flags = 0;
  return virgin_end_;
}

/// Gives back what is left of a block after its first 2^order pages are taken.
inline void Buddy::expand(Pfn pfn, unsigned order, unsigned block_order, Migrate type) {
  while (block_order > order) {
    --block_order;
    push(pfn + (Pfn{1} << block_order), block_order, type);
  }
}

/// A block off the lists leaves the zone; it belongs to the list of `type`.
inline Pfn Buddy::taken(Pfn pfn, unsigned order, Migrate type) {
  free_pages_ -= Pages{1} << order;
  (*map_)[pfn].set_order_list(order, type);
  return pfn;
}

}  // namespace brink
