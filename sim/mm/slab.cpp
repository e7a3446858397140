// Slabs (mm/slub.c, Linux 4.0, in outline): objects are taken from the first partial slab; a slab
// that falls empty is given back when enough partial ones are left.

#include "sim/mm/slab.hpp"

#include <algorithm>
#include <bit>

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr std::uint16_t no_object = 0xffff;
constexpr std::uint16_t large_object = 0xffff;  ///< SlabObject::index of a large kmalloc()

/// What a slab's pages inherit of an object's mask (GFP_RECLAIM_MASK, GFP_CONSTRAINT_MASK).
constexpr Gfp inherited = Gfp::direct_reclaim | Gfp::kswapd_reclaim | Gfp::high | Gfp::io |
                          Gfp::fs | Gfp::nowarn | Gfp::retry_mayfail | Gfp::nofail | Gfp::noretry |
                          Gfp::memalloc | Gfp::nomemalloc | Gfp::atomic | Gfp::hardwall |
                          Gfp::thisnode;

constexpr std::uint32_t kmalloc_sizes[] = {8,   16,  32,   64,   96,   128, 192,
                                           256, 512, 1024, 2048, 4096, 8192};

std::uint32_t min_partial(std::uint32_t size) {
  const auto half_log = static_cast<std::uint32_t>(std::bit_width(size) - 1) / 2;
  return std::clamp(half_log, 5u, 10u);
}

}  // namespace

SlabCache::SlabCache(std::uint32_t id, const SlabSpec& spec, std::uint32_t cpus)
    : name_(spec.name), id_(id), object_size_(spec.size), reclaim_account_(spec.reclaim_account),
      layout_(slab_layout(spec.size, spec.align, cpus)), min_partial_(min_partial(layout_.size)) {
  BRINK_ASSERT(layout_.order <= max_order);
}

Slab::Slab(Memory& memory, std::uint32_t cpus) : memory_(memory), cpus_(cpus) {
  kmalloc_index_.resize(kmalloc_max / 8 + 1);
  std::size_t from = 0;
  for (const std::uint32_t size : kmalloc_sizes) {
    const std::string name = "kmalloc-" + std::to_string(size);
    const auto number = static_cast<std::uint16_t>(caches_.size());
    cache({name, size});
    for (; from <= size / 8; ++from) kmalloc_index_[from] = number;
  }
}

SlabCache* Slab::find(std::string_view name) {
  for (auto& cache : caches_) {
    if (cache->name_ == name) return cache.get();
  }
  return nullptr;
}

SlabCache& Slab::cache(const SlabSpec& spec) {
  if (SlabCache* found = find(spec.name)) return *found;
  caches_.push_back(
      std::make_unique<SlabCache>(static_cast<std::uint32_t>(caches_.size()), spec, cpus_));
  return *caches_.back();
}

SlabCache* Slab::kmalloc_cache(std::uint32_t size) {
  return size <= kmalloc_max ? caches_[kmalloc_index_[(size + 7) / 8]].get() : nullptr;
}

unsigned Slab::kmalloc_order(std::uint32_t size) {
  const SlabCache* cache = kmalloc_cache(size);
  if (cache != nullptr) return cache->layout_.min_order;
  return static_cast<unsigned>(std::bit_width((size - 1) / page_size));
}

SlabObject Slab::kmalloc(std::uint32_t size, Site site, Gfp gfp) {
  SlabCache* cache = kmalloc_cache(size);
  return cache != nullptr ? alloc(*cache, site, gfp) : kmalloc_large(size, site, gfp);
}

SlabObject Slab::alloc(SlabCache& cache, Site site, Gfp gfp) {
  Core& core = memory_.core();
  ++memory_.counters().slab_allocations;
  core.charge(core.costs().slab_object);
  core.point(has(gfp, Gfp::direct_reclaim) ? Point::might_sleep : Point::primitive);
  SlabObject object;
  if (!injected(cache, site, gfp) &&
      (cache.partial_ != SlabCache::none || grow(cache, site, gfp))) {
    object = take(cache);
  }
  core.note(EventKind::alloc_answer, static_cast<std::uint64_t>(site) << 4 | 0xf,
            std::uint64_t{object.page} << 16 | object.index);
  if (AllocTap* tap = memory_.tap()) [[unlikely]] {
    tap->object_request(site, cache.name(), cache.object_size_, gfp, static_cast<bool>(object));
  }
  return object;
}

