// Whether reclaim has tried all that it can reach, by what each kernel's sweeps reach.

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

/// Whether sweeps come to the active pages of a side: when there are too few inactive ones; where a
/// sweep in vain is followed by one that spares no active page; or by taking whole neighbourhoods.
bool Reclaim::reaches_active(const Zone& zone, bool file, unsigned order) const {
  const Rules& rules = memory_.rules();
  const bool forced =
      rules.scan_balance == Rules::ScanBalance::cost && rules.progress != Rules::Progress::enough;
  return forced || (order != 0 && rules.lumpy_reclaim) || inactive_is_low(zone, file);
}

/// Whether the zone is only glanced at, and the list too short for any of its pages to be seen.
bool Reclaim::below_a_glance(const Zone& zone, Lru lru) const {
  const Rules& rules = memory_.rules();
  return rules.progress == Rules::Progress::enough &&
         rules.kswapd_aim == Rules::KswapdAim::every_zone &&
         rules.scan_balance == Rules::ScanBalance::percent && passed_over(home(zone)) &&
         zone.lru_size(lru) >> def_priority == 0;
}

/// Whether everything on one side that a sweep can reach was tried.
bool Reclaim::side_tried(const Zone& zone, bool file, ReclaimClass rights, unsigned order,
                         Exhaustion& out) const {
  const Lru inactive = file ? Lru::inactive_file : Lru::inactive_anon;
  const Lru active = file ? Lru::active_file : Lru::active_anon;
  const auto c = static_cast<std::size_t>(rights);
  const bool current = zone.tried.generation == memory_.generation();
  const auto done = [&](Lru lru) {
    return current ? zone.tried.pages[static_cast<std::size_t>(lru)][c] : 0;
  };
  const auto reachable = [&](Lru lru, bool reached) {
    return reached && !below_a_glance(zone, lru) ? zone.lru_size(lru) : done(lru);
  };
  const Pages reach =
      reachable(inactive, true) + reachable(active, reaches_active(zone, file, order));
  const Pages tried_pages = done(inactive) + done(active);
  out.tried += tried_pages;
  out.untried += reach - std::min(reach, tried_pages);
  return tried_pages >= reach;
}

bool Reclaim::lists_tried(const Zone& zone, ReclaimClass rights, unsigned order,
                          Exhaustion& out) const {
  const bool file = side_tried(zone, true, rights, order, out);
  if (memory_.swap().free() == 0) return file;
  return side_tried(zone, false, rights, order, out) && file;
}

/// Whether sweeps still go to all of their priorities somewhere among these zones.
bool Reclaim::sweeps_fully(Gfp gfp) const {
  const Rules::Progress progress = memory_.rules().progress;
  if (progress == Rules::Progress::freed) return true;
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    if (zone.populated() && !passed_over(zone)) return true;
  }
  return false;
}

/// Whether shrinkers have nothing more for such reclaimers. Once every zone is only glanced at,
/// nobody looks at more than a batch of each list's pages at a time, and shrinkers are asked in
/// proportion: by direct reclaimers for the zone that they would rather have or for all, by kswapd
/// for the highest that is below its mark.
bool Reclaim::shrinkers_barren(Gfp gfp) const {
  if (sweeps_fully(gfp)) return shrinkers_.barren(gfp, swap_cluster_max, 0);
  const bool swap = memory_.swap().free() != 0;
  const Zone& preferred = memory_.zones().preferred(gfp);
  const bool all_zones = memory_.rules().shrinker_share == Rules::ShrinkerShare::all_zones;
  Pages least = reclaimable_pages(preferred);
  Pages most = 0;
  bool below_mark = false;
  for (auto i = static_cast<std::size_t>(preferred.type) + 1; i-- > 0;) {
    const Zone& zone = memory_.zones().all()[i];
    if (!zone.populated()) continue;
    // Saved up to a batch, and each page counted twice at most.
    for (const LruList& list : zone.lru)
      most += 2 * (swap_cluster_max + (list.size >> def_priority));
    for (const auto& part : zone.parts) {
      for (const LruList& list : part->lru)
        most += 2 * (swap_cluster_max + (list.size >> def_priority));
    }
    if (below_mark || zone.free() > zone.watermark(Watermark::high)) continue;
    below_mark = true;
    least = std::min(least, reclaimable_pages(zone));
  }
  if (!all_zones) most = swap_cluster_max + (swap ? 2 * swap_cluster_max : 0);
  return shrinkers_.barren(gfp, most, least);
}

/// Whether one more fruitless round of direct reclaim would leave the shrinkers as they are.
bool Reclaim::shrinkers_steady(Gfp gfp) const {
  const Zone& preferred = memory_.zones().preferred(gfp);
  if (!passed_over(preferred) || memory_.rules().progress == Rules::Progress::freed) {
    return shrinkers_.steady(gfp, swap_cluster_max, 0);
  }
  Pages eligible = reclaimable_pages(preferred);
  if (memory_.rules().shrinker_share == Rules::ShrinkerShare::all_zones) {
    eligible = 0;
    for (const Zone& zone : memory_.zones().allowed(gfp)) eligible += reclaimable_pages(zone);
  }
  return shrinkers_.steady(gfp, swap_cluster_max, eligible);
}

bool Reclaim::exhausted(ReclaimClass rights, Gfp gfp, unsigned order) const {
  const bool counts = memory_.rules().progress == Rules::Progress::reclaimable;
  Exhaustion out;
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    if (counts && zone.populated() && zone_reclaimable(zone)) return false;
    if (!side_tried(zone, true, rights, order, out)) return false;
    if (memory_.swap().free() == 0) continue;
    if (!side_tried(zone, false, rights, order, out)) return false;
  }
  return shrinkers_barren(gfp);
}

/// The number of pages scanned decides in kernels that call it progress. In others a sweep that
/// freed nothing is all there is to it: retries are counted by the request itself.
Exhaustion Reclaim::exhaustion(ReclaimClass rights, Gfp gfp, unsigned order) const {
  Exhaustion out;
  const bool counts = memory_.rules().progress == Rules::Progress::reclaimable;
  bool tried_all = true;
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    out.counting = out.counting || (counts && zone.populated() && zone_reclaimable(zone));
    tried_all = lists_tried(zone, rights, order, out) && tried_all;
    for (const auto& part : zone.parts) {
      tried_all = lists_tried(*part, rights, order, out) && tried_all;
    }
  }
  out.shrinkers_left = !shrinkers_barren(gfp);
  out.exhausted = tried_all && !out.counting && !out.shrinkers_left;
  return out;
}

}  // namespace brink
