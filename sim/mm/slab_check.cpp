// What must hold of all slabs, counted one by one: for tests.

#include "sim/mm/memory.hpp"

namespace brink {

/// One cache: follows its lists first, then counts what each slab says of itself.
class SlabWalk {
 public:
  SlabWalk(const SlabCache& cache, const Memory& memory) : cache_(cache), memory_(memory) {}

  std::string run() {
    cpu_free_.resize(cache_.slabs_.size());
    listed_.resize(cache_.slabs_.size(), Place::nowhere);
    if (!follow_partial()) return "list of partial slabs";
    for (const SlabCache::CpuSlab& cpu : cache_.cpu_) {
      if (!follow_cpu(cpu)) return "slabs of a CPU";
    }
    for (std::uint32_t slot = 0; slot < cache_.slabs_.size(); ++slot) {
      if (cache_.slabs_[slot].page == no_page) continue;
      if (!count(slot)) return "slab " + std::to_string(slot);
    }
    if (in_use_ != cache_.in_use_) return "objects in use";
    if (objects_ != cache_.total_ || slabs_ != cache_.slab_count_) return "objects of all slabs";
    if (pages_ != cache_.pages_) return "pages";
    return {};
  }
  Pages pages() const { return pages_; }

 private:
  using Place = SlabCache::Place;

  bool mark(std::uint32_t slot, Place place) {
    if (slot >= listed_.size() || listed_[slot] != Place::nowhere) return false;
    listed_[slot] = place;
    return cache_.slabs_[slot].place == place;
  }

  bool follow_partial() {
    std::uint32_t before = SlabCache::none, count = 0;
    for (std::uint32_t slot = cache_.partial_; slot != SlabCache::none; ++count) {
      if (!mark(slot, Place::partial) || cache_.slabs_[slot].prev != before) return false;
      before = slot;
      slot = cache_.slabs_[slot].next;
    }
    return before == cache_.partial_tail_ && count == cache_.partial_count_;
  }

  bool follow_cpu(const SlabCache::CpuSlab& cpu) {
    if (cpu.slot == SlabCache::none && cpu.freelist != SlabCache::no_object) return false;
    if (cpu.slot != SlabCache::none) {
      if (!mark(cpu.slot, Place::cpu)) return false;
      cpu_free_[cpu.slot] = length(cpu.slot, cpu.freelist);
    }
    std::uint32_t left =
        cpu.partial != SlabCache::none ? cache_.slabs_[cpu.partial].slabs_below : 0;
    for (std::uint32_t slot = cpu.partial; slot != SlabCache::none; --left) {
      if (!mark(slot, Place::cpu_partial) || cache_.slabs_[slot].slabs_below != left) return false;
      slot = cache_.slabs_[slot].next;
    }
    return left == 0;
  }

  /// Free objects on a list; more than the slab has if one of them is allocated.
  std::uint32_t length(std::uint32_t slot, std::uint16_t first) const {
    const SlabCache::Object* objects = cache_.objects_of(slot);
    const std::uint32_t limit = cache_.slabs_[slot].objects;
    std::uint32_t free = 0;
    for (; first != SlabCache::no_object && free <= limit; ++free) {
      if (first >= limit || (objects[first].generation & 1) != 0) return limit + 1;
      first = objects[first].next_free;
    }
    return free;
  }

  bool count(std::uint32_t slot) {
    const SlabCache::OneSlab& slab = cache_.slabs_[slot];
    const Page& page = memory_.page(slab.page);
    if (page.kind != PageKind::slab || page.index != slot || page.owner != cache_.id_) return false;
    if (page.order() != slab.order) return false;
    if (slab.place != (listed_[slot] == Place::nowhere ? Place::full : listed_[slot])) return false;
    const SlabCache::Object* objects = cache_.objects_of(slot);
    std::uint32_t allocated = 0;
    for (std::uint32_t i = 0; i < slab.objects; ++i) allocated += objects[i].generation & 1u;
    const std::uint32_t free = length(slot, slab.first_free);
    if (slab.place == Place::full && free != 0) return false;
    if (slab.place == Place::partial && free == 0) return false;
    if (allocated + cpu_free_[slot] != slab.in_use || slab.in_use + free != slab.objects) {
      return false;
    }
    in_use_ += allocated;
    objects_ += slab.objects;
    ++slabs_;
    pages_ += Pages{1} << slab.order;
    return true;
  }

  const SlabCache& cache_;
  const Memory& memory_;
  std::vector<std::uint32_t> cpu_free_;  ///< on the freelist of the CPU whose slab it is
  std::vector<Place> listed_;
  std::uint64_t in_use_ = 0, objects_ = 0, slabs_ = 0;
  Pages pages_ = 0;
};

std::string Slab::check_lists() const {
  Pages pages = 0, reclaimable = 0;
  for (const auto& cache : caches_) {
    SlabWalk walk(*cache, memory_);
    if (std::string error = walk.run(); !error.empty()) {
      return std::string(cache->name()) + ": " + error;
    }
    pages += walk.pages();
    if (cache->reclaim_account()) reclaimable += walk.pages();
  }
  if (reclaimable != reclaimable_) return "reclaimable pages of slabs";
  return pages != memory_.stat().of(PageKind::slab) ? "pages of slabs" : std::string();
}

}  // namespace brink
