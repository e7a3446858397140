// One zone, or the node zone by zone: list after list in batches (mm/vmscan.c: shrink_zone(), Linux
// 2.6.30 to 4.0; shrink_node(), 6.1).

#include <algorithm>

#include "sim/mm/kswapd.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"

namespace brink {

/// shrink_slab() follows where the kernel has it: after all zones, after the highest, or after the
/// node's lists.
void Reclaim::shrink_zone(Zone& zone, ScanControl& sc, bool class_zone) {
  Pages before = 0;
  do {
    before = sc.nr_reclaimed;
    shrink_zone_once(zone, sc, class_zone);
  } while (!node() && continues_for_compaction(sc, zone.type, zone.type, sc.nr_reclaimed - before));
}

void Reclaim::shrink_zone_once(Zone& zone, ScanControl& sc, bool class_zone) {
  const Pages scanned = sc.nr_scanned;
  Pages lru_pages = 0;
  shrink_lruvec(zone, sc, lru_pages);
  if (!zone.parts.empty()) shrink_parts(zone, sc, lru_pages);
  const bool later = memory_.rules().shrinker_share == Rules::ShrinkerShare::all_zones;
  if (later && sc.kswapd) {
    sc.slab_freed = shrink_slab(sc, sc.nr_scanned - scanned, sc.lru_pages);
  } else if (!later && class_zone) {
    sc.slab_freed = shrink_slab(sc, sc.nr_scanned - scanned, lru_pages);
  }
  if (ReclaimState* state = memory_.reclaim_state(core_.current())) {
    sc.nr_reclaimed += state->slab;
    state->slab = 0;
  }
}

void Reclaim::shrink_node(ZoneType highest, ScanControl& sc) {
  const Pages at_first = sc.nr_reclaimed;
  Pages before = 0;
  do {
    before = sc.nr_reclaimed;
    shrink_node_once(highest, sc);
  } while (continues_for_compaction(sc, ZoneType::dma, highest, sc.nr_reclaimed - before));
  if (sc.nr_reclaimed != at_first) memory_.kswapd().take_heart();
}

void Reclaim::shrink_node_once(ZoneType highest, ScanControl& sc) {
  prepare_scan_count(sc);
  const auto last = static_cast<std::size_t>(highest);
  sc.lru_pages = 0;
  for (std::size_t i = 0; i <= last; ++i) {
    sc.lru_pages += reclaimable_pages(memory_.zones().all()[i]);
  }
  for (std::size_t i = last + 1; i-- > 0;) {
    Zone& zone = memory_.zones().all()[i];
    if (zone.populated()) shrink_zone(zone, sc, i == last);
  }
  if (!sc.kswapd && memory_.rules().shrinker_share == Rules::ShrinkerShare::all_zones) {
    static_cast<void>(shrink_slab(sc, sc.nr_scanned, sc.lru_pages));
  }
  settle_node(sc);
}

/// What all that was taken says about the node; only with Stall::reasons.
void Reclaim::settle_node(ScanControl& sc) {
  if (memory_.rules().stall != Rules::Stall::reasons || rehearsing_) return;
  const StateCounts states = sc.states;
  const Pages immediate = sc.immediate;
  sc.states = {};
  sc.immediate = 0;
  unsigned flags = 0;
  if (sc.kswapd) {
    if (states.writeback != 0 && states.writeback == states.taken) flags |= ZONE_WRITEBACK;
    if (states.unqueued == states.taken) flags |= ZONE_DIRTY;
    if (states.dirty != 0 && states.dirty == states.congested) flags |= ZONE_CONGESTED;
  }
  bool congested = false;
  for (Zone& zone : memory_.zones().all()) {
    if ((zone.flags | flags) != zone.flags) memory_.changed();
    zone.flags = static_cast<std::uint8_t>(zone.flags | flags);
    congested = congested || (zone.flags & ZONE_CONGESTED) != 0;
  }
  if (immediate != 0) reasons_.wait(ReclaimThrottle::Reason::writeback);
  if (!sc.kswapd && congested) reasons_.wait(ReclaimThrottle::Reason::congested);
}

/// consider_reclaim_throttle(): those that get on let others go on; who gets nowhere waits.
void Reclaim::consider_throttle(const ScanControl& sc) {
  if (memory_.rules().stall != Rules::Stall::reasons || rehearsing_) return;
  using Reason = ReclaimThrottle::Reason;
  if (sc.nr_reclaimed > sc.nr_scanned >> 3) return reasons_.wake(Reason::no_progress);
  if (sc.priority == 1 && sc.nr_reclaimed == 0) reasons_.wait(Reason::no_progress);
}

void Reclaim::shrink_lruvec(Zone& zone, ScanControl& sc, Pages& lru_pages) {
  const Rules& rules = memory_.rules();
  const bool percent = rules.scan_balance == Rules::ScanBalance::percent;
  Counts nr{};
  lru_pages = percent ? get_scan_percent(zone, sc, nr) : get_scan_count(zone, sc, nr);
  if (!rehearsing_) memory_.swap().plug();
  sc.nr_reclaimed += shrink_batches(zone, nr, sc);
  if (!rehearsing_) memory_.swap().unplug();
  if (inactive_is_low(zone, false)) {
    shrink_active_list(zone, Lru::active_anon, swap_cluster_max, sc);
  }
  const bool throttles = rules.stall != Rules::Stall::reasons;
  if (throttles && memory_.flushers() != nullptr && !rehearsing_) {
    memory_.flushers()->throttle_vm_writeout(sc.gfp);
  }
}

Pages Reclaim::shrink_batches(Zone& zone, Counts& nr, ScanControl& sc) {
  const bool percent = memory_.rules().scan_balance == Rules::ScanBalance::percent;
  const Counts targets = nr;
  // Direct reclaim at the first priority does a batch of everything, however much it gets.
  bool adjusted = !sc.kswapd && sc.priority == def_priority;
  Pages reclaimed = 0;
  while (nr[0] != 0 || nr[2] != 0 || nr[3] != 0) {
    for (std::size_t i = 0; i < lru_lists; ++i) {
      if (nr[i] == 0) continue;
      const Pages batch = std::min(nr[i], swap_cluster_max);
      nr[i] -= batch;
      reclaimed += shrink_list(zone, static_cast<Lru>(i), batch, sc);
    }
    if (percent) {
      // 2.6.3x: what other zones gave counts, and kswapd does all that it set out to do.
      const bool plenty = sc.nr_reclaimed + reclaimed > swap_cluster_max;
      if (plenty && !sc.kswapd && sc.priority < def_priority) break;
      continue;
    }
    if (reclaimed < sc.nr_to_reclaim || adjusted) continue;
    if (nr[0] + nr[1] == 0 || nr[2] + nr[3] == 0) break;
    rebalance(nr, targets);
    adjusted = true;
  }
  return reclaimed;
}

/// Enough was reclaimed: the side of which less is left is left alone, and of the other one as
/// large a part is still looked at as was of the first.
void Reclaim::rebalance(Counts& nr, const Counts& targets) const {
  const bool more_file = nr[2] + nr[3] > nr[0] + nr[1];
  const std::size_t small = more_file ? 0 : 2;
  const std::size_t large = more_file ? 2 : 0;
  const Pages left = (nr[small] + nr[small + 1]) * 100 / (targets[small] + targets[small + 1] + 1);
  nr[small] = nr[small + 1] = 0;
  for (std::size_t i = large; i < large + 2; ++i) {
    const Pages scanned = targets[i] - nr[i];
    nr[i] = targets[i] * (100 - left) / 100;
    nr[i] -= std::min(nr[i], scanned);
  }
}

void Reclaim::age_active_anon(Zone& zone, ScanControl& sc) {
  if (inactive_is_low(zone, false))
    shrink_active_list(zone, Lru::active_anon, swap_cluster_max, sc);
  for (auto& part : zone.parts) age_active_anon(*part, sc);
}

Pages Reclaim::shrink_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc) {
  if (!is_active(lru)) return shrink_inactive_list(zone, lru, nr, sc);
  const bool file = is_file(lru);
  switch (memory_.rules().scan_balance) {
    case Rules::ScanBalance::cost:
      if (sc.may_deactivate[file]) {
        shrink_active_list(zone, lru, nr, sc);
      } else {
        sc.skipped_deactivate = true;
      }
      return 0;
    case Rules::ScanBalance::percent:
      // The turn of active pages that are to stay is another one for the inactive ones.
      if (!inactive_is_low(zone, file)) {
        return shrink_inactive_list(zone, file ? Lru::inactive_file : Lru::inactive_anon, nr, sc);
      }
      break;
    case Rules::ScanBalance::rotation:
      if (!inactive_is_low(zone, file)) return 0;
      break;
  }
  shrink_active_list(zone, lru, nr, sc);
  return 0;
}

}  // namespace brink
