// Requests for pages: the fault hook, the fast attempt, and the watermarks (mm/page_alloc.c:
// __alloc_pages_nodemask, Linux 4.0). What follows a failed fast attempt is in slow_path.cpp; what
// an attempt does is in freelist.cpp.

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
  if (memory_.hooks().listens(hook_alloc) && injected(request)) [[unlikely]]
    return no_page;

  Pfn page = take(request.order, request.gfp, Watermark::low, fast_flags(request.gfp));
  if (page == no_page) [[unlikely]]
    page = SlowPath(memory_, request).run();
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
  p.unevictable = p.isolated = 0;
  p.pins = 0;
  p.tried = 0;
  p.index = ~std::uint32_t{0};  // Nobody's: no handle of a former owner fits.
  memory_.stat().kind[static_cast<std::size_t>(PageKind::kernel)] += Pages{1} << order;
  if (has(gfp, Gfp::zero)) core_.charge(core_.costs().zero_page << order);
}

void PageAlloc::adopt(Pfn pfn) {
  Page& page = memory_.page(pfn);
  page.epoch = memory_.map().epoch();
  page.set_order_list(0, Migrate::movable);
  prepare(pfn, 0, Gfp::none);
}

void PageAlloc::answer(const PageRequest& request, Pfn page) {
  core_.note(EventKind::alloc_answer, static_cast<std::uint64_t>(request.site) << 4 | request.order,
             page);
  if (AllocTap* tap = memory_.tap()) [[unlikely]] {
    tap->page_request(request.site, request.order, request.gfp, page);
  }
}

unsigned PageAlloc::alloc_flags(Gfp gfp, bool reclaimer, bool victim) const {
  const bool no_reserve = has(gfp, Gfp::nomemalloc);
  const bool high = has(gfp, Gfp::high);
  // Without __GFP_WAIT, and without __GFP_NO_KSWAPD.
  const bool atomic = !has(gfp, Gfp::direct_reclaim) && has(gfp, Gfp::kswapd_reclaim);
  unsigned flags = high ? unsigned{ALLOC_HIGH} : 0;
  if (atomic && !no_reserve) {
    flags |= ALLOC_NON_BLOCK;
    const bool always = memory_.rules().no_sleep_bonus == Rules::NoSleepBonus::always;
    if (high || always) flags |= ALLOC_HARDER;
  }
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