bool Slab::injected(const SlabCache& cache, Site site, Gfp gfp) {
  if (!memory_.hooks().listens(hook_alloc)) return false;
  AllocHook hook;
  hook.site = site;
  hook.gfp = gfp;
  hook.size = cache.object_size_;
  hook.cache = cache.name();
  if (!memory_.hooks().fail_alloc(hook)) return false;
  memory_.begin_failure({site, 0, gfp}, Cause::injected, memory_.wait_of(memory_.core().current()));
  return true;
}

/// allocate_slab(): the preferred order without trying hard, then the smallest that will do.
bool Slab::grow(SlabCache& cache, Site site, Gfp gfp) {
  const SlabLayout& layout = cache.layout_;
  const Gfp mobility = cache.reclaim_account_ ? Gfp::reclaimable : Gfp::none;
  const Gfp flags = (gfp & inherited) | mobility;
  const auto with_comp = [&](Gfp mask, unsigned order) {
    return order != 0 ? mask | Gfp::comp : mask;
  };
  PageAlloc& allocator = memory_.allocator();
  PageRequest first{site::slab_page, site, layout.order,
                    with_comp((flags | Gfp::nowarn | Gfp::noretry) & ~Gfp::nofail, layout.order)};
  first.quiet = true;
  unsigned order = layout.order;
  Pfn page = allocator.alloc(first);
  if (page == no_page) {
    const Cause cause = allocator.quiet_cause();
    order = layout.min_order;
    page = allocator.alloc({site::slab_page, site, order, with_comp(flags, order)});
    if (page == no_page) return false;
    FailureLedger& failures = memory_.failures();
    failures.settle(failures.open({site, layout.order, gfp}, cause),
                    order != layout.order ? Fate::fallback : Fate::retried);
  }
  add_slab(cache, page, order);
  return true;
}

void Slab::add_slab(SlabCache& cache, Pfn pfn, unsigned order) {
  const SlabLayout& layout = cache.layout_;
  std::uint32_t slot = cache.free_slot_;
  if (slot != SlabCache::none) {
    cache.free_slot_ = cache.slabs_[slot].next;
  } else {
    slot = static_cast<std::uint32_t>(cache.slabs_.size());
    cache.slabs_.emplace_back();
    cache.objects_.resize(cache.objects_.size() + layout.objects, {0, no_object});
  }
  const std::uint16_t objects = order == layout.order ? layout.objects : layout.min_objects;
  cache.slabs_[slot] = {pfn, 0, 0, objects, 0, 0, static_cast<std::uint8_t>(order), false};
  SlabCache::Object* first = &cache.objects_[std::size_t{slot} * layout.objects];
  for (std::uint16_t i = 0; i < objects; ++i) {
    first[i].next_free = static_cast<std::uint16_t>(i + 1 < objects ? i + 1 : no_object);
  }
  Page& page = memory_.page(pfn);
  const Pages pages = Pages{1} << order;
  memory_.set_kind(page, PageKind::slab, pages);
  page.owner = cache.id_;
  page.index = slot;
  cache.pages_ += pages;
  if (cache.reclaim_account_) reclaimable_ += pages;
  link_partial(cache, slot, false);
}

SlabObject Slab::take(SlabCache& cache) {
  const std::uint32_t slot = cache.partial_;
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  const std::uint16_t index = slab.first_free;
  SlabCache::Object& object = cache.objects_[std::size_t{slot} * cache.layout_.objects + index];
  slab.first_free = object.next_free;
  ++object.generation;
  ++slab.in_use;
  ++cache.in_use_;
  if (slab.first_free == no_object) unlink_partial(cache, slot);
  memory_.changed();
  return {slab.page, index, object.generation};
}

void Slab::link_partial(SlabCache& cache, std::uint32_t slot, bool tail) {
  auto& slabs = cache.slabs_;
  slabs[slot].partial = true;
  ++cache.partial_count_;
  if (cache.partial_ == SlabCache::none) {
    slabs[slot].next = slabs[slot].prev = SlabCache::none;
    cache.partial_ = cache.partial_tail_ = slot;
  } else if (tail) {
    slabs[slot].next = SlabCache::none;
    slabs[slot].prev = cache.partial_tail_;
    slabs[cache.partial_tail_].next = slot;
    cache.partial_tail_ = slot;
  } else {
    slabs[slot].prev = SlabCache::none;
    slabs[slot].next = cache.partial_;
    slabs[cache.partial_].prev = slot;
    cache.partial_ = slot;
  }
}

