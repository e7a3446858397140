// Compaction: whether it is worth a try, whether it is put off, and one run over a zone
// (mm/compaction.c, Linux 4.0 and 6.1; fragmentation_index() is mm/vmstat.c).

#include "sim/mm/compaction.hpp"

#include <algorithm>

#include "sim/mm/compact_control.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr int extfrag_threshold = 500;  // sysctl_extfrag_threshold
constexpr Pfn block_pages = Pfn{1} << pageblock_order;

/// What two zones come to together. Being skipped says more than being put off in 4.0, and less
/// since then.
CompactResult better(CompactResult a, CompactResult b, bool light) {
  const auto rank = [&](CompactResult result) {
    if (light && result == CompactResult::deferred) return 1;
    if (light && result == CompactResult::skipped) return 2;
    return static_cast<int>(result);
  };
  return rank(a) < rank(b) ? b : a;
}

/// compact_gap().
constexpr Pages gap(unsigned order) { return Pages{2} << order; }

}  // namespace

Compaction::Compaction(Memory& memory) : memory_(memory), core_(memory.core()) {}

int Compaction::fragmentation_index(const Zone& zone, unsigned order) {
  Pages blocks = 0;
  for (unsigned o = 0; o <= max_order; ++o) {
    if (o >= order && zone.buddy.free_blocks(o) != 0) return -1'000;
    blocks += zone.buddy.free_blocks(o);
  }
  if (blocks == 0) return 0;
  const Pages requested = Pages{1} << order;
  return 1'000 - static_cast<int>((1'000 + zone.free() * 1'000 / requested) / blocks);
}

// --- Is it worth a try?

/// Whether so many single pages are enough, so that there is somewhere to move pages to.
bool Compaction::room_to_move(const Zone& zone, unsigned order, ZoneType class_zone,
                              Pages pages) const {
  const bool low =
      memory_.rules().compaction == Rules::Compaction::sync_light || order > costly_order;
  const Pages mark = zone.watermark(low ? Watermark::low : Watermark::min) + gap(order);
  return pages > mark + zone.lowmem_reserve[static_cast<std::size_t>(class_zone)];
}

/// compaction_suitable().
Compaction::Suitable Compaction::suitable(const Zone& zone, const CompactRequest& request,
                                          ZoneType class_zone) const {
  const Rules& rules = memory_.rules();
  const bool light = rules.compaction == Rules::Compaction::sync_light;
  const Pages mark = zone.watermark(light ? Watermark::low : request.mark);
  if (zone.watermark_ok(request.order, mark, class_zone, request.alloc_flags,
                        rules.high_order_mark)) {
    return Suitable::success;
  }
  if (!room_to_move(zone, request.order, class_zone, zone.free())) return Suitable::skipped;
  if (light || request.order > costly_order) {
    const int index = fragmentation_index(zone, request.order);
    if (index >= 0 && index <= extfrag_threshold) return Suitable::skipped;
  }
  return Suitable::go_on;
}

bool Compaction::zonelist_suitable(const CompactRequest& request) const {
  const ZoneType class_zone = memory_.zones().preferred(request.gfp).type;
  for (const Zone& zone : memory_.zones().allowed(request.gfp)) {
    if (!zone.populated()) continue;
    // All that is reclaimable will not be reclaimed for one block.
    const Pages available =
        memory_.reclaim().reclaimable_pages(zone) / std::max(1u, request.order) + zone.free();
    if (room_to_move(zone, request.order, class_zone, available)) return true;
  }
  return false;
}

bool Compaction::allowed(unsigned order, Gfp gfp) const {
  if (order == 0) return false;
  switch (memory_.rules().compaction) {
    case Rules::Compaction::none: return false;
    case Rules::Compaction::sync_light: return has(gfp, Gfp::fs | Gfp::io);
    case Rules::Compaction::priorities: return has(gfp, Gfp::io);
  }
  return false;
}

bool Compaction::untried(const CompactRequest& request) const {
  if (!allowed(request.order, request.gfp)) return false;
  const bool light = memory_.rules().compaction == Rules::Compaction::sync_light;
  const auto hardest = light || request.order > costly_order ? CompactPriority::sync_light
                                                             : CompactPriority::sync_full;
  const ZoneType class_zone = memory_.zones().preferred(request.gfp).type;
  for (const Zone& zone : memory_.zones().allowed(request.gfp)) {
    if (!zone.populated() || barren(zone, request.order, hardest)) continue;
    if (suitable(zone, request, class_zone) == Suitable::go_on) return true;
  }
  return false;
}

bool Compaction::barren(const Zone& zone, unsigned order, CompactPriority priority) const {
  const Compact& state = zone.compact;
  return state.barren == memory_.changes() &&
         state.barren_priority <= static_cast<std::uint32_t>(priority) &&
         state.barren_order <= order;
}

// --- Runs.

