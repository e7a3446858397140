// Direct reclaim: priorities, zones, and when to stop (mm/vmscan.c, Linux 4.0).

#include "sim/mm/vmscan.hpp"

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/locking/lockdep.hpp"
#include "sim/locking/poll.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/lock_demands.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"

namespace brink {

Reclaim::Reclaim(Memory& memory)
    : memory_(memory), core_(memory.core()), shrinkers_(memory),
      throttled_(memory.core(), "pfmemalloc_wait") {}

void Reclaim::resched() {
  if (!rehearsing_) core_.cond_resched();
}

void Reclaim::charge(Nanos cost) {
  if (!rehearsing_) core_.charge(cost);
}

Pages Reclaim::direct(unsigned order, Gfp gfp) {
  core_.cond_resched();
  const FsReclaim lockdep(memory_.locks(), gfp);
  Task& me = core_.current();
  me.set(PF_MEMALLOC);
  ReclaimState state;
  memory_.set_reclaim_state(me, &state);
  Pages progress = 0;
  {
    const LockDemands demands(memory_, LockPoint::reclaim);
    progress = throttle(gfp) ? 1 : try_to_free_pages(order, gfp);
  }
  memory_.set_reclaim_state(me, nullptr);
  me.clear(PF_MEMALLOC);
  core_.cond_resched();
  return progress;
}

Pages Reclaim::try_to_free_pages(unsigned order, Gfp gfp) {
  ScanControl sc;
  sc.gfp = gfp;
  sc.order = order;
  return do_try_to_free_pages(sc);
}

void Reclaim::rehearse(unsigned order, Gfp gfp) {
  rehearsing_ = true;
  const Pages progress = try_to_free_pages(order, gfp);
  rehearsing_ = false;
  BRINK_ASSERT(progress == 0);
}

Pages Reclaim::do_try_to_free_pages(ScanControl& sc) {
  bool reclaimable = false;
  // A sweep that freed nothing is made twice: the second may go below what memory cgroups protect,
  // and 4.0 makes it without any.
  for (int sweep = 0; sweep < 2 && sc.nr_reclaimed == 0; ++sweep) {
    Pages total_scanned = 0;
    for (sc.priority = def_priority; sc.priority >= 0; --sc.priority) {
      sc.nr_scanned = 0;
      reclaimable = shrink_zones(sc);
      total_scanned += sc.nr_scanned;
      if (sc.nr_reclaimed >= sc.nr_to_reclaim) break;
      if (total_scanned > sc.nr_to_reclaim + sc.nr_to_reclaim / 2 &&
          memory_.flushers() != nullptr && !rehearsing_) {
        memory_.flushers()->wake(total_scanned);
      }
    }
  }
  flush_record();
  if (sc.nr_reclaimed != 0) return sc.nr_reclaimed;
  return reclaimable ? 1 : 0;
}

bool Reclaim::shrink_zones(ScanControl& sc) {
  bool reclaimable = false;
  Zones& zones = memory_.zones();
  const Zone& preferred = zones.preferred(sc.gfp);
  for (auto i = static_cast<std::size_t>(preferred.type) + 1; i-- > 0;) {
    Zone& zone = zones.all()[i];
    if (!zone.populated()) continue;
    if (sc.priority != def_priority && !zone_reclaimable(zone)) continue;
    const Pages before = sc.nr_reclaimed;
    shrink_zone(zone, sc, &zone == &preferred);
    if (sc.nr_reclaimed != before || zone_reclaimable(zone)) reclaimable = true;
  }
  return reclaimable;
}

void Reclaim::shrink_zone(Zone& zone, ScanControl& sc, bool class_zone) {
  const Pages scanned = sc.nr_scanned;
  Pages lru_pages = 0;
  shrink_lruvec(zone, sc, lru_pages);
  if (class_zone && !rehearsing_) shrinkers_.shrink(sc.gfp, sc.nr_scanned - scanned, lru_pages);
  if (ReclaimState* state = memory_.reclaim_state(core_.current())) {
    sc.nr_reclaimed += state->slab;
    state->slab = 0;
  }
}

void Reclaim::shrink_lruvec(Zone& zone, ScanControl& sc, Pages& lru_pages) {
  Counts nr{};
  lru_pages = get_scan_count(zone, sc, nr);
  const Counts targets = nr;
  // Direct reclaim at the first priority does a batch of everything, however much it gets.
  bool adjusted = !sc.kswapd && sc.priority == def_priority;
  Pages reclaimed = 0;
  if (!rehearsing_) memory_.swap().plug();
  while (nr[0] != 0 || nr[2] != 0 || nr[3] != 0) {
    for (std::size_t i = 0; i < lru_lists; ++i) {
      if (nr[i] == 0) continue;
      const Pages batch = std::min(nr[i], swap_cluster_max);
      nr[i] -= batch;
      reclaimed += shrink_list(zone, static_cast<Lru>(i), batch, sc);
    }
    if (reclaimed < sc.nr_to_reclaim || adjusted) continue;
    if (nr[0] + nr[1] == 0 || nr[2] + nr[3] == 0) break;
    rebalance(nr, targets);
    adjusted = true;
  }
  if (!rehearsing_) memory_.swap().unplug();
  sc.nr_reclaimed += reclaimed;
  if (inactive_is_low(zone, false))
    shrink_active_list(zone, Lru::active_anon, swap_cluster_max, sc);
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
}

Pages Reclaim::shrink_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc) {
  if (!is_active(lru)) return shrink_inactive_list(zone, lru, nr, sc);
  if (inactive_is_low(zone, is_file(lru))) shrink_active_list(zone, lru, nr, sc);
  return 0;
}

// --- throttle_direct_reclaim(): waiting for kswapd while the reserve is nearly used up.

bool Reclaim::reserve_ok() const {
  Pages reserve = 0;
  for (const Zone& zone : memory_.zones().all()) reserve += zone.watermark(Watermark::min);
  return memory_.free_pages() > reserve / 2;
}

void Reclaim::wake_throttled(bool all) {
  if (throttled_.has_waiters() && (all || reserve_ok())) throttled_.wake_up_all();
}

/// True if the task was killed meanwhile, and reclaim must not be entered.
bool Reclaim::throttle(Gfp gfp) {
  const Task& me = core_.current();
  if (me.has(PF_KTHREAD) || me.has(FATAL_SIGNAL) || !memory_.kswapd().running()) return false;
  const auto recovered = [this] {
    if (reserve_ok()) return true;
    memory_.kswapd().wake();
    return false;
  };
  if (recovered()) return false;
  if (!has(gfp, Gfp::fs)) {
    // It may hold what kswapd waits for: not for long.
    static_cast<void>(
        throttled_.wait(recovered, WaitMode::interruptible, core_.now() + seconds, false));
  } else {
    const MemoryWait wait(memory_, MemoryWait::Asker::throttle, site::kernel_boot, 0, gfp);
    const UnlimitedLoop loop(core_, wait);
    static_cast<void>(throttled_.wait_event_killable(recovered));
  }
  return me.has(FATAL_SIGNAL);
}

}  // namespace brink
