// Rules: one named switch for each behaviour that differs between kernels and is nobody's policy.
// The model reads switches, never the name of a kernel; an era is a row that sets them all.
#pragma once

#include <cstdint>
#include <span>

#include "brink/policy.hpp"
#include "brink/sites.hpp"

namespace brink {

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

  /// What becomes of a writer when too much is dirty: it writes pages itself and naps 100 ms at a
  /// time (≤ 3.1), or sleeps for as long as its pages take while the flusher writes (143dfe8611a6,
  /// 3.2).
  enum class DirtyThrottling : std::uint8_t { push, pause };
  DirtyThrottling dirty_throttling = DirtyThrottling::pause;

  /// Of what a share may be dirty: free pages and all LRU pages (≤ 3.2), or free pages above the
  /// reserves and file pages (ab8fabd46f81, 3.3, and a1c3bfb2f67e, 3.14, in one).
  enum class DirtyableMemory : std::uint8_t { free_and_lru, free_and_file };
  DirtyableMemory dirtyable_memory = DirtyableMemory::free_and_file;

  /// Reclaimers wait while more than 110 % of the dirty limit is under writeback: there in 2.6.30
  /// to 4.0, gone by 6.1.
  bool throttle_vm_writeout = true;

  /// How dm-crypt allocates the pages of a write: waiting for the first 8 only and splitting the
  /// bio where they run out, from a pool of 32 (≤ 3.19); all of them, each waited for, from a pool
  /// of 256 (cf2f1abfbd0d by itself: two writers can each hold half of it); or all of them, and
  /// whoever has to wait is alone (7145c241a1bf, 4.0).
  enum class DmCryptBuffer : std::uint8_t { split, greedy, serialised };
  DmCryptBuffer dm_crypt_buffer = DmCryptBuffer::serialised;

  /// dm-crypt works on as many transfers at a time as there are CPUs, and starts reads in the
  /// context of whoever asked (20c82538e4f4, 2.6.39, and f3396c58fd84, 4.0); before, one thread
  /// encrypted and another started reads.
  bool dm_crypt_parallel = true;

  /// The thread of a loop device counts as one that writes to clean memory (PF_LESS_THROTTLE,
  /// b2ee7d46f1dc, 4.13).
  bool loop_less_throttle = false;

  /// A loop device's file loses __GFP_IO and __GFP_FS from the mask of its page cache (since 2.6;
  /// false shows what that is for).
  bool loop_masks_file = true;

  /// A mempool that is empty makes its caller sleep before it asks the allocator with the caller's
  /// whole mask (≤ 3.2), or only after that was in vain (1ebb7044c914, 3.3).
  bool mempool_sleeps_first = false;
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
