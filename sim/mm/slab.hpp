// Slabs: caches of equal objects on pages (mm/slub.c and mm/slab_common.c, Linux 4.0; where 2.6.3x
// and 6.1 differ, Rules::slab says how). A cache has a slab and a list of partial slabs for each
// CPU, and a list of partial slabs for all. Left out: merging of caches, debugging options,
// freelist randomisation, NUMA nodes, slabs set aside for those who may use the reserves
// (PFMEMALLOC), what it costs to create a cache.
//
// Objects are handles with a generation, so that a double free or a use after free is noticed when
// it happens, reported as a bug of the model's user, and harmless.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/rules.hpp"
#include "brink/slab_spec.hpp"
#include "sim/mm/page.hpp"

namespace brink {

class Memory;

/// A slab object, or a kmalloc() beyond the largest slab. False if nothing was allocated.
struct SlabObject {
  Pfn page = no_page;
  std::uint16_t index = 0;
  std::uint16_t generation = 0;

  explicit operator bool() const { return page != no_page; }
  friend bool operator==(const SlabObject&, const SlabObject&) = default;
};

/// How a cache lays out its slabs (calculate_sizes(), calculate_order(), oo_objects()).
struct SlabLayout {
  std::uint32_t size = 0;  ///< bytes an object takes, alignment and free pointer included
  std::uint8_t order = 0, min_order = 0;
  std::uint16_t objects = 0, min_objects = 0;  ///< a slab, at each of the two orders
};
/// `cpus` is nr_cpu_ids, or num_present_cpus(): the model has no others.
SlabLayout slab_layout(const SlabSpec& spec, std::uint32_t cpus);

/// What a cache keeps at hand.
struct SlabLimits {
  std::uint32_t min_partial = 0;        ///< with so many partial slabs, one that falls empty goes
  std::uint32_t cpu_partial = 0;        ///< objects in the partial slabs of a CPU; 0: it has none
  std::uint32_t cpu_partial_slabs = 0;  ///< the same in slabs
};
SlabLimits slab_limits(const SlabLayout& layout, const SlabRules& rules);

/// A line of /proc/slabinfo: what a CPU has at hand counts as active.
struct SlabInfo {
  std::uint64_t active_objects = 0, objects = 0, slabs = 0;
};

class SlabCache {
 public:
  /// `cpus` have slabs of their own; the layout is for as many as the machine has.
  SlabCache(std::uint32_t id, const SlabSpec& spec, std::uint32_t cpus, std::uint32_t layout_cpus,
            const SlabRules& rules);

  const char* name() const { return name_.c_str(); }
  /// As the creator said it, without padding.
  std::uint32_t object_size() const { return object_size_; }
  bool reclaim_account() const { return reclaim_account_; }
  /// Its objects are charged to a memory cgroup.
  bool account() const { return account_; }
  const SlabLayout& layout() const { return layout_; }
  const SlabLimits& limits() const { return limits_; }
  std::uint64_t objects_in_use() const { return in_use_; }
  Pages pages() const { return pages_; }
  SlabInfo info() const;

 private:
  friend class Slab;
  friend class SlabWalk;
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::uint16_t no_object = 0xffff;

  struct Object {
    std::uint16_t generation;  ///< odd while it is allocated
    std::uint16_t next_free;
  };
  /// Where a slab is. Those of a CPU are frozen: frees do not move them.
  enum class Place : std::uint8_t { nowhere, full, partial, cpu, cpu_partial };
  struct OneSlab {
    Pfn page;
    std::uint32_t next, prev;  ///< in the list of partial slabs; `next` alone in a CPU's
    std::uint16_t objects;
    std::uint16_t in_use;  ///< free ones on a CPU's freelist included
    std::uint16_t first_free;
    std::uint8_t order;
    Place place;
    std::uint32_t free_below, slabs_below;  ///< pobjects and pages, from here to the list's end

    bool frozen() const { return place == Place::cpu || place == Place::cpu_partial; }
  };
  /// struct kmem_cache_cpu.
  struct CpuSlab {
    std::uint32_t slot = none;
    std::uint16_t freelist = no_object;
    std::uint32_t partial = none;
  };

  Object* objects_of(std::uint32_t slot) { return &objects_[std::size_t{slot} * layout_.objects]; }
  const Object* objects_of(std::uint32_t slot) const {
    return &objects_[std::size_t{slot} * layout_.objects];
  }

  const std::string name_;
  const std::uint32_t id_;
  const std::uint32_t object_size_;
  const bool reclaim_account_, account_, dma_;
  const SlabLayout layout_;
  const SlabLimits limits_;

