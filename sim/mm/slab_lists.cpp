// Slabs, the slow way in and out: from the CPU's partial slabs to those for all, and back
// (mm/slub.c: __slab_alloc, get_partial_node, put_cpu_partial, unfreeze_partials, deactivate_slab,
// __slab_free and __kmem_cache_shrink; Linux 4.0 and 6.1). Nothing in here sleeps but for a new
// slab's pages. Left out: which end of the list a flushed slab goes to before 3.2, and the calls to
// other CPUs that kmem_cache_shrink() makes.

#include <utility>

#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

/// Fills the freelist of the CPU that the task is on when it returns; false if there was no memory.
bool Slab::refill(SlabCache& cache, Site site, Gfp gfp) {
  Cpu& cpu = this_cpu(cache);
  if (refill_from_cpu(cache, cpu) || get_partial(cache, cpu)) return true;
  const std::uint32_t slot = grow(cache, site, gfp);
  if (slot == SlabCache::none) return false;
  Cpu& here = this_cpu(cache);
  if (here.slot != SlabCache::none) deactivate(cache, here);  // Somebody else's since.
  load(cache, here, slot);
  return true;
}

/// What others have freed into the CPU's slab, or else its next partial slab.
bool Slab::refill_from_cpu(SlabCache& cache, Cpu& cpu) {
  if (cpu.slot != SlabCache::none) {
    SlabCache::OneSlab& slab = cache.slabs_[cpu.slot];
    if (slab.first_free != SlabCache::no_object) {
      load(cache, cpu, cpu.slot);
      return true;
    }
    slab.place = SlabCache::Place::full;
    cpu.slot = SlabCache::none;
  }
  if (cpu.partial == SlabCache::none) return false;
  const std::uint32_t slot = cpu.partial;
  cpu.partial = cache.slabs_[slot].next;
  load(cache, cpu, slot);
  return true;
}

/// Makes a slab with free objects the CPU's own.
void Slab::load(SlabCache& cache, Cpu& cpu, std::uint32_t slot) {
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  cpu.slot = slot;
  cpu.freelist = std::exchange(slab.first_free, SlabCache::no_object);
  slab.in_use = slab.objects;
  slab.place = SlabCache::Place::cpu;
}

/// get_partial_node(): one slab to use, and others for the CPU up to half of what it may have.
bool Slab::get_partial(SlabCache& cache, Cpu& cpu) {
  const bool by_slabs = rules_.cpu_partial == SlabRules::CpuPartial::slabs;
  std::uint32_t objects = 0, slabs = 0;
  std::uint32_t slot = cache.partial_;
  if (slot == SlabCache::none) return false;
  for (bool first = true; slot != SlabCache::none; first = false) {
    const SlabCache::OneSlab& slab = cache.slabs_[slot];
    const std::uint32_t next = slab.next;
    unlink_partial(cache, slot);
    objects += slab.objects - slab.in_use;
    if (first) {
      load(cache, cpu, slot);
    } else {
      put_cpu_partial(cache, cpu, slot, false);
      ++slabs;
    }
    if (cache.limits_.cpu_partial == 0) break;
    if (by_slabs ? slabs > cache.limits_.cpu_partial_slabs / 2
                 : objects > cache.limits_.cpu_partial / 2) {
      break;
    }
    slot = next;
  }
  return true;
}

void Slab::put_cpu_partial(SlabCache& cache, Cpu& cpu, std::uint32_t slot, bool drain) {
  const auto& limits = cache.limits_;
  std::uint32_t below = cpu.partial;
  if (below != SlabCache::none && drain) {
    const SlabCache::OneSlab& old = cache.slabs_[below];
    const bool full = rules_.cpu_partial == SlabRules::CpuPartial::slabs
                          ? old.slabs_below >= limits.cpu_partial_slabs
                          : old.free_below > limits.cpu_partial;
    if (full) {
      unfreeze(cache, below);
      below = SlabCache::none;
    }
  }
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  slab.place = SlabCache::Place::cpu_partial;
  slab.next = below;
  slab.free_below = slab.objects - slab.in_use;
  slab.slabs_below = 1;
  if (below != SlabCache::none) {
    slab.free_below += cache.slabs_[below].free_below;
    slab.slabs_below += cache.slabs_[below].slabs_below;
  }
  cpu.partial = slot;
}

/// unfreeze_partials(): a list of a CPU's slabs, which it no longer has, goes to the list for all.
void Slab::unfreeze(SlabCache& cache, std::uint32_t slot) {
  std::uint32_t empty = SlabCache::none;
  while (slot != SlabCache::none) {
    SlabCache::OneSlab& slab = cache.slabs_[slot];
    const std::uint32_t next = slab.next;
    if (slab.in_use == 0 && enough_partial(cache)) {
      slab.next = std::exchange(empty, slot);
    } else {
      link_partial(cache, slot, true);
    }
    slot = next;
  }
  while (empty != SlabCache::none) discard(cache, std::exchange(empty, cache.slabs_[empty].next));
}

