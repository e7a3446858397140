// Direct reclaim: priorities, zones, and when to stop (mm/vmscan.c, Linux 2.6.30 to 6.1).

#include "sim/mm/vmscan.hpp"

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/locking/lockdep.hpp"
#include "sim/locking/poll.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/lock_demands.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

Reclaim::Reclaim(Memory& memory)
    : memory_(memory),
      core_(memory.core()),
      shrinkers_(memory),
      reasons_(memory),
      stable_(memory.config().memcgs.size()),
      vmstat_(memory),
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

Pages Reclaim::rehearse(unsigned order, Gfp gfp) {
  rehearsing_ = true;
  const Pages progress = try_to_free_pages(order, gfp);
  rehearsing_ = false;
  return progress;
}

/// Linux 2.6.3x makes one sweep and is content with nothing less than a batch once kswapd has given
/// up every zone. 4.0 makes a second one, that may go below what memory cgroups protect, without
/// any. 6.1 makes it where active pages were spared in the first.
Pages Reclaim::do_try_to_free_pages(ScanControl& sc) {
  if (!rehearsing_ && sc.memcg == 0) ++memory_.counters().direct_reclaims;
  const Rules::Progress progress = memory_.rules().progress;
  bool promising = sweep(sc);
  const bool again = progress == Rules::Progress::reclaimable ||
                     (progress == Rules::Progress::freed && sc.skipped_deactivate);
  if (again && sc.nr_reclaimed == 0) {
    sc.force_deactivate = true;
    promising = sweep(sc);
  }
  flush_record();
  if (progress == Rules::Progress::enough) {
    return sc.nr_reclaimed >= sc.nr_to_reclaim || promising ? sc.nr_reclaimed : 0;
  }
  if (sc.nr_reclaimed != 0) return sc.nr_reclaimed;
  return progress == Rules::Progress::reclaimable && promising ? 1 : 0;
}

/// From priority 12 to 0; whether the last one found a zone that is worth it.
bool Reclaim::sweep(ScanControl& sc) {
  const Rules::Stall stall = memory_.rules().stall;
  bool promising = false;
  Pages total_scanned = 0;
  std::uint64_t nothing_left = ~std::uint64_t{0};  // as of these changes
  for (sc.priority = def_priority; sc.priority >= 0; --sc.priority) {
    sc.nr_scanned = 0;
    if (nothing_left == memory_.changes()) {
      promising = false;
    } else {
      promising = shrink_zones(sc);
      if (leaves_all(sc)) nothing_left = memory_.changes();
    }
    total_scanned += sc.nr_scanned;
    if (sc.nr_reclaimed >= sc.nr_to_reclaim) break;
    if (total_scanned > sc.nr_to_reclaim + sc.nr_to_reclaim / 2 && stall != Rules::Stall::reasons &&
        memory_.flushers() != nullptr && !rehearsing_) {
      memory_.flushers()->wake(total_scanned);
    }
    const bool low = sc.priority < def_priority - 2;
    if (stall == Rules::Stall::each_priority && low && sc.nr_scanned != 0) nap(100 * ms);
  }
  return promising;
}

/// Whether the lower priorities, too, leave all zones alone until something changes.
bool Reclaim::leaves_all(const ScanControl& sc) const {
  const Rules& rules = memory_.rules();
  if (rules.progress == Rules::Progress::freed || rules.stall == Rules::Stall::reasons ||
      rules.shrinker_share == Rules::ShrinkerShare::all_zones) {
    return false;
  }
  const std::span<const Zone> zones = memory_.zones().allowed(sc.gfp);
  return std::all_of(zones.begin(), zones.end(),
                     [this](const Zone& zone) { return !zone.populated() || passed_over(zone); });
}

bool Reclaim::node() const { return memory_.rules().kswapd_aim == Rules::KswapdAim::node; }

bool Reclaim::shrink_zones(ScanControl& sc) {
  Zones& zones = memory_.zones();
  const Zone& preferred = zones.preferred(sc.gfp);
  const Rules& rules = memory_.rules();
  if (sc.memcg != 0) {
    shrink_memcgs(sc);
    return false;
  }
  if (rules.progress == Rules::Progress::freed) {
    shrink_node(preferred.type, sc);
    consider_throttle(sc);
    return false;
  }
  sc.lru_pages = 0;
  if (rules.shrinker_share == Rules::ShrinkerShare::all_zones) {
    for (const Zone& zone : zones.allowed(sc.gfp)) {
      if (zone.populated()) sc.lru_pages += reclaimable_pages(zone);
    }
  }
  bool promising = false;
  prepare_scan_count(sc);
  for (auto i = static_cast<std::size_t>(preferred.type) + 1; i-- > 0;) {
    Zone& zone = zones.all()[i];
    if (!zone.populated()) continue;
    if (sc.priority != def_priority && passed_over(zone)) continue;
    const Pages before = sc.nr_reclaimed;
    shrink_zone(zone, sc, &zone == &preferred);
    const bool counts = rules.progress == Rules::Progress::enough || zone_reclaimable(zone);
    if (sc.nr_reclaimed != before || counts) promising = true;
  }
  if (rules.shrinker_share == Rules::ShrinkerShare::all_zones) {
    static_cast<void>(shrink_slab(sc, sc.nr_scanned, sc.lru_pages));
  }
  settle_node(sc);
  return promising;
}

std::uint64_t Reclaim::shrink_slab(ScanControl& sc, Pages scanned, Pages lru_pages) {
  if (rehearsing_) return 0;
  const std::uint64_t freed = shrinkers_.shrink(sc.gfp, scanned, lru_pages, sc.priority);
  if (ReclaimState* state = memory_.reclaim_state(core_.current())) {
    sc.nr_reclaimed += state->slab;
    state->slab = 0;
  }
  return freed;
}

void Reclaim::nap(Nanos timeout) {
  if (rehearsing_) return;
  const bool kswapd = core_.current().has(PF_KSWAPD);
  CongestionClass of = memory_.policies().reclaim->congestion_class();
  // Patch 3 of November 2009 left kswapd's waits alone.
  if (kswapd && of == CongestionClass::both) of = CongestionClass::async;
  const Nanos before = core_.now();
  memory_.congestion().wait(of, timeout);
  count_stall(core_.now() - before);
}

void Reclaim::count_stall(Nanos time) {
  Counters& counters = memory_.counters();
  const bool kswapd = core_.current().has(PF_KSWAPD);
  ++(kswapd ? counters.kswapd_stalls : counters.direct_stalls);
  (kswapd ? counters.kswapd_stall_time : counters.direct_stall_time) += time;
}

// --- throttle_direct_reclaim(): waiting for kswapd while the reserve is nearly used up.

bool Reclaim::reserve_ok() const {
  if (memory_.rules().reserve_throttle == Rules::ReserveThrottle::none) return true;
  if (memory_.kswapd().hopeless()) return true;
  Pages reserve = 0, free = 0;
  for (const Zone& zone : memory_.zones().all()) {
    // Since 4.12 zones without anything to reclaim do not count.
    if (node() && reclaimable_pages(zone) == 0) continue;
    reserve += zone.watermark(Watermark::min);
    free += zone.free();
  }
  return free > reserve / 2 || reserve == 0;
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
