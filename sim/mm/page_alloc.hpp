// The page allocator: requests for pages, from the fault hook to the answer (mm/page_alloc.c, Linux
// 2.6.30 … 6.1). Left out: compaction, the fair-zone batches, cpusets, the dirty limit of zones.
#pragma once

#include "brink/policy.hpp"
#include "sim/mm/failure.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

class Memory;

struct PageRequest {
  Site site{};   ///< what hooks and taps are told
  Site blame{};  ///< whose failure it is; a slab's pages fail for the object's site
  unsigned order = 0;
  Gfp gfp = Gfp::none;
  bool quiet = false;  ///< its failure is nobody's: the caller has another way at once
};

/// gfpflags_to_migratetype().
constexpr Migrate migrate_type(Gfp gfp) {
  if (has(gfp, Gfp::movable)) return Migrate::movable;
  return has(gfp, Gfp::reclaimable) ? Migrate::reclaimable : Migrate::unmovable;
}

class PageAlloc {
 public:
  explicit PageAlloc(Memory& memory);

  /// no_page if it failed: the failure is then the running task's last, unless the request is
  /// quiet.
  Pfn alloc(const PageRequest& request);
  /// `cold`: not in any CPU's cache, so that others of the per-CPU list are handed out first.
  void free(Pfn page, unsigned order, bool cold = false) noexcept;

  /// get_page_from_freelist(): a block that leaves the zone above this mark with these rights.
  Pfn take(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags);
  /// Whether take() would find one.
  bool would_find(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags) const;
  /// Whether it could find one if the lists of all CPUs were drained, and the reserve for high
  /// orders given up. Never false if it would; above order 0 it may be true though the pages that
  /// come back do not merge.
  bool would_find_after_drain(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags) const;
  /// gfp_to_alloc_flags(): rights in the slow path of a task that reclaims, or is an OOM victim.
  unsigned alloc_flags(Gfp gfp, bool reclaimer, bool victim) const;

  /// drain_all_pages(): what is on the lists of all CPUs returns to the buddy system; how many
  /// pages.
  Pages drain_all();
  /// drain_local_pages(): the lists of the running CPU.
  Pages drain_local();
  /// unreserve_highatomic_pageblock(): one pageblock that is kept for high-order atomic requests
  /// becomes the requester's kind; the last of a zone only if forced. False if there was none.
  bool unreserve_highatomic(Gfp gfp, bool forced);
  /// Whether a forced one could find any.
  bool has_highatomic(Gfp gfp) const;

  /// Why the last quiet request failed.
  Cause quiet_cause() const { return quiet_cause_; }
  void set_quiet_cause(Cause cause) { quiet_cause_ = cause; }

  /// The fast attempt at the low mark, without charge, hook or record: for bulk steps.
  Pfn take_fast(Gfp gfp) { return take(0, gfp, Watermark::low, fast_flags(gfp)); }
  /// Rights of the fast attempt (alloc_flags_nofragment()).
  unsigned fast_flags(Gfp gfp) const;
  /// A block that take() gave becomes an allocated one; charges for clearing it if asked to.
  void prepare(Pfn page, unsigned order, Gfp gfp);
  /// A page that compaction took from the free lists by itself counts as allocated.
  void adopt(Pfn page);
  /// Puts the answer into the run's hash, and tells whoever listens.
  void answer(const PageRequest& request, Pfn page);

 private:
  bool injected(const PageRequest& request);
  /// Whose lists: the running task's CPU's. Interrupts go to CPU 0, as they do by default.
  std::uint32_t cpu() const { return core_.in_task() ? core_.current().cpu : 0; }
  bool zone_ok(const Zone& zone, unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags,
               Pages more = 0) const;
  Pfn take_from(Zone& zone, unsigned order, Gfp gfp, unsigned alloc_flags);
  void broke_in(Zone& zone, unsigned steals, Gfp gfp);
  void freed_to_buddy(Zone& zone);

  Memory& memory_;
  Core& core_;
  Cause quiet_cause_ = Cause::give_up;
};

}  // namespace brink
