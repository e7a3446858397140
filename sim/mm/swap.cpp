// The swap cache: pages on their way out to swap and back (mm/swap_state.c, mm/swapfile.c and
// mm/page_io.c, Linux 4.0).

#include "sim/mm/swap.hpp"

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

constexpr std::uint32_t page_cluster = 8;  // 1 << page_cluster: what is read around at most
constexpr SlabSpec radix_tree_node{"radix_tree_node", 576, 8, true};

}  // namespace

Swap::Swap(Memory& memory, std::uint64_t bytes) : memory_(memory), map_(bytes) {}

/// The tree's leaf for the slot exists afterwards; false if there is no memory for it.
bool Swap::make_node(SwapSlot slot, Site site, Gfp gfp) {
  const std::size_t leaf = slot / 64;
  if (leaf >= nodes_.size()) nodes_.resize(leaf + 1);
  if (nodes_[leaf].object) return true;
  const SlabObject object = memory_.alloc_object(memory_.slab_cache(radix_tree_node), site, gfp);
  if (!object) return false;
  if (nodes_[leaf].object) {  // Made by somebody else, while this one slept.
    memory_.free_object(object);
  } else {
    nodes_[leaf].object = object;
  }
  return true;
}

void Swap::drop_node(SwapSlot slot) {
  Node& node = nodes_[slot / 64];
  if (node.pages != 0 || !node.object) return;
  memory_.free_object(node.object);
  node.object = {};
}

/// __add_to_swap_cache().
void Swap::insert(Pfn pfn, SwapSlot slot) {
  Page& page = memory_.page(pfn);
  page.set(PG_swapcache);
  page.slot = slot;
  map_.set_page(slot, pfn);
  ++nodes_[slot / 64].pages;
  ++cached_;
  memory_.lru_changed();
}

/// __delete_from_swap_cache().
void Swap::erase(Page& page) {
  page.clear(PG_swapcache);
  --nodes_[page.slot / 64].pages;
  --cached_;
  drop_node(page.slot);
}

bool Swap::add(Pfn pfn) {
  const SwapSlot slot = usable() ? map_.alloc() : no_slot;
  if (slot == no_slot) return false;
  memory_.lru_changed();
  const SiteRule& rule = memory_.rule(site::mm_swap_node);
  if (!make_node(slot, site::mm_swap_node, rule.gfp)) {
    memory_.failures().settle_last(Fate::deferred);
    map_.drop_cache(slot);
    return false;
  }
  insert(pfn, slot);
  memory_.page(pfn).set(PG_dirty);
  return true;
}

void Swap::remove(Pfn pfn) {
  Page& page = memory_.page(pfn);
  const SwapSlot slot = page.slot;
  erase(page);
  const bool full = map_.free() == 0;
  if (map_.drop_cache(slot)) slot_freed(slot, full);
  memory_.reclaim().page_changed(pfn);
}

/// Anonymous pages are looked at again once there is swap for them.
void Swap::slot_freed(SwapSlot slot, bool was_full) {
  if (io_ != nullptr) io_->slot_freed(slot);
  if (was_full) {
    memory_.reclaim_changed();
  } else {
    memory_.changed();
  }
}

bool Swap::try_to_free(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_swapcache) || page.has(PG_writeback) || map_.count(page.slot) != 0) return false;
  remove(pfn);
  page.set(PG_dirty);
  return true;
}

void Swap::drop_entry(SwapSlot slot) {
  const bool full = map_.free() == 0;
  if (map_.put(slot)) slot_freed(slot, full);
}

void Swap::put_entry(SwapSlot slot) {
  const Pfn pfn = map_.page(slot);
  drop_entry(slot);
  if (pfn == no_page || map_.count(slot) != 0) return;
  const Page& page = memory_.page(pfn);
  if (page.has_any(PG_locked | PG_writeback | PG_mapped)) return;
  remove(pfn);
  memory_.cache().release(pfn);
}

// --- Out.

void Swap::write(Pfn pfn) {
  PageCache& cache = memory_.cache();
  if (try_to_free(pfn)) return cache.unlock_page(pfn);  // Whoever needed it is gone.
  cache.set_page_writeback(pfn);
  cache.unlock_page(pfn);
  io_->submit_write(memory_.page(pfn).slot, pfn);
}

