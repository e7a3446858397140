// Slabs: caches of equal objects on pages (mm/slub.c and mm/slab_common.c, Linux 4.0, in outline).
// Left out: per-CPU slabs and partial lists, cache merging, debugging options, NUMA nodes.
//
// Objects are handles with a generation, so that a double free or a use after free is noticed when
// it happens, reported as a bug of the model's user, and harmless.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/sites.hpp"
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

struct SlabSpec {
  std::string_view name;
  std::uint32_t size = 0;  ///< bytes of an object
  std::uint32_t align = 8;
  bool reclaim_account = false;  ///< SLAB_RECLAIM_ACCOUNT: a shrinker can free its objects
};

/// How a cache lays out its slabs (calculate_order(), oo_objects()).
struct SlabLayout {
  std::uint32_t size = 0;  ///< bytes an object takes, alignment included
  std::uint8_t order = 0, min_order = 0;
  std::uint16_t objects = 0, min_objects = 0;  ///< a slab, at each of the two orders
};
SlabLayout slab_layout(std::uint32_t size, std::uint32_t align, std::uint32_t cpus);

class SlabCache {
 public:
  SlabCache(std::uint32_t id, const SlabSpec& spec, std::uint32_t cpus);

  const char* name() const { return name_.c_str(); }
  bool reclaim_account() const { return reclaim_account_; }
  const SlabLayout& layout() const { return layout_; }
  std::uint64_t objects_in_use() const { return in_use_; }
  Pages pages() const { return pages_; }

 private:
  friend class Slab;
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct Object {
    std::uint16_t generation;  ///< odd while it is allocated
    std::uint16_t next_free;
  };
  struct OneSlab {
    Pfn page;
    std::uint32_t next, prev;  ///< in the list of partial slabs, or of free slots
    std::uint16_t objects, in_use, first_free;
    std::uint8_t order;
    bool partial;
  };

  const std::string name_;
  const std::uint32_t id_;
  const std::uint32_t object_size_;
  const bool reclaim_account_;
  const SlabLayout layout_;
  const std::uint32_t min_partial_;  ///< with this many partial ones, a slab that falls empty goes

  std::vector<OneSlab> slabs_;
  std::vector<Object> objects_;  ///< layout_.objects for each slab
  std::uint32_t free_slot_ = none;
  std::uint32_t partial_ = none, partial_tail_ = none;
  std::uint32_t partial_count_ = 0;
  std::uint64_t in_use_ = 0;
  Pages pages_ = 0;
};

class Slab {
 public:
  static constexpr std::uint32_t kmalloc_max = 8192;  ///< larger requests go to the page allocator

  Slab(Memory& memory, std::uint32_t cpus);

  /// Finds a cache by name, or creates it.
  SlabCache& cache(const SlabSpec& spec);
  SlabCache* find(std::string_view name);
  /// The kmalloc class of this size; null beyond kmalloc_max.
  SlabCache* kmalloc_cache(std::uint32_t size);
  /// The smallest block of pages that a kmalloc() of this size can do with.
  unsigned kmalloc_order(std::uint32_t size);

  SlabObject alloc(SlabCache& cache, Site site, Gfp gfp);
  SlabObject kmalloc(std::uint32_t size, Site site, Gfp gfp);
  void free(SlabObject object) noexcept;
  /// Whether the handle still means what it meant; reports a bug if not.
  bool check(SlabObject object, const char* user) const;
  /// The cache it came from; null for a large kmalloc().
  const SlabCache* cache_of(SlabObject object) const;

  const std::vector<std::unique_ptr<SlabCache>>& caches() const { return caches_; }
  Pages reclaimable_pages() const { return reclaimable_; }

 private:
  bool injected(const SlabCache& cache, Site site, Gfp gfp);
  bool grow(SlabCache& cache, Site site, Gfp gfp);
  SlabObject take(SlabCache& cache);
  void add_slab(SlabCache& cache, Pfn page, unsigned order);
  void discard(SlabCache& cache, std::uint32_t slot);
  void link_partial(SlabCache& cache, std::uint32_t slot, bool tail);
  void unlink_partial(SlabCache& cache, std::uint32_t slot);
  SlabObject kmalloc_large(std::uint32_t size, Site site, Gfp gfp);
  void free_large(SlabObject object) noexcept;
  bool alive(SlabObject object) const;

  Memory& memory_;
  const std::uint32_t cpus_;
  std::vector<std::unique_ptr<SlabCache>> caches_;
  std::vector<std::uint16_t> kmalloc_index_;  ///< by (size + 7) / 8: number of the cache
  std::uint16_t large_generation_ = 0;
  Pages reclaimable_ = 0;
};

}  // namespace brink