  std::vector<CpuSlab> cpu_;
  std::vector<OneSlab> slabs_;
  std::vector<Object> objects_;  ///< layout_.objects for each slab
  std::uint32_t free_slot_ = none;
  std::uint32_t partial_ = none, partial_tail_ = none;  ///< the list for all
  std::uint32_t partial_count_ = 0;
  std::uint64_t in_use_ = 0;
  std::uint64_t total_ = 0, slab_count_ = 0;
  Pages pages_ = 0;
};

class Slab {
 public:
  static constexpr std::uint32_t kmalloc_max = 8192;  ///< larger requests go to the page allocator

  /// Slabs are laid out for so many CPUs.
  Slab(Memory& memory, std::uint32_t cpus, const SlabRules& rules, SlabSpecs specs);

  /// Finds a cache by name, or creates it: as the era's table has it, or as described.
  SlabCache& cache(const char* name);
  SlabCache& cache(const SlabSpec& spec);
  /// The same, or null if the era's kernel has no such cache.
  SlabCache* known(const char* name);
  SlabCache* find(std::string_view name);
  /// The kmalloc class for this size and mask; null beyond kmalloc_max.
  SlabCache* kmalloc_cache(std::uint32_t size, Gfp gfp = Gfp::none);
  /// The smallest block of pages that a kmalloc() of this size can do with.
  unsigned kmalloc_order(std::uint32_t size);

  SlabObject alloc(SlabCache& cache, Site site, Gfp gfp);
  SlabObject kmalloc(std::uint32_t size, Site site, Gfp gfp);
  void free(SlabObject object) noexcept;
  /// kmem_cache_shrink(): gives back every empty slab, those of the CPUs too. The pages freed.
  Pages shrink(SlabCache& cache) noexcept;
  /// Whether the handle still means what it meant; reports a bug if not.
  bool check(SlabObject object, const char* user) const;
  /// The cache it came from; null for a large kmalloc().
  const SlabCache* cache_of(SlabObject object) const;

  const std::vector<std::unique_ptr<SlabCache>>& caches() const { return caches_; }
  Pages reclaimable_pages() const { return reclaimable_; }
  /// Empty if every slab is where it says it is, with as many objects as all accounts say. Slow.
  std::string check_lists() const;

 private:
  using Cpu = SlabCache::CpuSlab;

  bool injected(const SlabCache& cache, Site site, Gfp gfp);
  Cpu& this_cpu(SlabCache& cache) const;
  SlabObject take(SlabCache& cache, Cpu& cpu);
  SlabCache& create_kmalloc(std::size_t type, std::size_t size_class);
  SlabObject kmalloc_large(std::uint32_t size, Site site, Gfp gfp);
  void free_large(SlabObject object) noexcept;
  bool alive(SlabObject object) const;

  // slab_lists.cpp
  bool refill(SlabCache& cache, Site site, Gfp gfp);
  bool refill_from_cpu(SlabCache& cache, Cpu& cpu);
  bool get_partial(SlabCache& cache, Cpu& cpu);
  void load(SlabCache& cache, Cpu& cpu, std::uint32_t slot);
  void put_cpu_partial(SlabCache& cache, Cpu& cpu, std::uint32_t slot, bool drain);
  void unfreeze(SlabCache& cache, std::uint32_t slot);
  void deactivate(SlabCache& cache, Cpu& cpu);
  void free_elsewhere(SlabCache& cache, std::uint32_t slot, std::uint16_t index);
  void link_partial(SlabCache& cache, std::uint32_t slot, bool tail);
  void unlink_partial(SlabCache& cache, std::uint32_t slot);
  bool enough_partial(const SlabCache& cache) const;

  // slab_pages.cpp
  std::uint32_t grow(SlabCache& cache, Site site, Gfp gfp);
  std::uint32_t add_slab(SlabCache& cache, Pfn page, unsigned order);
  void discard(SlabCache& cache, std::uint32_t slot);

  static constexpr std::size_t kmalloc_types = 4;
  static constexpr std::size_t kmalloc_classes = 13;

  Memory& memory_;
  const std::uint32_t cpus_;
  const SlabRules& rules_;
  const SlabSpecs specs_;
  std::vector<std::unique_ptr<SlabCache>> caches_;
  std::map<std::string_view, SlabCache*> by_name_;
  std::array<std::array<SlabCache*, kmalloc_classes>, kmalloc_types> kmalloc_{};
  std::array<std::uint8_t, kmalloc_max / 8 + 1> kmalloc_class_;  ///< by (size + 7) / 8
  std::uint16_t large_generation_ = 0;
  Pages reclaimable_ = 0;
};

}  // namespace brink
