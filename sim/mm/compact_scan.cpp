// The two scanners of compaction (mm/compaction.c: isolate_migratepages_block and
// isolate_freepages_block, Linux 4.0).

#include "sim/mm/compact_control.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr Pfn block_pages = Pfn{1} << pageblock_order;

constexpr Pfn block_begin(Pfn pfn) { return pfn & ~(block_pages - 1); }

/// How far a scanner may step from a page that is none of its business: over a free block or an
/// allocated one, never used memory included.
Pfn step(const Memory& memory, const Buddy& buddy, const PageMap& map, Pfn pfn) {
  if (pfn >= buddy.virgin_begin() && pfn < buddy.virgin_end()) return buddy.virgin_end() - pfn;
  if (!map.valid(pfn)) return 1;
  const Page& page = memory.page(pfn);
  // The inside of a larger block has no order of its own.
  const bool head = page.has(PG_buddy) || page.kind != PageKind::free;
  return head ? Pfn{1} << page.order() : 1;
}

}  // namespace

/// Remembers that nothing was to be had in a pageblock, and where the next run begins.
void Compaction::note_skip(Control& control, Pfn block, bool movable_scanner) {
  if (control.ignores_skip()) return;
  memory_.map().set_block_skip(block, true);
  Compact& state = control.zone.compact;
  if (!movable_scanner) {
    if (state.free == 0 || block < state.free) state.free = block;
    return;
  }
  if (block > state.migrate[0]) state.migrate[0] = block;
  if (!control.async() && block > state.migrate[1]) state.migrate[1] = block;
}

// --- Pages to be moved.

/// isolate_migratepages(): from the first suitable pageblock; false if it gave none.
bool Compaction::collect_movable(Control& control) {
  Pfn begin = control.migrate;
  Pfn end = block_begin(begin) + block_pages;
  for (; end <= control.free; begin = end, end += block_pages) {
    if (!control.async()) core_.cond_resched();
    if (!control.ignores_skip() && memory_.map().block_skip(begin)) continue;
    const bool mixed = memory_.map().block_type(begin) != Migrate::movable;
    if (control.async() && mixed) continue;
    scan_movable(control, begin, end);
    break;
  }
  if (end > control.free) control.migrate = control.free;
  return !control.movable_pages.empty();
}

/// isolate_migratepages_block(): up to a batch of pages; leaves `migrate` where it stopped.
void Compaction::scan_movable(Control& control, Pfn begin, Pfn end) {
  while (too_many_isolated(control.zone)) {
    control.aborted = control.async() || core_.current().has(FATAL_SIGNAL);
    if (control.aborted) return;
    memory_.congestion().wait(100 * ms);
  }
  const Buddy& buddy = control.zone.buddy;
  Pfn pfn = begin;
  Pages looked_at = 0;
  while (pfn < end && control.movable_pages.size() < compact_cluster) {
    ++looked_at;
    if (memory_.map().valid(pfn) && isolate_page(control, pfn)) {
      ++pfn;
      continue;
    }
    pfn += step(memory_, buddy, memory_.map(), pfn);
  }
  core_.charge(core_.costs().page_scanned * looked_at);
  memory_.counters().compact_scanned += looked_at;
  if (pfn >= end && begin == block_begin(begin) && control.movable_pages.empty()) {
    note_skip(control, begin, true);
  }
  control.migrate = std::min(pfn, end);
}

/// too_many_isolated() of compaction: more than half of what is on the lists.
bool Compaction::too_many_isolated(const Zone& zone) const {
  Pages listed = 0;
  for (std::size_t i = 0; i < lru_lists; ++i) listed += zone.lru_total(static_cast<Lru>(i));
  return zone.isolated[0] + zone.isolated[1] > listed / 2;
}