void Slab::unlink_partial(SlabCache& cache, std::uint32_t slot) {
  auto& slabs = cache.slabs_;
  SlabCache::OneSlab& slab = slabs[slot];
  (slab.next != SlabCache::none ? slabs[slab.next].prev : cache.partial_tail_) = slab.prev;
  (slab.prev != SlabCache::none ? slabs[slab.prev].next : cache.partial_) = slab.next;
  slab.partial = false;
  --cache.partial_count_;
}

/// discard_slab().
void Slab::discard(SlabCache& cache, std::uint32_t slot) {
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  const Pages pages = Pages{1} << slab.order;
  unlink_partial(cache, slot);
  cache.pages_ -= pages;
  if (cache.reclaim_account_) reclaimable_ -= pages;
  if (memory_.core().in_task()) {
    if (ReclaimState* state = memory_.reclaim_state(memory_.core().current())) state->slab += pages;
  }
  memory_.allocator().free(slab.page, slab.order);
  slab.page = no_page;
  slab.next = cache.free_slot_;
  cache.free_slot_ = slot;
}

void Slab::free(SlabObject object) noexcept {
  if (object.index == large_object) return free_large(object);
  if (!check(object, "free")) return;
  const Page& page = memory_.page(object.page);
  SlabCache& cache = *caches_[page.owner];
  const std::uint32_t slot = page.index;
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  SlabCache::Object& entry =
      cache.objects_[std::size_t{slot} * cache.layout_.objects + object.index];
  ++entry.generation;
  entry.next_free = slab.first_free;
  slab.first_free = object.index;
  --slab.in_use;
  --cache.in_use_;
  if (memory_.core().in_task()) memory_.core().charge(memory_.core().costs().slab_object);
  const bool enough = cache.partial_count_ >= cache.min_partial_;  // As __slab_free() counts them.
  if (!slab.partial) link_partial(cache, slot, true);
  if (slab.in_use == 0 && enough) discard(cache, slot);
  memory_.changed();
}

bool Slab::alive(SlabObject object) const {
  if (object.page == no_page || !memory_.map().valid(object.page)) return false;
  const Page& page = memory_.page(object.page);
  if (object.index == large_object) {
    return page.kind == PageKind::kernel && page.index == object.generation;
  }
  if (page.kind != PageKind::slab) return false;
  const SlabCache& cache = *caches_[page.owner];
  const SlabCache::OneSlab& slab = cache.slabs_[page.index];
  if (slab.page != object.page || object.index >= slab.objects) return false;
  const std::size_t first = std::size_t{page.index} * cache.layout_.objects;
  return (object.generation & 1) != 0 &&
         cache.objects_[first + object.index].generation == object.generation;
}

bool Slab::check(SlabObject object, const char* user) const {
  if (alive(object)) [[likely]] return true;
  const SlabCache* cache = cache_of(object);
  memory_.bug(std::string(user) + " of a slab object that is not allocated (" +
              (cache != nullptr ? cache->name() : "no slab") + ")");
  return false;
}

const SlabCache* Slab::cache_of(SlabObject object) const {
  if (object.page == no_page || !memory_.map().valid(object.page)) return nullptr;
  const Page& page = memory_.page(object.page);
  return page.kind == PageKind::slab ? caches_[page.owner].get() : nullptr;
}

// --- Beyond the largest class: pages.

SlabObject Slab::kmalloc_large(std::uint32_t size, Site site, Gfp gfp) {
  const Pfn page = memory_.allocator().alloc({site, site, kmalloc_order(size), gfp | Gfp::comp});
  if (page == no_page) return {};
  memory_.page(page).index = ++large_generation_;
  return {page, large_object, large_generation_};
}

void Slab::free_large(SlabObject object) noexcept {
  if (!check(object, "free")) return;
  Page& page = memory_.page(object.page);
  page.index = ~std::uint32_t{0};
  memory_.allocator().free(object.page, page.order());
}

}  // namespace brink
