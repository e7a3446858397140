// Attempts to take pages and their return: zones by watermark, per-CPU lists, the buddy system, the
// reserve for high orders (mm/page_alloc.c: get_page_from_freelist, rmqueue, free_unref_page, Linux
// 4.0 and 6.1). Left out: zone reclaim, deferred initialisation of memory.

#include "sim/mm/kswapd.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

/// ALLOC_HIGHATOMIC, which follows from the others.
unsigned with_highatomic(unsigned alloc_flags, unsigned order) {
  constexpr unsigned atomic = ALLOC_NON_BLOCK | ALLOC_HIGH;
  return order > 0 && (alloc_flags & atomic) == atomic ? alloc_flags | ALLOC_HIGHATOMIC
                                                       : alloc_flags;
}

}  // namespace

// --- Taking.

unsigned PageAlloc::fast_flags(Gfp gfp) const {
  // Only where there is a zone below to go to instead.
  const bool avoid = memory_.rules().nofragment &&
                     memory_.zones().preferred(gfp).type == ZoneType::normal &&
                     memory_.config().arch == Arch::x86_64;
  return avoid ? unsigned{ALLOC_NOFRAGMENT} : 0;
}

/// zone_watermark_fast(), which looks past a boost for atomic requests of a page.
bool PageAlloc::zone_ok(const Zone& zone, unsigned order, Gfp gfp, Watermark mark,
                        unsigned alloc_flags, Pages more) const {
  const ZoneType class_zone = memory_.zones().preferred(gfp).type;
  const Rules::HighOrderMark rule = memory_.rules().high_order_mark;
  const Pages wmark = zone.watermark(mark);
  if (zone.watermark_ok(order, wmark, class_zone, alloc_flags, rule, more)) return true;
  if (zone.boost == 0 || order != 0 || mark != Watermark::min || !has(gfp, Gfp::atomic)) {
    return false;
  }
  return zone.watermark_ok(order, wmark - zone.boost, class_zone, alloc_flags, rule, more);
}

Pfn PageAlloc::take(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags) {
  Zones& zones = memory_.zones();
  const auto highest = static_cast<std::size_t>(zones.preferred(gfp).type);
  alloc_flags = with_highatomic(alloc_flags, order);
  for (;;) {
    for (std::size_t i = highest + 1; i-- > 0;) {
      Zone& zone = zones.all()[i];
      if (!zone.populated()) continue;
      if ((alloc_flags & ALLOC_NO_WATERMARKS) == 0 &&
          !zone_ok(zone, order, gfp, mark, alloc_flags)) {
        continue;
      }
      const Pfn page = take_from(zone, order, gfp, alloc_flags);
      if (page == no_page) continue;
      memory_.changed();
      return page;
    }
    if ((alloc_flags & ALLOC_NOFRAGMENT) == 0) return no_page;
    alloc_flags &= ~static_cast<unsigned>(ALLOC_NOFRAGMENT);
  }
}

/// rmqueue().
Pfn PageAlloc::take_from(Zone& zone, unsigned order, Gfp gfp, unsigned alloc_flags) {
  const Migrate type = migrate_type(gfp);
  Pfn page = no_page;
  if (zone.pcp.takes(order)) {
    page = zone.pcp.alloc(cpu(), order, type, has(gfp, Gfp::cold), alloc_flags);
  }
  if (page == no_page) page = zone.buddy.alloc(order, type, alloc_flags);
  if (const unsigned steals = zone.buddy.take_steals()) [[unlikely]]
    broke_in(zone, steals, gfp);
  const bool keeps = memory_.rules().high_order_reserve == Rules::HighOrderReserve::highatomic;
  if ((alloc_flags & ALLOC_HIGHATOMIC) != 0 && keeps && page != no_page) {
    zone.reserve_highatomic(memory_.map(), page);
  }
  return page;
}