CompactResult Compaction::direct(const CompactRequest& request, CompactPriority priority) {
  const bool light = memory_.rules().compaction == Rules::Compaction::sync_light;
  if (!allowed(request.order, request.gfp)) return CompactResult::skipped;
  CompactResult best = CompactResult::none;
  const ZoneType class_zone = memory_.zones().preferred(request.gfp).type;
  for (auto i = static_cast<std::size_t>(class_zone) + 1; i-- > 0;) {
    Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    if (barren(zone, request.order, priority)) {
      best = better(best, CompactResult::failed, light);
      continue;
    }
    if (priority != CompactPriority::sync_full && deferred(zone, request.order)) {
      best = better(best, CompactResult::deferred, light);
      continue;
    }
    Control control{zone, request, migrate_type(request.gfp), class_zone, priority, true};
    const CompactResult result = zone_run(control);
    best = better(best, result, light);
    if (result == CompactResult::success) {
      defer_reset(zone, request.order, false);
      break;
    }
    if (priority != CompactPriority::async && result == CompactResult::failed) {
      defer(zone, request.order);
    }
    if (core_.current().has(FATAL_SIGNAL)) break;
  }
  return best;
}

CompactResult Compaction::background(Zone& zone, unsigned order, ZoneType class_zone) {
  if (deferred(zone, order)) return CompactResult::deferred;
  const CompactRequest request{order, GFP_KERNEL, Watermark::min, 0};
  Control control{zone, request, Migrate::movable, class_zone, CompactPriority::sync_light, false};
  const CompactResult result = zone_run(control);
  if (result == CompactResult::success) defer_reset(zone, order, false);
  if (result == CompactResult::failed) defer(zone, order);
  return result;
}

bool Compaction::background_suitable(unsigned order, ZoneType class_zone) const {
  const CompactRequest request{order, GFP_KERNEL, Watermark::min, 0};
  for (const Zone& zone : memory_.zones().all()) {
    if (!zone.populated() || zone.type > class_zone) continue;
    if (suitable(zone, request, class_zone) == Suitable::go_on) return true;
  }
  return false;
}

bool Compaction::worth_it(const Zone& zone, unsigned order, ZoneType class_zone) const {
  const CompactRequest request{order, GFP_KERNEL, Watermark::min, 0};
  return suitable(zone, request, class_zone) != Suitable::skipped;
}

/// compact_zone().
CompactResult Compaction::zone_run(Control& control) {
  Zone& zone = control.zone;
  switch (suitable(zone, control.request, control.class_zone)) {
    case Suitable::success: return CompactResult::success;
    case Suitable::skipped: return CompactResult::skipped;
    case Suitable::go_on: break;
  }
  Compact& state = zone.compact;
  const auto how = static_cast<std::uint8_t>(control.priority);
  if (barren(zone, control.request.order, control.priority)) return CompactResult::failed;
  ++memory_.counters().compactions;
  const bool restarting = control.request.order >= state.order_failed &&
                          state.defer_shift == compact_max_defer_shift &&
                          state.considered >= 1u << state.defer_shift;
  if (restarting && control.direct) clear_skipped(zone);
  start(control);
  CompactResult result = CompactResult::none;
  while (!finished(control, result)) {
    if (collect_movable(control)) move_all(control);
    if (control.aborted) result = CompactResult::contended;
    if (control.aborted) break;
  }
  release_free(control);
  if (control.moved == 0 && result == CompactResult::failed) {
    state.barren = memory_.changes();
    state.barren_priority = how;
    state.barren_order = control.request.order;
  }
  return result;
}

/// Where earlier runs have left off; a run that ignores what they learnt takes the whole zone.
void Compaction::start(Control& control) const {
  const Zone& zone = control.zone;
  const Compact& state = zone.compact;
  control.migrate = zone.begin;
  control.free = zone.end;
  if (!control.ignores_skip() && state.free != 0) {
    const Pfn cached = state.migrate[control.async() ? 0 : 1];
    if (cached >= zone.begin && cached < zone.end) control.migrate = cached;
    if (state.free > zone.begin && state.free <= zone.end) control.free = state.free;
  }
}

/// __compact_finished(): true if the run is over, with its result.
bool Compaction::finished(Control& control, CompactResult& result) {
  if (core_.current().has(FATAL_SIGNAL)) {
    result = CompactResult::contended;
    return true;
  }
  if (control.free <= control.migrate) {
    meet(control);
    result = CompactResult::failed;
    return true;
  }
  if (!would_serve(control)) return false;
  result = CompactResult::success;
  return true;
}

/// The scanners have met: the next run begins anew, and kswapd is to clear what was learnt.
void Compaction::meet(Control& control) {
  Compact& state = control.zone.compact;
  state.migrate = {control.zone.begin, control.zone.begin};
  state.free = control.zone.end;
  if (control.direct) state.flush = true;
}

/// Whether the request would find a block by now.
bool Compaction::would_serve(const Control& control) const {
  const Zone& zone = control.zone;
  const unsigned order = control.request.order;
  const Rules& rules = memory_.rules();
  if (rules.compaction == Rules::Compaction::sync_light) {
    if (!zone.watermark_ok(order, zone.watermark(Watermark::low), control.class_zone,
                           control.request.alloc_flags, rules.high_order_mark)) {
      return false;
    }
  } else if (control.migrate % block_pages != 0) {
    return false;  // The pageblock is finished first, so that fewer are mixed.
  }
  return zone.buddy.would_serve(order, control.type);
}

}  // namespace brink
