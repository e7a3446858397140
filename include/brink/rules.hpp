// Rules: one named switch for each behaviour that differs between kernels and is nobody's policy.
// The model reads switches, never the name of a kernel; an era is a row that sets them all.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "brink/policy.hpp"
#include "brink/sites.hpp"
#include "brink/slab_spec.hpp"

namespace brink {

/// What differs between kernels in mm/slub.c and mm/slab_common.c.
struct SlabRules {
  /// How much a CPU keeps in partial slabs of its own: nothing (≤ 3.1), about so many free objects
  /// (49e2258586b4, 3.2), or the slabs that would hold them half full (b47291ef02b0, 5.16).
  enum class CpuPartial : std::uint8_t { none, objects, slabs };
  CpuPartial cpu_partial = CpuPartial::objects;
  /// So many objects of caches whose objects take a page or more, 1024, 256 bytes or more, or less.
  std::array<std::uint16_t, 4> cpu_partial_objects = {2, 6, 13, 30};

  /// A slab that falls empty stays while there are fewer than min_partial, as 3.1 has it
  /// (2cfb7455d223); before, it went at once.
  bool keeps_empty = true;
  /// min_partial is log2 of the object's size, halved since 3.2 (49e2258586b4).
  bool halves_min_partial = true;

  /// A request for a slab larger than it has to be may reclaim; since 45eb00cd3a03 (4.4) it may
  /// not, nor use the reserves, nor (in 6.1) wake kswapd.
  bool high_order_waits = true;

  /// kmalloc() has classes of its own for __GFP_RECLAIMABLE (1291523f2c1d, 4.20), and for what is
  /// charged to a memory cgroup (494c1dfe855e, 5.14).
  bool kmalloc_reclaimable = false;
  bool kmalloc_accounted = false;
  /// kmalloc-1k rather than kmalloc-1024 (f0d77874143f, 4.20).
  bool kmalloc_short_names = false;

  /// The kernel's own caches by the names that the model has for them, with their sizes and their
  /// own names; null if the kernel has no such cache.
  const SlabSpec* (*spec)(std::string_view name) = nullptr;
};

struct Rules {
  /// When a request that loops wakes kswapd. 2.6.31 moved the wake above the restart label
  /// (11e33f6a55e); 2.6.32 moved it back (cc4a6851466).
  enum class KswapdWake : std::uint8_t { entry, restart, round };
  KswapdWake kswapd_wake = KswapdWake::round;

  /// How a watermark is tested above order 0: the mark halves with each order (≤ 4.3), or one free
  /// block of the order is enough (97a16fc82a7c, 4.4).
  enum class HighOrderMark : std::uint8_t { halving, free_block };
  HighOrderMark high_order_mark = HighOrderMark::halving;

  /// Lookups of names that are not cached take the directory's lock for reading
  /// (9902af79c01a, 4.7) rather than exclusively.
  bool parallel_lookup = false;

  /// Allocations inside a transaction lose __GFP_FS by themselves (7dea19f9ee63, 4.12).
  bool nofs_scope = false;

  /// What a page fault does that got no memory: kill somebody and try again (≤ 5.x), or only try
  /// again (60e2793d440a, 5.16).
  bool fault_oom_kills = true;

  /// Bounds of min_free_kbytes; the upper one became 262,144 with ee8eb9a5fe863 (5.8).
  std::uint32_t min_free_kbytes_max = 65'536;

  /// A mempool that is empty makes its caller sleep before it asks the allocator with the caller's
  /// whole mask (≤ 3.2), or only after that was in vain (1ebb7044c914, 3.3).
  bool mempool_sleeps_first = false;

  /// A growing table of file descriptors asks for its arrays with kvmalloc() (c823bd9244c8, 4.13)
  /// rather than with kmalloc() up to 32 KiB and always vmalloc() after it.
  bool fdtable_kvmalloc = false;

  SlabRules slab;
};

/// A kernel: the three policies with their parameters, the rules, and what it makes of each site.
struct EraRow {
  const char* name;
  const char* summary;
  const char* alloc_policy;
  const char* oom_policy;
  const char* reclaim_policy;
  Rules rules;
  SiteRule (*site)(Site site);
};

std::span<const EraRow> eras();

}  // namespace brink
