// The LRU lists (mm/swap.c, Linux 4.0), and which of their pages were tried in vain.

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

void Reclaim::add(Pfn pfn) {
  Page& page = memory_.page(pfn);
  Zone& zone = memory_.zones().of(pfn);
  const Lru lru = lru_of(page);
  stable_.settle(memory_.map(), zone, lru);
  page.set(PG_lru);
  page.tried = 0;
  lru_push(memory_.map(), zone.list(lru), pfn);
  memory_.lru_changed();
}

void Reclaim::remove(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (page.unevictable) {
    page.unevictable = 0;
    --memory_.stat().unevictable;
  }
  if (!page.has(PG_lru)) return;
  Zone& zone = memory_.zones().of(pfn);
  const Lru lru = lru_of(page);
  stable_.settle(memory_.map(), zone, lru);
  lru_unlink(memory_.map(), zone.list(lru), pfn);
  untry(zone, lru, page);
  page.clear(PG_lru | PG_active);
  memory_.lru_changed();
}

void Reclaim::make_unevictable(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (page.unevictable) return;
  const unsigned active = page.flags & PG_active;
  remove(pfn);
  page.set(active);
  page.unevictable = 1;
  ++memory_.stat().unevictable;
  memory_.lru_changed();
}

void Reclaim::make_evictable(Pfn pfn) {
  Page& page = memory_.page(pfn);
  page.unevictable = 0;
  --memory_.stat().unevictable;
  // A reclaimer that has it off its list puts it back itself.
  if (!page.isolated) add(pfn);
}

void Reclaim::page_changed(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (page.has(PG_lru)) untry(memory_.zones().of(pfn), lru_of(page), page);
  page.tried = 0;
  memory_.lru_changed();
}

void Reclaim::activate(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_lru) || page.has(PG_active)) return;
  Zone& zone = memory_.zones().of(pfn);
  remove(pfn);
  page.set(PG_active);
  add(pfn);
  const bool file = page.file_cache();
  ++zone.stat.scanned[file];
  ++zone.stat.rotated[file];
}

void Reclaim::rotate(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_lru) || page.has_any(PG_locked | PG_dirty | PG_active)) return;
  Zone& zone = memory_.zones().of(pfn);
  const Lru lru = lru_of(page);
  stable_.settle(memory_.map(), zone, lru);
  lru_unlink(memory_.map(), zone.list(lru), pfn);
  lru_push_tail(memory_.map(), zone.list(lru), pfn);
  memory_.lru_changed();
}

void Reclaim::settle() {
  for (Zone& zone : memory_.zones().all()) {
    for (std::size_t i = 0; i < lru_lists; ++i) {
      stable_.settle(memory_.map(), zone, static_cast<Lru>(i));
    }
  }
}

// --- Marks: the generation in which a page was tried last, and with which rights.

Tried& Reclaim::tried(Zone& zone) const {
  if (zone.tried.generation != memory_.generation()) zone.tried = {memory_.generation(), {}};
  return zone.tried;
}

/// 0 if it was not tried since anything changed; else 1 + its ReclaimClass.
unsigned Reclaim::mark_of(const Page& page) const {
  const auto generation = static_cast<std::uint32_t>(memory_.generation() << 2);
  return (page.tried & ~3u) == generation ? page.tried & 3u : 0;
}

unsigned Reclaim::untry(Zone& zone, Lru lru, const Page& page) {
  const unsigned mark = mark_of(page);
  if (mark == 0) return 0;
  Tried& counts = tried(zone);
  for (unsigned c = 0; c < mark; ++c) --counts.pages[static_cast<std::size_t>(lru)][c];
  return mark;
}

void Reclaim::retry(Zone& zone, Lru lru, Page& page, unsigned mark) {
  page.tried = static_cast<std::uint32_t>(memory_.generation() << 2) | mark;
  Tried& counts = tried(zone);
  for (unsigned c = 0; c < mark; ++c) ++counts.pages[static_cast<std::size_t>(lru)][c];
}

