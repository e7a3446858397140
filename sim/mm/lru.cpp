// The LRU lists (mm/swap.c, Linux 2.6.30 to 6.1), and which of their pages were tried in vain.

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

void Reclaim::add(Pfn pfn) {
  Page& page = memory_.page(pfn);
  Zone& zone = lists_of(pfn);
  const Lru lru = lru_of(page);
  stable_.settle(memory_.map(), zone, lru);
  page.set(PG_lru);
  page.tried = 0;
  lru_push(memory_.map(), zone.list(lru), pfn);
  vmstat_.add(zone, lru, 1);
  memory_.lru_changed();
}

void Reclaim::remove(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (page.unevictable) {
    page.unevictable = 0;
    --memory_.stat().unevictable;
  }
  if (!page.has(PG_lru)) return;
  Zone& zone = lists_of(pfn);
  const Lru lru = lru_of(page);
  stable_.settle(memory_.map(), zone, lru);
  lru_unlink(memory_.map(), zone.list(lru), pfn);
  vmstat_.add(zone, lru, -1);
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

void Reclaim::begin_isolation(Pfn pfn) {
  Page& page = memory_.page(pfn);
  page.isolated = 1;
  ++page.pins;
}

bool Reclaim::end_isolation(Pfn pfn) {
  Page& page = memory_.page(pfn);
  --page.pins;
  page.isolated = 0;
  // Locked in memory meanwhile: it stays off the lists.
  if (page.unevictable) return false;
  if (!memory_.cache().orphan(page)) return true;
  memory_.cache().free_orphan(pfn);
  return false;
}

void Reclaim::page_changed(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (page.has(PG_lru)) untry(lists_of(pfn), lru_of(page), page);
  page.tried = 0;
  memory_.lru_changed();
}

void Reclaim::activate(Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_lru) || page.has(PG_active)) return;
  Zone& zone = lists_of(pfn);
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
  Zone& zone = lists_of(pfn);
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
      for (auto& part : zone.parts) stable_.settle(memory_.map(), *part, static_cast<Lru>(i));
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

void Reclaim::explain(Gfp gfp, Exhaustion& out) const {
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    explain_lists(zone, out);
    for (const auto& part : zone.parts) explain_lists(*part, out);
  }
}

void Reclaim::explain_lists(const Zone& zone, Exhaustion& out) const {
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

void Reclaim::count_looked(Pages nr) {
  memory_.counters().pages_scanned += nr;
  const TaskId me = core_.current().id;
  if (me >= looked_at_.size()) looked_at_.resize(core_.task_count());
  looked_at_[me] += nr;
}

void Reclaim::turned() {
  ++list_turns_;
  memory_.lru_changed();
}

std::uint64_t Reclaim::looked_at(const Task& task) const {
  return task.id < looked_at_.size() ? looked_at_[task.id] : 0;
}

}  // namespace brink
