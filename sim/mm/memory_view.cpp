// What the memory looks like from outside: for policies, watchers and reports.

#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

MemoryView Memory::view(Gfp gfp, std::vector<ZoneView>& zones) const {
  zones.clear();
  MemoryView view;
  for (const Zone& zone : zones_.allowed(gfp)) {
    if (!zone.populated()) continue;
    zones.push_back({zone.name(), zone.managed, zone.free(), zone.watermark(Watermark::min),
                     zone.watermark(Watermark::low), zone.watermark(Watermark::high)});
    view.total += zone.managed;
  }
  view.zones = zones;
  view.swap_total = swap_->usable() ? swap_->map().total() : 0;
  view.swap_free = swap_->free();
  view.total += view.swap_total;
  view.anon = stat_.of(PageKind::anon);
  view.file = stat_.of(PageKind::file);
  view.shmem = stat_.of(PageKind::shmem);
  view.slab = stat_.of(PageKind::slab);
  view.dirty = stat_.dirty;
  view.writeback = stat_.writeback;
  return view;
}

Exhaustion Memory::exhaustion(ReclaimClass rights, Gfp gfp, bool detail) const {
  Exhaustion out = reclaim_->exhaustion(rights, gfp);
  if (detail) reclaim_->explain(gfp, out);
  return out;
}

Nanos Memory::would_kill(const OomRequest& request) const { return oom_->would_kill(request); }

void Memory::add_to(Counters& counters) const {
  constexpr std::uint64_t Counters::*own[] = {
      &Counters::page_touches,
      &Counters::allocations,
      &Counters::slab_allocations,
      &Counters::slow_path,
      &Counters::rounds,
      &Counters::questions,
      &Counters::oom_rounds,
      &Counters::oom_kills,
      &Counters::failures_warned,
      &Counters::pages_scanned,
      &Counters::pages_reclaimed,
      &Counters::swap_outs,
      &Counters::swap_ins,
      &Counters::direct_reclaims,
      &Counters::kswapd_wakeups,
      &Counters::kswapd_low_wmark_hit_quickly,
      &Counters::kswapd_high_wmark_hit_quickly,
      &Counters::direct_stalls,
      &Counters::direct_stall_time,
      &Counters::kswapd_stalls,
      &Counters::kswapd_stall_time,
      &Counters::compactions,
      &Counters::compact_scanned,
      &Counters::pages_migrated,
      &Counters::kswapd_wakes,
  };
  for (const auto counter : own) counters.*counter += counters_.*counter;
  failures_.add_to(counters);
}

}  // namespace brink
