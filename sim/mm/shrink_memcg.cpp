// Reclaim and memory cgroups (mm/vmscan.c: shrink_zone(), try_to_free_mem_cgroup_pages(), Linux
// 2.6.32, 4.0 and 6.1). Whoever reclaims for the machine goes through the root's lists of a zone
// and then those of each group, in the order of the file; whoever reclaims for a group through its
// own and those of the groups in it. Left out: where the next reclaimer goes on (mem_cgroup_iter's
// cookies), protected groups, and the caches besides the lists, whose objects are not charged.

#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

/// The zone that a group's share is a share of.
Zone& Reclaim::home(const Zone& part) const { return memory_.zones()[part.type]; }

/// Where the page is listed, or is to be.
Zone& Reclaim::lists_of(Pfn page) const {
  if (const Memcgs* const groups = memory_.memcgs()) [[unlikely]]
    return groups->lists_of(page);
  return memory_.zones().of(page);
}

/// What was found out about a zone is found out by its groups together.
void Reclaim::shrink_parts(Zone& zone, ScanControl& sc, Pages& lru_pages) {
  for (auto& part : zone.parts) {
    Pages pages = 0;
    part->flags = zone.flags;
    shrink_lruvec(*part, sc, pages);
    lru_pages += pages;
    zone.flags |= part->flags;
  }
}

void Reclaim::shrink_memcgs(ScanControl& sc) {
  const Memcgs& groups = *memory_.memcgs();
  prepare_scan_count(sc);
  for (std::size_t i = zone_types; i-- > 0;) {
    for (auto& part : memory_.zones().all()[i].parts) {
      if (!groups.within(part->memcg, sc.memcg)) continue;
      Pages lru_pages = 0;
      part->flags = 0;
      shrink_lruvec(*part, sc, lru_pages);
      if (sc.nr_reclaimed >= sc.nr_to_reclaim) return;
    }
  }
}

/// prepare_scan_count() as it is for a group.
void Reclaim::prepare_memcg_scan(ScanControl& sc) {
  const Memcgs& groups = *memory_.memcgs();
  Pages inactive_file = 0;
  sc.may_deactivate = {sc.force_deactivate, sc.force_deactivate};
  for (const auto& part : memory_.zones().all()[0].parts) {
    if (!groups.within(part->memcg, sc.memcg)) continue;
    for (const bool file : {false, true}) {
      sc.may_deactivate[file] = sc.may_deactivate[file] || inactive_is_low(*part, file);
    }
    inactive_file += groups.lru_size(part->memcg, Lru::inactive_file);
  }
  sc.cache_trim_mode = inactive_file >> sc.priority != 0 && !sc.may_deactivate[1];
  sc.file_is_tiny = false;
}

Pages Reclaim::reclaim_memcg(std::uint16_t memcg, Gfp gfp) {
  Task& me = core_.current();
  core_.cond_resched();
  me.set(PF_MEMALLOC);
  ReclaimState state;
  memory_.set_reclaim_state(me, &state);
  ScanControl sc;
  sc.gfp = gfp;
  sc.memcg = memcg;
  const Pages progress = do_try_to_free_pages(sc);
  memory_.set_reclaim_state(me, nullptr);
  me.clear(PF_MEMALLOC);
  core_.cond_resched();
  return progress;
}

Exhaustion Reclaim::memcg_exhaustion(std::uint16_t memcg, ReclaimClass rights, bool detail) const {
  Exhaustion out;
  out.exhausted = true;
  for (const Zone& zone : memory_.zones().all()) {
    for (const auto& part : zone.parts) {
      if (!memory_.memcgs()->within(part->memcg, memcg)) continue;
      out.exhausted = lists_tried(*part, rights, 0, out) && out.exhausted;
      if (detail) explain_lists(*part, out);
    }
  }
  return out;
}

}  // namespace brink
