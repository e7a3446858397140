// Moving pages (mm/migrate.c: migrate_pages, Linux 4.0). Left out: waiting for locks and writeback,
// which only compaction that an administrator asked for does; huge pages, balloon pages, NUMA.

#include "sim/mm/compact_control.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/migrate.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

void Compaction::move_all(Control& control) {
  collect_free(control);
  std::uint64_t mix = 0;
  Pages moved = 0;
  for (const Pfn pfn : control.movable_pages) {
    if (!control.free_pages.empty() &&
        migrate_page(memory_, pfn, control.free_pages.back(), control.request.gfp)) {
      --control.zone.isolated[memory_.page(control.free_pages.back()).file_cache()];
      mix = mix * 0x9e3779b97f4a7c15u + (std::uint64_t{pfn} << 32 | control.free_pages.back());
      control.free_pages.pop_back();
      core_.charge(core_.costs().compact_page);
      ++moved;
      continue;
    }
    put_back(control, pfn);
  }
  // Out of targets while the scanners have not met: somebody else may have taken them.
  if (control.free_pages.empty() && moved < control.movable_pages.size() &&
      control.free > control.migrate) {
    control.aborted = moved == 0;
  }
  control.movable_pages.clear();
  control.moved += moved;
  memory_.counters().pages_migrated += moved;
  if (moved == 0) return;
  // What was freed merges only in the buddy system.
  memory_.allocator().drain_local();
  core_.note(EventKind::page_list,
             std::uint64_t{4} << 34 | static_cast<std::uint64_t>(control.zone.type) << 32 | moved,
             mix);
}

/// putback_movable_pages(): the page stays where it is.
void Compaction::put_back(Control& control, Pfn pfn) {
  --control.zone.isolated[memory_.page(pfn).file_cache()];
  if (memory_.reclaim().end_isolation(pfn)) memory_.reclaim().add(pfn);
}

void Compaction::release_free(Control& control) {
  Compact& state = control.zone.compact;
  for (const Pfn pfn : control.free_pages) {
    const Pfn block = pfn & ~((Pfn{1} << pageblock_order) - 1);
    // The next run looks here again.
    if (state.free != 0 && block > state.free) state.free = block;
    memory_.allocator().free(pfn, 0);
  }
  control.free_pages.clear();
}

}  // namespace brink
