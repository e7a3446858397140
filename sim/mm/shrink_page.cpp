// What reclaim does with one page that it has off its list (mm/vmscan.c: shrink_page_list, Linux
// 2.6.30 to 6.1). Left out: may_write_to_queue()'s exception for the device that the writer itself
// is writing to.

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/shrink_batch.hpp"
#include "sim/mm/swap.hpp"

namespace brink {
namespace {

bool congested(Memory& memory, const Page& page) {
  const FileMapping& mapping = memory.cache().mapping_of(page);
  return mapping.ops().write_congested(mapping);
}

}  // namespace

std::uint8_t page_state(Memory& memory, const Page& page) {
  if (page.has(PG_locked)) return state_locked;
  unsigned state = 0;
  if (page.has_any(PG_mapped | PG_swapcache)) state |= state_double;
  const bool writeback = page.has(PG_writeback);
  if (writeback) state |= state_writeback;
  // Anonymous pages are written by reclaim itself: for these no flusher is behind.
  if (!page.file_cache() || !page.has_any(PG_dirty | PG_writeback)) {
    return static_cast<std::uint8_t>(state);
  }
  state |= state_dirty;
  if (!writeback) state |= state_unqueued;
  if ((writeback && page.has(PG_reclaim)) || congested(memory, page)) state |= state_congested;
  return static_cast<std::uint8_t>(state);
}

Reclaim::Result Reclaim::shrink_page(Pfn pfn, Zone& zone, ScanControl& sc, Batch& batch,
                                     bool& advanced) {
  charge(core_.costs().page_scanned);
  Page& page = memory_.page(pfn);
  const std::uint8_t state = page_state(memory_, page);
  const Pages scanned = batch.states.scanned;
  const bool written_again = page.has(PG_reclaim) && page.has(PG_writeback);
  // One that kswapd meets for the second time while it is being written is counted apart.
  const bool immediate = written_again && sc.kswapd && (zone.flags & ZONE_WRITEBACK) != 0;
  batch.states.add(immediate ? static_cast<std::uint8_t>(state & ~state_writeback) : state, 1);
  sc.nr_scanned += batch.states.scanned - scanned;
  if (immediate) ++batch.immediate;
  if ((state & state_locked) != 0 || immediate) return Result::keep;

  const std::uint64_t changes = memory_.lru_changes();
  const Result result = try_page(pfn, zone, sc, batch);
  advanced = changes != memory_.lru_changes();
  if (result == Result::freed) {
    ++batch.reclaimed;
    if (!rehearsing_) ++memory_.counters().pages_reclaimed;
  }
  if (advanced || result != Result::keep) {
    batch.changed = true;
    batch.mix = batch.mix * 0x9e3779b97f4a7c15u + (pfn << 2 | static_cast<unsigned>(result));
  }
  return result;
}

Reclaim::Result Reclaim::try_page(Pfn pfn, Zone& zone, ScanControl& sc, Batch& batch) {
  Page& page = memory_.page(pfn);
  if (page.unevictable) return Result::keep;
  if (page.has(PG_writeback)) {
    if (!page.has(PG_reclaim)) {
      page.set(PG_reclaim);
      memory_.lru_changed();
      return Result::keep;
    }
    if (!waits_for_writes(sc)) return Result::keep;
    memory_.cache().wait_on_page_writeback(pfn);
    if (page.has_any(PG_locked | PG_writeback) || page.unevictable) return Result::keep;
  }
  const References references = check_references(page);
  // Lumpy reclaim for a costly order wants the page whoever uses it.
  const bool wanted = memory_.rules().lumpy_reclaim && sc.order > costly_order;
  if (references == References::activate && !wanted) return Result::activate;
  if (references == References::keep && !wanted) return Result::keep;

  if (page.kind == PageKind::anon) {
    const bool io = has(sc.gfp, Gfp::io);
    if (!page.has(PG_swapcache)) {
      if (!io) return Result::keep;
      if (!memory_.swap().add(pfn, site::mm_swap_node)) return Result::activate;
    }
  }
  if (page.has(PG_mapped)) {
    memory_.rmap().unmap(pfn);
    charge(core_.costs().page_reclaimed);
  }
  if (page.has(PG_dirty)) {
    const Result result =
        shrink_dirty(pfn, zone, sc, batch, references == References::reclaim_clean);
    if (result != Result::freed) return result;
  }
  return free_clean(pfn, sc, batch);
}

/// A memory cgroup's dirty pages are not throttled by its limit: whoever reclaims from it waits
/// for what it meets the second time round (since e62e384e9da8, 3.6).
bool Reclaim::waits_for_writes(const ScanControl& sc) const {
  return sc.memcg != 0 && has(sc.gfp, Gfp::io) && !rehearsing_ &&
         memory_.rules().stall != Rules::Stall::each_priority;
}

/// page_check_references(): an anonymous page that was used since goes back, a mapped file page
/// gets another round, and goes back if it was used twice or is code; a file page that was read
/// twice is spared if it would have to be written.
Reclaim::References Reclaim::check_references(Page& page) {
  const Rmap::References used = memory_.rmap().test_and_clear_young(page);
  const bool referenced = page.has(PG_referenced);
  page.clear(PG_referenced);
  if (used.young != 0 || referenced) memory_.lru_changed();
  if (used.young != 0) {
    if (page.has(PG_swapbacked)) return References::activate;
    page.set(PG_referenced);
    return referenced || used.young > 1 || used.exec ? References::activate : References::keep;
  }
  return referenced && page.file_cache() ? References::reclaim_clean : References::reclaim;
}

/// `freed` here means that the page is clean by now and may be freed.
Reclaim::Result Reclaim::shrink_dirty(Pfn pfn, Zone& zone, ScanControl& sc, Batch& batch,
                                      bool clean_only) {
  Page& page = memory_.page(pfn);
  if (page.file_cache()) {
    // Kernels in which direct reclaim writes have a kswapd that writes whatever it meets.
    const bool by_kswapd = sc.kswapd && ((zone.flags & ZONE_DIRTY) != 0 ||
                                         memory_.rules().stall == Rules::Stall::each_priority);
    if (!by_kswapd && !memory_.policies().reclaim->direct_reclaim_writes()) {
      if (!page.has(PG_reclaim)) {
        page.set(PG_reclaim);
        memory_.lru_changed();
      }
      return Result::keep;
    }
    if (!has(sc.gfp, Gfp::fs)) return Result::keep;
    if (!sc.kswapd && congested(memory_, page)) return Result::keep;
  } else if (!has(sc.gfp, page.kind == PageKind::shmem ? Gfp::fs : Gfp::io)) {
    return Result::keep;
  }
  if (clean_only || !sc.may_writepage || page.pins != 1) return Result::keep;
  return pageout(pfn, batch);
}

/// Starts to write the page; it is freed when reclaim meets it again.
Reclaim::Result Reclaim::pageout(Pfn pfn, Batch& batch) {
  Page& page = memory_.page(pfn);
  PageCache& cache = memory_.cache();
  if (!cache.trylock_page(pfn)) return Result::keep;
  cache.clear_page_dirty_for_io(pfn);
  page.set(PG_reclaim);
  memory_.lru_changed();
  ++batch.pageouts;
  if (page.kind == PageKind::anon) {
    ++memory_.counters().swap_outs;
    memory_.swap().write(pfn);
  } else {
    FileMapping& mapping = cache.mapping_of(page);
    if (mapping.ops().writepage(mapping, pfn) == MappingOps::Written::activate) {
      page.clear(PG_reclaim);
      cache.unlock_page(pfn);
      return Result::activate;
    }
  }
  if (page.has_any(PG_writeback | PG_dirty | PG_locked)) return Result::keep;
  page.clear(PG_reclaim);
  return Result::freed;
}

Reclaim::Result Reclaim::free_clean(Pfn pfn, const ScanControl& sc, Batch&) {
  Page& page = memory_.page(pfn);
  PageCache& cache = memory_.cache();
  if (cache.orphan(page)) return Result::keep;  // Truncated meanwhile: freed when it is put back.
  if (page.has(PG_private)) {
    if (page.has(PG_locked)) return Result::keep;
    if (!cache.try_release(pfn, sc.gfp)) return Result::activate;
    if (cache.orphan(page)) return Result::keep;
  }
  if (page.pins != 1 || page.has_any(PG_dirty | PG_writeback | PG_locked | PG_mapped)) {
    return Result::keep;
  }
  charge(core_.costs().page_reclaimed);
  --page.pins;
  page.isolated = 0;
  if (page.in_file()) {
    cache.remove_mapping(pfn);
  } else {
    memory_.swap().remove(pfn);
    memory_.allocator().free(pfn, 0);
  }
  memory_.lru_changed();
  return Result::freed;
}

}  // namespace brink
