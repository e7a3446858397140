// What kernel code tells kmem_cache_create() about a cache of equal objects.
#pragma once

#include <cstdint>
#include <string_view>

namespace brink {

struct SlabSpec {
  std::string_view name;
  std::uint32_t size = 0;        ///< bytes of an object
  std::uint32_t align = 0;       ///< at least; 8 is the least that there is
  bool reclaim_account = false;  ///< SLAB_RECLAIM_ACCOUNT: a shrinker can free its objects
  bool hwcache_align = false;    ///< SLAB_HWCACHE_ALIGN: objects do not share cache lines in vain
  /// The free pointer follows the object because it must not be overwritten: it has a constructor,
  /// or SLAB_TYPESAFE_BY_RCU (SLAB_DESTROY_BY_RCU before 4.12).
  bool keeps_object = false;
  bool account = false;  ///< SLAB_ACCOUNT: charged to the memory cgroup
  bool dma = false;      ///< SLAB_CACHE_DMA
};

/// A kernel's own caches by the names that the model has for them, with their sizes and their own
/// names; null if the kernel has no such cache.
using SlabSpecs = const SlabSpec* (*)(std::string_view name);

}  // namespace brink