bool Slab::enough_partial(const SlabCache& cache) const {
  return cache.partial_count_ >= cache.limits_.min_partial;
}

/// deactivate_slab(): takes the CPU's slab from it, with what is left of its freelist.
void Slab::deactivate(SlabCache& cache, Cpu& cpu) {
  const std::uint32_t slot = std::exchange(cpu.slot, SlabCache::none);
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  SlabCache::Object* objects = cache.objects_of(slot);
  const bool tail = slab.first_free != SlabCache::no_object;
  const std::uint16_t head = std::exchange(cpu.freelist, SlabCache::no_object);
  for (std::uint16_t index = head; index != SlabCache::no_object;) {
    --slab.in_use;
    std::uint16_t& next = objects[index].next_free;
    if (next != SlabCache::no_object) {
      index = next;
      continue;
    }
    next = slab.first_free;
    slab.first_free = head;
    break;
  }
  if (slab.in_use == 0 && enough_partial(cache)) {
    discard(cache, slot);
  } else if (slab.first_free != SlabCache::no_object) {
    link_partial(cache, slot, tail);
  } else {
    slab.place = SlabCache::Place::full;
  }
}

/// __slab_free(): into a slab that is not the CPU's own.
void Slab::free_elsewhere(SlabCache& cache, std::uint32_t slot, std::uint16_t index) {
  SlabCache::OneSlab& slab = cache.slabs_[slot];
  const bool was_full = slab.first_free == SlabCache::no_object;
  cache.objects_of(slot)[index].next_free = slab.first_free;
  slab.first_free = index;
  --slab.in_use;
  if (slab.frozen()) return;
  if (was_full && cache.limits_.cpu_partial != 0) {
    return put_cpu_partial(cache, this_cpu(cache), slot, true);
  }
  if (slab.in_use == 0 && (enough_partial(cache) || !rules_.keeps_empty)) {
    if (!was_full) unlink_partial(cache, slot);
    discard(cache, slot);
  } else if (was_full) {
    link_partial(cache, slot, true);
  }
}

// --- The list for all.

void Slab::link_partial(SlabCache& cache, std::uint32_t slot, bool tail) {
  auto& slabs = cache.slabs_;
  SlabCache::OneSlab& slab = slabs[slot];
  slab.place = SlabCache::Place::partial;
  ++cache.partial_count_;
  slab.next = tail ? SlabCache::none : cache.partial_;
  slab.prev = tail ? cache.partial_tail_ : SlabCache::none;
  (slab.next != SlabCache::none ? slabs[slab.next].prev : cache.partial_tail_) = slot;
  (slab.prev != SlabCache::none ? slabs[slab.prev].next : cache.partial_) = slot;
}

void Slab::unlink_partial(SlabCache& cache, std::uint32_t slot) {
  auto& slabs = cache.slabs_;
  SlabCache::OneSlab& slab = slabs[slot];
  (slab.next != SlabCache::none ? slabs[slab.next].prev : cache.partial_tail_) = slab.prev;
  (slab.prev != SlabCache::none ? slabs[slab.prev].next : cache.partial_) = slab.next;
  slab.place = SlabCache::Place::nowhere;
  --cache.partial_count_;
}

Pages Slab::shrink(SlabCache& cache) noexcept {
  constexpr std::uint32_t promoted = 32;  // SHRINK_PROMOTE_MAX
  const Pages before = cache.pages_;
  for (Cpu& cpu : cache.cpu_) {
    if (cpu.slot != SlabCache::none) deactivate(cache, cpu);
    unfreeze(cache, std::exchange(cpu.partial, SlabCache::none));
  }
  std::array<std::vector<std::uint32_t>, promoted> by_free;
  for (std::uint32_t slot = cache.partial_; slot != SlabCache::none;) {
    const SlabCache::OneSlab& slab = cache.slabs_[slot];
    const std::uint32_t next = slab.next;
    const std::uint32_t free = slab.objects - slab.in_use;
    if (slab.in_use == 0) {
      unlink_partial(cache, slot);
      discard(cache, slot);
    } else if (free <= promoted) {
      by_free[free - 1].push_back(slot);
    }
    slot = next;
  }
  // Those filled up most come first; list_move() has turned each group around.
  for (std::size_t free = promoted; free-- > 0;) {
    for (const std::uint32_t slot : by_free[free]) {
      unlink_partial(cache, slot);
      link_partial(cache, slot, false);
    }
  }
  memory_.changed();
  return before - cache.pages_;
}

}  // namespace brink
