// Compaction: moving pages so that free ones come to lie together (mm/compaction.c, Linux 4.0 and
// 6.1 as the rules say). Two scanners work towards each other: one collects movable pages from the
// bottom of a zone, the other free pages from its top. Left out: CMA, isolation of pageblocks,
// proactive compaction, capture of the page by who compacts, contention of the zone's locks
// (nothing interrupts a step), the fast searches of 5.1.
//
// One shortcut: a zone in which a whole run has moved nothing is not scanned again for such a
// request until something in memory changes; the run would do nothing again.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/policy.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

class Core;
class Memory;

/// A request that needs a block of pages.
struct CompactRequest {
  unsigned order = 0;
  Gfp gfp = Gfp::none;
  Watermark mark = Watermark::min;
  unsigned alloc_flags = 0;
};

/// COMPACT_MAX_DEFER_SHIFT: at most 64 requests go by.
inline constexpr unsigned compact_max_defer_shift = 6;
/// COMPACT_CLUSTER_MAX: pages that are moved in one go.
inline constexpr std::size_t compact_cluster = 32;

class Compaction {
 public:
  explicit Compaction(Memory& memory);

  /// gfp_compaction_allowed(), and the tests at the head of try_to_compact_pages() in 4.0.
  bool allowed(unsigned order, Gfp gfp) const;
  /// try_to_compact_pages(): the zones of the request, until one looks as if it could serve it.
  CompactResult direct(const CompactRequest& request, CompactPriority priority);
  /// A block of this order was taken from the zone: it need not be deferred any more
  /// (compaction_defer_reset()).
  void succeeded(Zone& zone, unsigned order);
  /// Whether any zone would be compacted if so much of what is reclaimable were free
  /// (compaction_zonelist_suitable()).
  bool zonelist_suitable(const CompactRequest& request) const;
  /// Whether such a request might still gain by compaction: some zone could be compacted, and
  /// memory has changed since the last time that it was in vain.
  bool untried(const CompactRequest& request) const;

  /// compaction_suitable(): whether a zone could be compacted for the order, or need not be.
  bool worth_it(const Zone& zone, unsigned order, ZoneType class_zone) const;

  /// One zone for kcompactd; none if it has nothing to do there.
  CompactResult background(Zone& zone, unsigned order, ZoneType class_zone);
  /// Whether kcompactd would find work.
  bool background_suitable(unsigned order, ZoneType class_zone) const;
  /// kswapd goes to sleep: what runs have learnt about pageblocks is forgotten where one ended
  /// lately (reset_isolation_suitable()).
  void forget_skipped();

  /// 0 … 1,000: why requests of the order fail, 0 for want of memory, 1,000 because of
  /// fragmentation; -1,000 if they need not fail (fragmentation_index()).
  static int fragmentation_index(const Zone& zone, unsigned order);

 private:
  struct Control;
  enum class Suitable : std::uint8_t { skipped, success, go_on };

  // compact_defer.cpp
  bool deferred(Zone& zone, unsigned order);
  void defer(Zone& zone, unsigned order);
  void defer_reset(Zone& zone, unsigned order, bool allocated);
  void clear_skipped(Zone& zone);

  // compaction.cpp
  Suitable suitable(const Zone& zone, const CompactRequest& request, ZoneType class_zone) const;
  bool room_to_move(const Zone& zone, unsigned order, ZoneType class_zone, Pages pages) const;
  bool barren(const Zone& zone, unsigned order, CompactPriority priority) const;
  CompactResult zone_run(Control& control);
  bool finished(Control& control, CompactResult& result);
  bool would_serve(const Control& control) const;
  void start(Control& control) const;
  void meet(Control& control);

  // compact_scan.cpp
  bool collect_movable(Control& control);
  void scan_movable(Control& control, Pfn begin, Pfn end);
  bool too_many_isolated(const Zone& zone) const;
  bool isolate_page(Control& control, Pfn page);
  void collect_free(Control& control);
  Pfn scan_free(Control& control, Pfn begin, Pfn end);
  bool isolate_block(Control& control, Pfn block);
  bool good_target(const Control& control, Pfn block) const;
  void note_skip(Control& control, Pfn block, bool movable_scanner);

  // compact_move.cpp
  void move_all(Control& control);
  void put_back(Control& control, Pfn page);
  void release_free(Control& control);

  Memory& memory_;
  Core& core_;
};

}  // namespace brink
