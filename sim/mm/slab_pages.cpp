// A cache's slabs and the pages under them (mm/slub.c: allocate_slab, discard_slab; Linux 4.0 and
// 6.1).

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

/// What a slab's pages inherit of an object's mask (GFP_RECLAIM_MASK, GFP_CONSTRAINT_MASK).
constexpr Gfp inherited = Gfp::direct_reclaim | Gfp::kswapd_reclaim | Gfp::high | Gfp::io |
                          Gfp::fs | Gfp::nowarn | Gfp::retry_mayfail | Gfp::nofail | Gfp::noretry |
                          Gfp::memalloc | Gfp::nomemalloc | Gfp::atomic | Gfp::hardwall |
                          Gfp::thisnode;

/// The mask for the preferred order: without trying hard.
Gfp first_mask(Gfp flags, const SlabLayout& layout, const SlabRules& rules) {
  const Gfp mask = (flags | Gfp::nowarn | Gfp::noretry) & ~Gfp::nofail;
  if (rules.high_order_waits || !has(mask, Gfp::direct_reclaim)) return mask;
  if (layout.order <= layout.min_order) return mask;
  return (mask | Gfp::nomemalloc) & ~(Gfp::direct_reclaim | Gfp::kswapd_reclaim);
}

}  // namespace

/// allocate_slab(): the preferred order without trying hard, then the smallest that will do. `none`
/// if there was no memory.
std::uint32_t Slab::grow(SlabCache& cache, Site site, Gfp gfp) {
  const SlabLayout& layout = cache.layout_;
  Gfp flags = gfp & inherited;
  if (cache.reclaim_account_) flags = flags | Gfp::reclaimable;
  if (cache.dma_) flags = flags | Gfp::dma;
  const auto with_comp = [&](Gfp mask, unsigned order) {
    return order != 0 ? mask | Gfp::comp : mask;
  };
  PageAlloc& allocator = memory_.allocator();
  PageRequest first{site::slab_page, site, layout.order,
                    with_comp(first_mask(flags, layout, rules_), layout.order)};
  first.quiet = true;
  unsigned order = layout.order;
  Pfn page = allocator.alloc(first);
  if (page == no_page) {
    const Cause cause = allocator.quiet_cause();
    order = layout.min_order;
    page = allocator.alloc({site::slab_page, site, order, with_comp(flags, order)});
    if (page == no_page) return SlabCache::none;
    FailureLedger& failures = memory_.failures();
    failures.settle(failures.open({site, layout.order, gfp}, cause),
                    order != layout.order ? Fate::fallback : Fate::retried);
  }
  return add_slab(cache, page, order);
}

std::uint32_t Slab::add_slab(SlabCache& cache, Pfn pfn, unsigned order) {
  const SlabLayout& layout = cache.layout_;
  std::uint32_t slot = cache.free_slot_;
  if (slot != SlabCache::none) {
    cache.free_slot_ = cache.slabs_[slot].next;
  } else {
    slot = static_cast<std::uint32_t>(cache.slabs_.size());
    cache.slabs_.emplace_back();
    cache.objects_.resize(cache.objects_.size() + layout.objects, {0, SlabCache::no_object});
  }
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  slab = {};
  slab.page = pfn;
  slab.objects = order == layout.order ? layout.objects : layout.min_objects;
  slab.order = static_cast<std::uint8_t>(order);
  SlabCache::Object* objects = cache.objects_of(slot);
  for (std::uint16_t i = 0; i < slab.objects; ++i) {
    objects[i].next_free =
        static_cast<std::uint16_t>(i + 1 < slab.objects ? i + 1 : SlabCache::no_object);
  }
  Page& page = memory_.page(pfn);
  const Pages pages = Pages{1} << order;
  memory_.set_kind(page, PageKind::slab, pages);
  page.owner = cache.id_;
  page.index = slot;
  cache.pages_ += pages;
  cache.total_ += slab.objects;
  ++cache.slab_count_;
  if (cache.reclaim_account_) reclaimable_ += pages;
  return slot;
}

/// discard_slab(): of a slab that is on no list any more.
void Slab::discard(SlabCache& cache, std::uint32_t slot) {
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  const Pages pages = Pages{1} << slab.order;
  cache.pages_ -= pages;
  cache.total_ -= slab.objects;
  --cache.slab_count_;
  if (cache.reclaim_account_) reclaimable_ -= pages;
  if (memory_.core().in_task()) {
    if (ReclaimState* state = memory_.reclaim_state(memory_.core().current())) state->slab += pages;
  }
  memory_.allocator().free(slab.page, slab.order);
  slab.page = no_page;
  slab.place = SlabCache::Place::nowhere;
  slab.next = cache.free_slot_;
  cache.free_slot_ = slot;
}

}  // namespace brink