void Swap::end_write(Pfn pfn, int error) noexcept {
  Page& page = memory_.page(pfn);
  if (error != 0) {
    // It stays in memory; reclaim may try again.
    page.set(PG_error | PG_dirty);
    page.clear(PG_reclaim);
  }
  memory_.cache().end_page_writeback(pfn);
}

void Swap::blockers(Pfn page, const Task& waiter, BlockerSink& sink) const {
  if (io_ != nullptr) return io_->blockers(page, waiter, sink);
  sink.event();
}

// --- In.

/// swapin_nr_pages(): how much to read around, from how well that went lately.
std::uint32_t Swap::window(SwapSlot slot) {
  std::uint32_t pages = readahead_hits_ + 2;
  readahead_hits_ = 0;
  if (pages == 2) {
    if (slot != previous_ + 1 && slot + 1 != previous_) pages = 1;
    previous_ = slot;
  } else {
    std::uint32_t rounded = 4;
    while (rounded < pages) rounded *= 2;
    pages = rounded;
  }
  pages = std::max(std::min(pages, page_cluster), last_window_ / 2);
  last_window_ = pages;
  return pages;
}

Pfn Swap::lookup(SwapSlot slot) {
  if (!map_.in_use(slot)) return no_page;
  const Pfn pfn = map_.page(slot);
  if (pfn != no_page && memory_.page(pfn).has(PG_readahead)) {
    memory_.page(pfn).clear(PG_readahead);
    ++readahead_hits_;
  }
  return pfn;
}

Pfn Swap::read(SwapSlot slot) {
  const SwapSlot mask = window(slot) - 1;
  if (mask == 0) return read_async(slot, false);
  Pfn wanted = no_page;
  plug();
  for (SwapSlot at = std::max<SwapSlot>(slot & ~mask, 1); at <= (slot | mask); ++at) {
    if (at == slot) {
      wanted = read_async(at, false);
    } else {
      static_cast<void>(read_async(at, true));
    }
  }
  unplug();
  // Meanwhile it may have been read, used and dropped again.
  return wanted != no_page ? read_async(slot, false) : no_page;
}

/// read_swap_cache_async(): the slot's page, under read unless it was there; no_page if the slot is
/// free, or there is no memory.
Pfn Swap::read_async(SwapSlot slot, bool ahead) {
  const Site site = ahead ? site::mm_swapin_ahead : site::mm_swapin_page;
  const Gfp gfp = memory_.rule(site).gfp;
  Pfn fresh = no_page;
  for (bool node = false;;) {
    const Pfn cached = map_.in_use(slot) ? map_.page(slot) : no_page;
    if (cached != no_page || !map_.in_use(slot) || map_.cached(slot) || map_.count(slot) == 0) {
      if (fresh != no_page) memory_.free_pages(fresh, 0);
      if (node) drop_node(slot);  // Unless others use it by now.
      return cached;
    }
    // Each of these may sleep, and somebody else may read the slot meanwhile.
    if (fresh == no_page) {
      fresh = memory_.alloc_pages(site, 0, gfp);
      if (fresh != no_page) continue;
    } else if (!node) {
      node = make_node(slot, site, gfp & GFP_KERNEL);
      if (node) continue;
      memory_.free_pages(fresh, 0);
    } else {
      return start_read(fresh, slot, ahead);
    }
    if (ahead) memory_.failures().settle_last(Fate::degraded);
    return no_page;
  }
}

Pfn Swap::start_read(Pfn pfn, SwapSlot slot, bool ahead) {
  Page& page = memory_.page(pfn);
  memory_.set_kind(page, PageKind::anon);
  page.owner = PageCache::nobody;
  page.flags = PG_swapbacked;
  if (ahead) page.set(PG_readahead);
  map_.claim(slot);
  insert(pfn, slot);
  memory_.cache().start_read(pfn);
  memory_.reclaim().add(pfn);
  ++memory_.counters().swap_ins;
  io_->submit_read(slot, pfn);
  return pfn;
}

}  // namespace brink
