// Faults on anonymous memory: first touch, swap-in, copy on write (mm/memory.c: do_anonymous_page,
// do_swap_page and do_wp_page, Linux 4.0).

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

AddressSpace::Fault AddressSpace::anonymous_fault(Area& area, std::uint32_t vpn, Pte& pte) {
  if (!prepare_anon_vma(area)) return Fault::oom;
  const Pfn page = new_anon_page(site::mm_anon_page);
  if (page == no_page) return Fault::oom;
  if (!pte.none()) {  // Somebody else was here while this one slept.
    memory_.free_pages(page, 0);
    return Fault::again;
  }
  map_new_page(area, page, vpn, pte);
  ++memory_.counters().page_touches;
  memory_.core().note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn, 1);
  return Fault::done;
}

/// With its charge; no_page if either could not be had.
Pfn AddressSpace::new_anon_page(Site site) {
  const Pfn page = memory_.alloc_pages(site);
  const Gfp gfp = memory_.rule(site::memcg_charge).gfp;
  if (page == no_page || mem_cgroup_charge(memory_, page, gfp)) return page;
  memory_.free_pages(page, 0);
  return no_page;
}

void AddressSpace::map_new_page(const Area& area, Pfn pfn, std::uint32_t vpn, Pte& pte) {
  Page& page = memory_.page(pfn);
  memory_.set_kind(page, PageKind::anon);
  page.flags = PG_uptodate | PG_swapbacked | PG_active | PG_mapped;
  page.owner = id_;
  page.index = vpn;
  pte.set_page(pfn, true);
  ++anon_rss_;
  if (area.has(VM_LOCKED)) {
    memory_.reclaim().make_unevictable(pfn);
  } else {
    memory_.reclaim().add(pfn);
  }
}

AddressSpace::Fault AddressSpace::swap_fault(Area& area, std::uint32_t vpn, Pte& pte, bool write,
                                             bool retried) {
  PageCache& cache = memory_.cache();
  Swap& swap = memory_.swap();
  const std::uint32_t slot = pte.slot();
  Pfn pfn = swap.lookup(slot);
  if (pfn == no_page) {
    pfn = swap.read(slot);
    if (!pte.swapped() || pte.slot() != slot) return Fault::again;
    if (pfn == no_page) return Fault::oom;
  }
  cache.pin(pfn);
  if (const Fault fault = lock_or_retry(pfn, retried); fault != Fault::done) return fault;
  const Page& page = memory_.page(pfn);
  Fault result = Fault::again;
  const Gfp gfp = memory_.rule(site::memcg_charge).gfp;
  if (!mem_cgroup_charge(memory_, pfn, gfp)) {
    result = Fault::oom;
  } else if (page.has(PG_swapcache) && page.slot == slot && pte.swapped() && pte.slot() == slot) {
    result = page.has(PG_uptodate) ? Fault::done : Fault::bus;
    if (result == Fault::done) map_swapped_page(area, pfn, vpn, pte, write);
  }
  // Others refer to it too: a write needs a copy.
  if (result == Fault::done && write && !pte.writable()) result = Fault::again;
  cache.unlock_page(pfn);
  cache.unpin(pfn);
  return result;
}

/// If nobody else refers to the page, a write makes its copy in swap useless.
void AddressSpace::map_swapped_page(const Area& area, Pfn pfn, std::uint32_t vpn, Pte& pte,
                                    bool write) {
  Page& page = memory_.page(pfn);
  Swap& swap = memory_.swap();
  const std::uint32_t slot = page.slot;
  const bool own = write && !page.has(PG_mapped) && swap.map().count(slot) == 1;
  memory_.rmap().add(pfn, id_, vpn);
  if (own) page.set(PG_dirty);
  pte.set_page(pfn, own);
  ++anon_rss_;
  --swap_entries_;
  swap.drop_entry(slot);
  const bool drop = own || swap.map().full() || area.has(VM_LOCKED);
  if (drop && !page.has(PG_writeback) && swap.map().count(slot) == 0) {
    swap.remove(pfn);
    page.set(PG_dirty);
  }
  memory_.reclaim().page_changed(pfn);
  if (area.has(VM_LOCKED)) memory_.reclaim().make_unevictable(pfn);
  ++memory_.counters().page_touches;
  memory_.core().note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn, slot);
}

