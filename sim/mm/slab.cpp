// Slabs, the quick way in and out: the freelist of the running task's CPU, which slab_alloc() and
// slab_free() use without a lock (mm/slub.c, Linux 4.0), and what checks the handles.

#include "sim/mm/slab.hpp"

#include "brink/site_list.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr std::uint16_t large_object = 0xffff;  ///< SlabObject::index of a large kmalloc()

}  // namespace

SlabCache::SlabCache(std::uint32_t id, const SlabSpec& spec, std::uint32_t cpus,
                     std::uint32_t layout_cpus, const SlabRules& rules)
    : name_(spec.name),
      id_(id),
      object_size_(spec.size),
      reclaim_account_(spec.reclaim_account),
      account_(spec.account),
      dma_(spec.dma),
      layout_(slab_layout(spec, layout_cpus)),
      limits_(slab_limits(layout_, rules)),
      cpu_(cpus) {
  BRINK_ASSERT(layout_.order <= max_order);
}

SlabInfo SlabCache::info() const {
  SlabInfo info{total_, total_, slab_count_};
  for (std::uint32_t slot = partial_; slot != none; slot = slabs_[slot].next) {
    info.active_objects -= slabs_[slot].objects - slabs_[slot].in_use;
  }
  return info;
}

// --- Caches.

SlabCache* Slab::find(std::string_view name) {
  const auto at = by_name_.find(name);
  return at != by_name_.end() ? at->second : nullptr;
}

SlabCache* Slab::known(const char* name) {
  if (SlabCache* found = find(name)) return found;
  const SlabSpec* spec = specs_ != nullptr ? specs_(name) : nullptr;
  return spec != nullptr ? &cache(*spec) : nullptr;
}

SlabCache& Slab::cache(const char* name) {
  SlabCache* const found = known(name);
  BRINK_ASSERT(found != nullptr);
  return *found;
}

SlabCache& Slab::cache(const SlabSpec& spec) {
  if (SlabCache* found = find(spec.name)) return *found;
  const auto id = static_cast<std::uint32_t>(caches_.size());
  const std::uint32_t cpus = memory_.core().config().cpus;
  SlabCache& made =
      *caches_.emplace_back(std::make_unique<SlabCache>(id, spec, cpus, cpus_, rules_));
  by_name_.emplace(made.name_, &made);
  return made;
}

// --- Objects.

/// Interrupts come in on the first CPU.
Slab::Cpu& Slab::this_cpu(SlabCache& cache) const {
  const Core& core = memory_.core();
  return cache.cpu_[core.in_task() ? core.current().cpu : 0];
}

SlabObject Slab::alloc(SlabCache& cache, Site site, Gfp gfp) {
  Core& core = memory_.core();
  ++memory_.counters().slab_allocations;
  core.charge(core.costs().slab_object);
  core.point(has(gfp, Gfp::direct_reclaim) ? Point::might_sleep : Point::primitive);
  SlabObject object;
  if (!memory_.hooks().listens(hook_alloc) || !injected(cache, site, gfp)) {
    Cpu& cpu = cache.cpu_[core.current().cpu];
    if (cpu.freelist != SlabCache::no_object) [[likely]] {
      object = take(cache, cpu);
    } else if (refill(cache, site, gfp)) {
      object = take(cache, this_cpu(cache));  // Another one, if it slept.
    }
  }
  core.note(EventKind::alloc_answer, static_cast<std::uint64_t>(site) << 4 | 0xf,
            std::uint64_t{object.page} << 16 | object.index);
  if (AllocTap* tap = memory_.tap()) [[unlikely]] {
    tap->object_request(site, cache.name(), cache.object_size_, gfp, static_cast<bool>(object));
  }
  return object;
}

SlabObject Slab::take(SlabCache& cache, Cpu& cpu) {
  const std::uint16_t index = cpu.freelist;
  SlabCache::Object& object = cache.objects_of(cpu.slot)[index];
  cpu.freelist = object.next_free;
  ++object.generation;
  ++cache.in_use_;
  memory_.changed();
  return {cache.slabs_[cpu.slot].page, index, object.generation};
}

bool Slab::injected(const SlabCache& cache, Site site, Gfp gfp) {
  AllocHook hook;
  hook.site = site;
  hook.gfp = gfp;
  hook.size = cache.object_size_;
  hook.cache = cache.name();
  if (!memory_.hooks().fail_alloc(hook)) return false;
  memory_.begin_failure({site, 0, gfp}, Cause::injected, memory_.wait_of(memory_.core().current()));
  return true;
}

void Slab::free(SlabObject object) noexcept {
  if (object.index == large_object) return free_large(object);
  if (!check(object, "free")) return;
  const Page& page = memory_.page(object.page);
  SlabCache& cache = *caches_[page.owner];
  const std::uint32_t slot = page.index;
  SlabCache::Object& entry = cache.objects_of(slot)[object.index];
  ++entry.generation;
  --cache.in_use_;
  Core& core = memory_.core();
  std::uint32_t on = 0;
  if (core.in_task()) [[likely]] {
    core.charge(core.costs().slab_object);
    on = core.current().cpu;
  }
  Cpu& cpu = cache.cpu_[on];
  if (cpu.slot == slot) [[likely]] {
    entry.next_free = cpu.freelist;
    cpu.freelist = object.index;
  } else {
    free_elsewhere(cache, slot, object.index);
  }
  memory_.changed();
}

// --- Handles.

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
  return (object.generation & 1) != 0 &&
         cache.objects_of(page.index)[object.index].generation == object.generation;
}

bool Slab::check(SlabObject object, const char* user) const {
  if (alive(object)) [[likely]]
    return true;
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
  const unsigned order = kmalloc_order(size);
  if (order > max_order) {
    // Whatever the policy: the allocator does not look for what cannot be.
    memory_.begin_failure({site, order, gfp}, Cause::give_up,
                          memory_.wait_of(memory_.core().current()));
    if (!has(gfp, Gfp::nowarn)) memory_.warn_alloc_failed(1);
    return {};
  }
  const Pfn page = memory_.allocator().alloc({site, site, order, gfp | Gfp::comp});
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