void Reclaim::mark_tried(Zone& zone, Lru lru, Page& page, ReclaimClass rights) {
  retry(zone, lru, page, std::max(mark_of(page), static_cast<unsigned>(rights) + 1));
}

/// Whether everything on one side that a sweep can reach was tried.
bool Reclaim::side_tried(const Zone& zone, bool file, ReclaimClass rights, Exhaustion& out) const {
  const auto inactive = static_cast<std::size_t>(file ? Lru::inactive_file : Lru::inactive_anon);
  const auto c = static_cast<std::size_t>(rights);
  const bool current = zone.tried.generation == memory_.generation();
  const auto done = [&](std::size_t lru) { return current ? zone.tried.pages[lru][c] : 0; };
  // Active pages are out of reach for as long as there are enough inactive ones.
  const Pages reachable =
      zone.lru[inactive].size +
      (inactive_is_low(zone, file) ? zone.lru[inactive + 1].size : done(inactive + 1));
  const Pages tried_pages = done(inactive) + done(inactive + 1);
  out.tried += tried_pages;
  out.untried += reachable - std::min(reachable, tried_pages);
  return tried_pages >= reachable;
}

/// Whether shrinkers have nothing more for such reclaimers. Once no zone counts as reclaimable,
/// nobody looks at more than a batch of each side's pages at a time, and shrinkers are asked in
/// proportion: by direct reclaimers for the zone that they would rather have, by kswapd for the
/// highest that is below its mark.
bool Reclaim::shrinkers_barren(Gfp gfp) const {
  const bool swap = memory_.swap().free() != 0;
  const Zone& preferred = memory_.zones().preferred(gfp);
  Pages least = reclaimable_pages(preferred);
  bool below_mark = false;
  for (auto i = static_cast<std::size_t>(preferred.type) + 1; i-- > 0;) {
    const Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    if (zone_reclaimable(zone)) return shrinkers_.barren(gfp, swap_cluster_max, 0);
    if (below_mark || zone.free() > zone.watermark(Watermark::high)) continue;
    below_mark = true;
    least = std::min(least, reclaimable_pages(zone));
  }
  return shrinkers_.barren(gfp, swap_cluster_max + (swap ? 2 * swap_cluster_max : 0), least);
}

/// Whether one more fruitless round of direct reclaim would leave the shrinkers as they are.
bool Reclaim::shrinkers_steady(Gfp gfp) const {
  const Zone& preferred = memory_.zones().preferred(gfp);
  const bool all = zone_reclaimable(preferred);
  return shrinkers_.steady(gfp, swap_cluster_max, all ? 0 : reclaimable_pages(preferred));
}

Exhaustion Reclaim::exhaustion(ReclaimClass rights, Gfp gfp) const {
  Exhaustion out;
  bool tried_all = true;
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    out.counting = out.counting || (zone.populated() && zone_reclaimable(zone));
    tried_all = side_tried(zone, true, rights, out) && tried_all;
    if (memory_.swap().free() != 0) tried_all = side_tried(zone, false, rights, out) && tried_all;
  }
  out.shrinkers_left = !shrinkers_barren(gfp);
  out.exhausted = tried_all && !out.counting && !out.shrinkers_left;
  return out;
}

void Reclaim::explain(Gfp gfp, Exhaustion& out) const {
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    for (const LruList& list : zone.lru) {
      for (Pfn pfn = list.head; pfn != no_page; pfn = memory_.page(pfn).next) {
        const Page& page = memory_.page(pfn);
        if (page.has(PG_dirty) && page.file_cache()) ++out.dirty;
        if (page.has(PG_writeback)) ++out.writeback;
        if (page.has(PG_locked)) ++out.locked;
        if (page.pins != 0 || page.has(PG_private)) ++out.pinned;
        if (!page.file_cache() && memory_.swap().free() == 0) ++out.anon_without_swap;
      }
    }
  }
}

}  // namespace brink