/// do_wp_page(): the page is there, but must not be written to as it is.
AddressSpace::Fault AddressSpace::write_fault(Area& area, std::uint32_t vpn, Pte& pte) {
  PageCache& cache = memory_.cache();
  const Pfn pfn = pte.pfn();
  const bool anonymous = memory_.page(pfn).kind == PageKind::anon;
  cache.pin(pfn);
  Fault result = Fault::again;
  if (anonymous) {
    cache.lock_page(pfn);
    if (pte.present() && pte.pfn() == pfn && reuse_page(pfn, pte)) result = Fault::done;
    cache.unlock_page(pfn);
  } else if (area.has(VM_SHARED)) {
    result = make_writable(area, pfn);
    if (result == Fault::done) {
      const bool there = pte.present() && pte.pfn() == pfn;
      if (there) pte.make_writable();
      if (!there) result = Fault::again;
      cache.unlock_page(pfn);
    }
    cache.unpin(pfn);
    return result;
  }
  const bool there = pte.present() && pte.pfn() == pfn;
  if (result != Fault::done && there) result = copy_page(area, vpn, pte);
  cache.unpin(pfn);
  return result;
}

/// reuse_swap_page(): nobody else refers to it, in memory or in swap. The page is locked.
bool AddressSpace::reuse_page(Pfn pfn, Pte& pte) {
  Page& page = memory_.page(pfn);
  if (memory_.rmap().count(page) != 1) return false;
  if (page.has(PG_swapcache)) {
    Swap& swap = memory_.swap();
    if (swap.map().count(page.slot) != 0) return false;
    if (!page.has(PG_writeback)) swap.remove(pfn);
  }
  page.set(PG_dirty);
  pte.make_writable();
  pte.set_young();
  memory_.lru_changed();
  return true;
}

/// wp_page_copy(). The old page is pinned.
AddressSpace::Fault AddressSpace::copy_page(Area& area, std::uint32_t vpn, Pte& pte) {
  Core& core = memory_.core();
  const Pfn old = pte.pfn();
  if (!prepare_anon_vma(area)) return Fault::oom;
  const Pfn fresh = new_anon_page(site::mm_cow_page);
  if (fresh == no_page) return Fault::oom;
  if (!pte.present() || pte.pfn() != old || pte.writable()) {
    memory_.free_pages(fresh, 0);
    return Fault::again;
  }
  core.charge(core.costs().copy_page);
  const Page& page = memory_.page(old);
  --(page.in_file() ? file_rss_ : anon_rss_);
  memory_.rmap().remove(old, id_, vpn);
  memory_.reclaim().page_changed(old);
  map_new_page(area, fresh, vpn, pte);
  ++memory_.counters().page_touches;
  core.note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn, std::uint64_t{old} << 32 | fresh);
  return Fault::done;
}

/// The page is in the swap cache, or belongs to a file.
void AddressSpace::unmap_page(Pfn pfn, std::uint32_t vpn) {
  Pte& pte = *tables_.find(vpn);
  Page& page = memory_.page(pfn);
  BRINK_ASSERT(pte.present() && pte.pfn() == pfn);
  memory_.rmap().remove(pfn, id_, vpn);
  if (page.in_file()) {
    pte.clear();
    --file_rss_;
  } else {
    memory_.swap().map().get(page.slot);
    pte.set_slot(page.slot);
    --anon_rss_;
    ++swap_entries_;
  }
  memory_.lru_changed();
}

}  // namespace brink