/// A page on a list that may be moved is taken off it and pinned.
bool Compaction::isolate_page(Control& control, Pfn pfn) {
  Page& page = memory_.page(pfn);
  if (!page.has(PG_lru) || page.pins != 0) return false;
  // Asynchronous runs take only what can be moved without waiting.
  if (control.async() && page.has(PG_writeback)) return false;
  const bool active = page.has(PG_active);
  memory_.reclaim().remove(pfn);
  if (active) page.set(PG_active);
  memory_.reclaim().begin_isolation(pfn);
  ++control.zone.isolated[page.file_cache()];
  control.movable_pages.push_back(pfn);
  return true;
}

// --- Pages to move them to.

/// suitable_migration_target(): not where blocks are whole already, nor where pages do not move,
/// unless it is the last try.
bool Compaction::good_target(const Control& control, Pfn block) const {
  const Page& page = memory_.page(block);
  if (memory_.map().valid(block) && page.has(PG_buddy) && page.order() >= pageblock_order) {
    return false;
  }
  return control.any_target() || memory_.map().block_type(block) == Migrate::movable;
}

/// isolate_freepages(): downwards until there is a page for each that is to be moved.
void Compaction::collect_free(Control& control) {
  Zone& zone = control.zone;
  Pfn from = block_begin(std::min(control.free, zone.end - 1));
  Pfn begin = control.free == zone.end ? from : control.free;
  Pfn end = std::min<Pfn>(from + block_pages, zone.end);
  const Pfn low = block_begin(control.migrate) + block_pages;
  while (from >= low && control.movable_pages.size() > control.free_pages.size()) {
    if (!control.async()) core_.cond_resched();
    const bool skip = !control.ignores_skip() && memory_.map().block_skip(from);
    Pfn stopped = end;
    if (good_target(control, from) && !skip) stopped = scan_free(control, begin, end);
    control.free = stopped < end ? stopped : from;
    if (stopped < end || from == zone.begin) break;
    end = from;
    from -= block_pages;
    begin = from;
  }
  if (from < low) control.free = std::min(control.free, control.migrate);
}

/// isolate_freepages_block(): where it stopped; `end` if it saw all.
Pfn Compaction::scan_free(Control& control, Pfn begin, Pfn end) {
  const Buddy& buddy = control.zone.buddy;
  const std::size_t before = control.free_pages.size();
  Pages looked_at = 0;
  Pfn pfn = begin;
  while (pfn < end) {
    ++looked_at;
    const Pfn next = pfn + step(memory_, buddy, memory_.map(), pfn);
    const bool listed = memory_.map().valid(pfn) && memory_.page(pfn).has(PG_buddy);
    if (listed && !isolate_block(control, pfn)) break;
    pfn = next;
    if (control.free_pages.size() >= control.movable_pages.size()) break;
  }
  core_.charge(core_.costs().page_scanned * looked_at);
  memory_.counters().compact_scanned += looked_at;
  if (pfn >= end && control.free_pages.size() == before) {
    note_skip(control, block_begin(begin), false);
  }
  return std::min(pfn, end);
}

/// split_free_page(): the block leaves the free lists as single pages, unless too few would stay.
bool Compaction::isolate_block(Control& control, Pfn block) {
  Zone& zone = control.zone;
  const unsigned order = memory_.page(block).order();
  const bool light = memory_.rules().compaction == Rules::Compaction::sync_light;
  const Pages mark = zone.watermark(light ? Watermark::low : Watermark::min) + (Pages{1} << order);
  if (!zone.watermark_ok(0, mark, ZoneType::dma, 0, memory_.rules().high_order_mark)) return false;
  zone.buddy.take_block(block);
  if (order + 1 >= pageblock_order) memory_.map().set_block_type(block, Migrate::movable);
  for (Pfn pfn = block; pfn < block + (Pfn{1} << order); ++pfn) {
    memory_.allocator().adopt(pfn);
    control.free_pages.push_back(pfn);
  }
  return true;
}

}  // namespace brink
