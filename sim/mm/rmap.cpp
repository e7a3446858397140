// Reverse mapping: lists of entries for pages that more than one entry, or one of a file, shows.

#include "sim/mm/rmap.hpp"

#include "brink/assert.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

/// The first node of a page that has any; `none` if it names its one mapping itself.
std::uint32_t Rmap::first(const Page& page) const {
  if (page.in_file()) return page.slot;
  return (page.owner & shared_bit) != 0 ? page.owner & ~shared_bit : none;
}

void Rmap::set_first(Page& page, std::uint32_t node) {
  if (page.in_file()) {
    page.slot = node;
  } else {
    page.owner = shared_bit | node;
  }
}

std::uint32_t Rmap::new_node(std::uint32_t space, std::uint32_t vpn, std::uint32_t next) {
  if (free_ == none) {
    nodes_.push_back({space, vpn, next});
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t node = free_;
  free_ = nodes_[node].next;
  nodes_[node] = {space, vpn, next};
  return node;
}

void Rmap::free_node(std::uint32_t node) {
  nodes_[node].next = free_;
  free_ = node;
}

template <class Function>
void Rmap::each(const Page& page, Function&& function) const {
  if (!page.has(PG_mapped)) return;
  const std::uint32_t head = first(page);
  if (head == none) return function(page.owner, page.index);
  for (std::uint32_t node = head; node != none;) {
    const Node at = nodes_[node];
    node = at.next;
    function(at.space, at.vpn);
  }
}

void Rmap::add(Pfn pfn, std::uint32_t space, std::uint32_t vpn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_mapped)) {
    page.set(PG_mapped);
    if (page.in_file()) {
      page.slot = new_node(space, vpn, none);
    } else {
      page.owner = space;
      page.index = vpn;
    }
    return;
  }
  std::uint32_t head = first(page);
  if (head == none) head = new_node(page.owner, page.index, none);
  set_first(page, new_node(space, vpn, head));
}

void Rmap::fold(Page& page) {
  if (page.in_file()) return;
  const std::uint32_t head = first(page);
  if (nodes_[head].next != none) return;
  page.owner = nodes_[head].space;
  page.index = nodes_[head].vpn;
  free_node(head);
}

void Rmap::remove(Pfn pfn, std::uint32_t space, std::uint32_t vpn) {
  Page& page = memory_.page(pfn);
  BRINK_ASSERT(page.has(PG_mapped));
  const std::uint32_t head = first(page);
  if (head != none) {
    std::uint32_t before = none, node = head;
    while (nodes_[node].space != space || nodes_[node].vpn != vpn) {
      before = node;
      node = nodes_[node].next;
      BRINK_ASSERT(node != none);
    }
    const std::uint32_t next = nodes_[node].next;
    free_node(node);
    if (before != none) {
      nodes_[before].next = next;
    } else if (next != none) {
      set_first(page, next);
    }
    if (before != none || next != none) return fold(page);
  }
  page.clear(PG_mapped);
  if (page.unevictable) memory_.reclaim().make_evictable(pfn);
}

std::uint32_t Rmap::count(const Page& page) const {
  std::uint32_t mappings = 0;
  each(page, [&mappings](std::uint32_t, std::uint32_t) { ++mappings; });
  return mappings;
}

Rmap::References Rmap::test_and_clear_young(const Page& page) {
  References found;
  each(page, [&](std::uint32_t space, std::uint32_t vpn) {
    AddressSpace& mm = memory_.space(space);
    if (!mm.test_and_clear_young(vpn)) return;
    ++found.young;
    // Only file pages are treated by what is done with them.
    if (page.in_file()) found.exec = found.exec || mm.area_has(vpn, VM_EXEC);
  });
  return found;
}

void Rmap::unmap(Pfn pfn) {
  // Each entry takes itself off the list.
  const Page& page = memory_.page(pfn);
  while (page.has(PG_mapped)) {
    const std::uint32_t head = first(page);
    const std::uint32_t space = head == none ? page.owner : nodes_[head].space;
    const std::uint32_t vpn = head == none ? page.index : nodes_[head].vpn;
    memory_.space(space).unmap_page(pfn, vpn);
  }
}

void Rmap::move(const Page& page, Pfn to) {
  each(page,
       [&](std::uint32_t space, std::uint32_t vpn) { memory_.space(space).move_page(vpn, to); });
}

void Rmap::write_protect(const Page& page) {
  each(page,
       [this](std::uint32_t space, std::uint32_t vpn) { memory_.space(space).write_protect(vpn); });
}

bool Rmap::locked(const Page& page) const {
  bool any = false;
  each(page, [&](std::uint32_t space, std::uint32_t vpn) {
    any = any || memory_.space(space).area_has(vpn, VM_LOCKED);
  });
  return any;
}

}  // namespace brink