/// Small blocks were taken from pageblocks of other types: kswapd is to make whole ones.
void PageAlloc::broke_in(Zone& zone, unsigned steals, Gfp gfp) {
  bool boosted = false;
  for (; steals != 0; --steals) {
    if (zone.boost_watermark(memory_.rules().watermark_boost_factor)) boosted = true;
  }
  if (boosted && has(gfp, Gfp::kswapd_reclaim)) memory_.kswapd().wake_all(0, gfp);
}

// --- What could be taken.

bool PageAlloc::would_find(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags) const {
  alloc_flags = with_highatomic(alloc_flags, order);
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    if (!zone.populated()) continue;
    if ((alloc_flags & ALLOC_NO_WATERMARKS) == 0 && !zone_ok(zone, order, gfp, mark, alloc_flags)) {
      continue;
    }
    if (zone.buddy.can_alloc(order, alloc_flags)) return true;
    if (zone.pcp.has_block(order, migrate_type(gfp))) return true;
  }
  return false;
}

bool PageAlloc::would_find_after_drain(unsigned order, Gfp gfp, Watermark mark,
                                       unsigned alloc_flags) const {
  if (would_find(order, gfp, mark, alloc_flags)) return true;
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    const Pages more = zone.pcp.pages() + zone.nr_reserved_highatomic;
    if (more == 0) continue;
    if ((alloc_flags & ALLOC_NO_WATERMARKS) != 0) return true;
    if (zone_ok(zone, order, gfp, mark, alloc_flags, more)) return true;
  }
  return false;
}

// --- Giving back.

/// Somebody has found something after all (zone_reclaimable()).
void PageAlloc::freed_to_buddy(Zone& zone) {
  memory_.reclaim().vmstat().freed(zone);
  zone.flags = static_cast<std::uint8_t>(zone.flags & ~ZONE_ALL_UNRECLAIMABLE);
}

void PageAlloc::free(Pfn page, unsigned order, bool cold) noexcept {
  Page& p = memory_.page(page);
  BRINK_ASSERT(p.kind != PageKind::free && p.order() == order && !p.has(PG_lru));
  memory_.stat().kind[static_cast<std::size_t>(p.kind)] -= Pages{1} << order;
  p.kind = PageKind::free;
  p.flags = 0;
  if (Memcgs* const groups = memory_.memcgs()) [[unlikely]]
    groups->uncharge(page);
  Zone& zone = memory_.zones().of(page);
  if (!zone.pcp.takes(order)) {
    zone.buddy.free(page, order);
    freed_to_buddy(zone);
  } else if (zone.pcp.free(cpu(), page, order, cold, (zone.flags & ZONE_RECLAIM_ACTIVE) != 0)) {
    freed_to_buddy(zone);
  }
  memory_.changed();
  if (core_.in_task()) core_.charge(core_.costs().page_freed);
}

Pages PageAlloc::drain_all() {
  Pages drained = 0;
  for (Zone& zone : memory_.zones().all()) {
    const Pages pages = zone.pcp.drain_all();
    if (pages != 0) freed_to_buddy(zone);
    drained += pages;
  }
  if (drained != 0) memory_.changed();
  return drained;
}

Pages PageAlloc::drain_local() {
  Pages drained = 0;
  for (Zone& zone : memory_.zones().all()) {
    if (zone.pcp.pages() == 0) continue;
    const Pages pages = zone.pcp.drain(cpu());
    if (pages != 0) freed_to_buddy(zone);
    drained += pages;
  }
  if (drained != 0) memory_.changed();
  return drained;
}

bool PageAlloc::has_highatomic(Gfp gfp) const {
  for (const Zone& zone : memory_.zones().allowed(gfp)) {
    if (zone.buddy.has_block(0, Migrate::highatomic)) return true;
  }
  return false;
}

bool PageAlloc::unreserve_highatomic(Gfp gfp, bool forced) {
  Zones& zones = memory_.zones();
  for (auto i = static_cast<std::size_t>(zones.preferred(gfp).type) + 1; i-- > 0;) {
    if (zones.all()[i].unreserve_highatomic(memory_.map(), migrate_type(gfp), forced) == 0)
      continue;
    memory_.changed();
    return true;
  }
  return false;
}

}  // namespace brink
