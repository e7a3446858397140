// The page allocator: requests for pages, from the fault hook to the answer (mm/page_alloc.c, Linux
// 4.0). Left out: per-CPU lists, compaction, the fair-zone batches, cpusets, the dirty limit of
// zones.
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
  void free(Pfn page, unsigned order) noexcept;

  /// get_page_from_freelist(): a block that leaves the zone above this mark with these rights.
  Pfn take(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags);
  /// Whether take() would find one.
  bool would_find(unsigned order, Gfp gfp, Watermark mark, unsigned alloc_flags) const;
  /// gfp_to_alloc_flags(): rights in the slow path of a task that reclaims, or is an OOM victim.
  unsigned alloc_flags(Gfp gfp, bool reclaimer, bool victim) const;

  /// drain_all_pages(): the pages on lists of CPUs become free pages. There are no such lists yet.
  void drain_all() {}
  /// Whether unreserve_highatomic() would do anything. There is no such reserve yet.
  bool has_highatomic(Gfp) const { return false; }
  /// unreserve_highatomic_pageblock(): gives a pageblock that is kept for atomic requests back, the
  /// last of a zone only if `forced`; false if there was none.
  bool unreserve_highatomic(Gfp, bool /*forced*/) { return false; }

  /// Why the last quiet request failed.
  Cause quiet_cause() const { return quiet_cause_; }
  void set_quiet_cause(Cause cause) { quiet_cause_ = cause; }

  /// The fast attempt at the low mark, without charge, hook or record: for bulk steps.
  Pfn take_fast(Gfp gfp) { return take(0, gfp, Watermark::low, 0); }
  /// A block that take() gave becomes an allocated one; charges for clearing it if asked to.
  void prepare(Pfn page, unsigned order, Gfp gfp);
  /// Puts the answer into the run's hash, and tells whoever listens.
  void answer(const PageRequest& request, Pfn page);

 private:
  bool injected(const PageRequest& request);

  Memory& memory_;
  Core& core_;
  Cause quiet_cause_ = Cause::give_up;
};

}  // namespace brink
