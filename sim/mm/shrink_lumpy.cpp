// Lumpy reclaim: for a high order, the pages around each page that is taken go with it
// (mm/vmscan.c: isolate_lru_pages() and shrink_inactive_list(), Linux 2.6.31 and 2.6.32). 2.6.30
// makes the second, waiting pass for costly orders only: left out.

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/shrink_batch.hpp"
#include "sim/mm/swap.hpp"

namespace brink {

/// Pages of any number that one batch has off their lists.
struct Reclaim::Lump {
  struct One {
    Pfn pfn;
    Result result = Result::keep;
    bool advanced = false;
  };
  std::vector<One> pages;
  std::array<Pages, 2> isolated{};  ///< anonymous, file
  bool both = false;  ///< active ones and those of the other side as well (ISOLATE_BOTH)
  Batch sums;
};

Pages Reclaim::shrink_lumpy(Zone& zone, Lru lru, Pages nr, ScanControl& sc) {
  Lump lump;
  lump.both = sc.order > costly_order || sc.priority < def_priority - 2;
  isolate_lump(zone, lru, nr, sc.order, lump);
  count_scanned(zone, is_file(lru), lump.pages.size(), sc);
  shrink_lump(zone, sc, lump, false);
  const bool all = lump.sums.reclaimed == lump.pages.size();
  if (!all && !sc.kswapd && lump.both && !rehearsing_) {
    // Once more, and this time until what is being written is written.
    nap(100 * ms);
    shrink_lump(zone, sc, lump, true);
  }
  put_back_lump(zone, sc, lump);
  // Pages were taken out of the middle of lists: nobody knows any more which it has seen.
  memory_.lru_changed();
  lump.sums.taken = std::min<Pages>(lump.pages.size(), 0xffff);
  lump.sums.changed = true;
  record(zone, lru, lump.sums);
  flag_zone(zone, lump.sums, sc);
  stall(zone, lump.sums, sc);
  return lump.sums.reclaimed;
}

void Reclaim::isolate_lump(Zone& zone, Lru lru, Pages nr, unsigned order, Lump& lump) {
  for (Pages scanned = 0; scanned < nr && zone.lru_size(lru) != 0; ++scanned) {
    stable_.settle(memory_.map(), zone, lru);
    const Pfn tag = zone.list(lru).tail;
    isolate_one(zone, tag, lump);
    const Pfn begin = tag >> order << order;
    for (Pfn pfn = begin; pfn < begin + (Pfn{1} << order); ++pfn) {
      if (isolate_neighbour(zone, lru, pfn, lump)) ++scanned;
    }
  }
  isolators_.push_back(&core_.current());
}

bool Reclaim::isolate_neighbour(Zone& zone, Lru lru, Pfn pfn, Lump& lump) {
  if (pfn < zone.begin || pfn >= zone.end || !memory_.map().valid(pfn)) return false;
  const Page& page = memory_.page(pfn);
  if (!page.has(PG_lru)) return false;
  if (!lump.both && lru_of(page) != lru) return false;
  const bool anonymous = !page.file_cache();
  if (anonymous && !page.has(PG_swapcache) && memory_.swap().free() == 0) return false;
  isolate_one(lists_of(pfn), pfn, lump);
  return true;
}

void Reclaim::isolate_one(Zone& zone, Pfn pfn, Lump& lump) {
  Page& page = memory_.page(pfn);
  const Lru lru = lru_of(page);
  static_cast<void>(stable_.take(zone, lru));
  stable_.settle(memory_.map(), zone, lru);
  lru_unlink(memory_.map(), zone.list(lru), pfn);
  vmstat_.add(zone, lru, -1);
  untry(zone, lru, page);
  page.clear(PG_lru | PG_active);
  begin_isolation(pfn);
  ++home(zone).isolated[is_file(lru)];
  ++lump.isolated[is_file(lru)];
  lump.pages.push_back({pfn});
}

void Reclaim::shrink_lump(Zone& zone, ScanControl& sc, Lump& lump, bool sync) {
  for (Lump::One& one : lump.pages) {
    if (one.result == Result::freed) continue;
    bool advanced = false;
    if (sync) wait_for_writeback(one.pfn, sc);
    one.result = shrink_page(one.pfn, zone, sc, lump.sums, advanced);
    if (sync && one.result == Result::keep && memory_.page(one.pfn).has(PG_writeback)) {
      wait_for_writeback(one.pfn, sc);
      one.result = shrink_page(one.pfn, zone, sc, lump.sums, advanced);
    }
    one.advanced = one.advanced || advanced;
  }
}

void Reclaim::wait_for_writeback(Pfn pfn, const ScanControl& sc) {
  const Page& page = memory_.page(pfn);
  const bool swap = page.has(PG_swapcache) && has(sc.gfp, Gfp::io);
  if (has(sc.gfp, Gfp::fs) || swap) memory_.cache().wait_on_page_writeback(pfn);
}

void Reclaim::put_back_lump(Zone& zone, const ScanControl& sc, Lump& lump) {
  for (const Lump::One& one : lump.pages) {
    if (one.result == Result::freed) continue;
    put_back_page(zone, one.pfn, one.result, one.advanced, sc, lump.sums);
  }
  for (const std::size_t side : {0, 1}) home(zone).isolated[side] -= lump.isolated[side];
  isolators_.erase(std::find(isolators_.begin(), isolators_.end(), &core_.current()));
}

}  // namespace brink
