// Requests for pages: the fault hook, the fast attempt, and the watermarks (mm/page_alloc.c:
// __alloc_pages_nodemask, Linux 4.0). What follows a failed fast attempt is in slow_path.cpp.

#include "sim/mm/page_alloc.hpp"

#include "sim/locking/lockdep.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/slow_path.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

PageAlloc::PageAlloc(Memory& memory) : memory_(memory), core_(memory.core()) {}

Pfn PageAlloc::alloc(const PageRequest& request) {
  BRINK_ASSERT(request.order <= max_order);
  ++memory_.counters().allocations;
  const bool may_sleep = has(request.gfp, Gfp::direct_reclaim);
  FsReclaim::might_alloc(memory_.locks(), request.gfp);
  core_.charge(core_.costs().alloc_fast);
  core_.point(may_sleep ? Point::might_sleep : Point::primitive);
  if (memory_.hooks().listens(hook_alloc) && injected(request)) [[unlikely]] return no_page;

  Pfn page = take(request.order, request.gfp, Watermark::low, 0);
  if (page == no_page) [[unlikely]] page = SlowPath(memory_, request).run();
  if (page != no_page) prepare(page, request.order, request.gfp);
  answer(request, page);
  return page;
}

bool PageAlloc::injected(const PageRequest& request) {
  AllocHook hook;
  hook.site = request.site;
  hook.gfp = request.gfp;
  hook.order = request.order;
  if (!memory_.hooks().fail_alloc(hook)) return false;
  if (request.quiet) {
    quiet_cause_ = Cause::injected;
  } else {
    memory_.begin_failure({request.blame, request.order, request.gfp}, Cause::injected,
                          memory_.wait_of(core_.current()));
  }
  answer(request, no_page);
  return true;
}

void PageAlloc::prepare(Pfn page, unsigned order, Gfp gfp) {
  Page& p = memory_.page(page);
  p.kind = PageKind::kernel;
  p.flags = 0;
  p.pins = 0;
  p.tried = 0;
  p.index = ~std::uint32_t{0};  // Nobody's: no handle of a former owner fits.
  memory_.stat().kind[static_cast<std::size_t>(PageKind::kernel)] += Pages{1} << order;
  if (has(gfp, Gfp::zero)) core_.charge(core_.costs().zero_page << order);
}

void PageAlloc::answer(const PageRequest& request, Pfn page) {
  core_.note(EventKind::alloc_answer,
             static_cast<std::uint64_t>(request.site) << 4 | request.order, page);
  if (AllocTap* tap = memory_.tap()) [[unlikely]] {
    tap->page_request(request.site, request.order, request.gfp, page);
  }
}

void PageAlloc::free(Pfn page, unsigned order) noexcept {
  Page& p = memory_.page(page);
  BRINK_ASSERT(p.kind != PageKind::free && p.order() == order && !p.has(PG_lru));
  memory_.stat().kind[static_cast<std::size_t>(p.kind)] -= Pages{1} << order;
  p.kind = PageKind::free;
  Zone& zone = memory_.zones().of(page);
  zone.buddy.free(page, order);
  zone.pages_scanned = 0;
  zone.flags &= static_cast<std::uint8_t>(~ZONE_ALL_UNRECLAIMABLE);
  memory_.changed();
  if (core_.in_task()) core_.charge(core_.costs().page_freed);
}

Pfn PageAlloc::take(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags) {
  Zones& zones = memory_.zones();
  const ZoneType class_zone = zones.preferred(gfp).type;
  for (auto i = static_cast<std::size_t>(class_zone) + 1; i-- > 0;) {
    Zone& zone = zones.all()[i];
    if (!zone.populated()) continue;
    if ((alloc_flags & ALLOC_NO_WATERMARKS) == 0 &&
        !zone.watermark_ok(order, zone.watermark(mark), class_zone, alloc_flags,
                           memory_.rules().high_order_mark)) {
      continue;
    }
    const Pfn page = zone.buddy.alloc(order, migrate_type(gfp));
    if (page == no_page) continue;
    memory_.changed();
    return page;
  }
  return no_page;
}

bool PageAlloc::would_find(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags) const {
  const Zones& zones = memory_.zones();
  const ZoneType class_zone = zones.preferred(gfp).type;
  for (auto i = static_cast<std::size_t>(class_zone) + 1; i-- > 0;) {
    const Zone& zone = zones.all()[i];
    if (!zone.populated()) continue;
    if ((alloc_flags & ALLOC_NO_WATERMARKS) != 0) {
      if (zone.buddy.can_alloc(order)) return true;
      continue;
    }
    if (zone.watermark_ok(order, zone.watermark(mark), class_zone, alloc_flags,
                          memory_.rules().high_order_mark)) {
      return true;
    }
  }
  return false;
}

unsigned PageAlloc::alloc_flags(Gfp gfp, bool reclaimer, bool victim) const {
  unsigned flags = 0;
  if (has(gfp, Gfp::high)) flags |= ALLOC_HIGH;
  const bool no_reserve = has(gfp, Gfp::nomemalloc);
  // Without __GFP_WAIT, and without __GFP_NO_KSWAPD.
  const bool atomic = !has(gfp, Gfp::direct_reclaim) && has(gfp, Gfp::kswapd_reclaim);
  if (atomic && !no_reserve) flags |= ALLOC_HARDER;
  if (no_reserve) return flags;
  if (has(gfp, Gfp::memalloc) || reclaimer) return flags | ALLOC_NO_WATERMARKS;
  if (!victim) return flags;
  switch (memory_.policies().oom->rights()) {
    case VictimRights::everything: return flags | ALLOC_NO_WATERMARKS;
    case VictimRights::half_min: return flags | ALLOC_OOM;
    case VictimRights::none: break;
  }
  return flags;
}

}  // namespace brink
