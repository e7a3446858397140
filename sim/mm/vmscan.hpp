// Reclaim: the LRU lists, who is taken from them, and in which order it is tried (mm/vmscan.c and
// mm/swap.c, Linux 4.0). Left out: memory cgroups, unevictable and huge pages, compaction (so a
// costly order is reclaimed for like any other), laptop mode, working-set detection, pagevecs.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/locking/wait_queue.hpp"
#include "sim/mm/exhaustion.hpp"
#include "sim/mm/memory_wait.hpp"
#include "sim/mm/shrinkers.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

class Memory;

inline constexpr Pages swap_cluster_max = 32;
inline constexpr int def_priority = 12;

/// What one pass of reclaim may do and has done (struct scan_control).
struct ScanControl {
  Pages nr_to_reclaim = swap_cluster_max;
  Gfp gfp = Gfp::none;
  unsigned order = 0;
  int priority = def_priority;
  bool kswapd = false;
  bool may_writepage = true;
  Pages nr_scanned = 0;
  Pages nr_reclaimed = 0;
};

class Reclaim {
 public:
  explicit Reclaim(Memory& memory);

  // --- The lists.

  /// lru_cache_add(): onto the list that its flags name.
  void add(Pfn page);
  /// Off its list; nothing if a reclaimer has it off already.
  void remove(Pfn page);
  void activate(Pfn page);
  /// Off the lists for as long as it is locked in memory (mlock_vma_page()); back again.
  void make_unevictable(Pfn page);
  void make_evictable(Pfn page);
  /// The page could not be freed before, and perhaps can be now.
  void page_changed(Pfn page);
  /// rotate_reclaimable_page(): it was written for reclaim, which is to find it next.
  void rotate(Pfn page);

  /// Makes the links of all lists what they count as: for whoever walks them.
  void settle();

  // --- Direct reclaim.

  /// __perform_reclaim(): pages freed, or 1 if the kernel would call it progress; 0 if there was
  /// none.
  Pages direct(unsigned order, Gfp gfp);
  /// The same without time, choice points and counters, where nothing can come of it.
  void rehearse(unsigned order, Gfp gfp);

  // --- For kswapd.

  void shrink_zone(Zone& zone, ScanControl& sc, bool class_zone);
  void age_active_anon(Zone& zone, ScanControl& sc);
  void end_pass() { flush_record(); }
  /// Wakes those that direct() holds back, if the reserve has recovered enough or `all`.
  void wake_throttled(bool all);
  bool reserve_ok() const;

  /// zone_reclaimable(): scanned fewer than six times what there is since a page was freed.
  bool zone_reclaimable(const Zone& zone) const;
  Pages reclaimable_pages(const Zone& zone) const;
  bool inactive_is_low(const Zone& zone, bool file) const;

  // --- What is left to be tried.

  Exhaustion exhaustion(ReclaimClass rights, Gfp gfp) const;
  bool shrinkers_barren(Gfp gfp) const;
  bool shrinkers_steady(Gfp gfp) const;
  /// Counts what is in the way, page by page.
  void explain(Gfp gfp, Exhaustion& out) const;
  Shrinkers& shrinkers() { return shrinkers_; }
  const Shrinkers& shrinkers() const { return shrinkers_; }

  /// Tasks that have taken pages off the lists and not put them back yet.
  const std::vector<Task*>& isolators() const { return isolators_; }

 private:
  struct Batch;
  friend class IsolatedWait;
  enum class Result : std::uint8_t { keep, activate, freed };
  enum class References : std::uint8_t { reclaim, reclaim_clean, keep, activate };
  using Counts = std::array<Pages, lru_lists>;

  // vmscan.cpp
  Pages try_to_free_pages(unsigned order, Gfp gfp);
  Pages do_try_to_free_pages(ScanControl& sc);
  bool shrink_zones(ScanControl& sc);
  void shrink_lruvec(Zone& zone, ScanControl& sc, Pages& lru_pages);
  Pages shrink_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  void rebalance(Counts& nr, const Counts& targets) const;
  bool throttle(Gfp gfp);

  // scan_count.cpp
  Pages get_scan_count(Zone& zone, const ScanControl& sc, Counts& nr);
  enum class Balance : std::uint8_t { equal, fraction, anon, file };
  Balance scan_balance(const Zone& zone, const ScanControl& sc) const;
  void fractions(Zone& zone, std::array<std::uint64_t, 2>& fraction, std::uint64_t& sum) const;

  // shrink_list.cpp
  Pages shrink_inactive_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  void shrink_active_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  bool wait_too_many_isolated(Zone& zone, bool file, const ScanControl& sc);
  bool too_many_isolated(const Zone& zone, bool file, const ScanControl& sc) const;
  Pages charge_batch(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  void flag_zone(Zone& zone, const Batch& batch, const ScanControl& sc);
  void stall(Zone& zone, const Batch& batch, const ScanControl& sc);
  void isolate(Zone& zone, Lru lru, Pages nr, Batch& batch);
  void put_back(Zone& zone, Lru lru, Batch& batch, const ScanControl& sc);
  void record(Zone& zone, Lru lru, const Batch& batch);
  void flush_record();

  // shrink_page.cpp
  Result shrink_page(Pfn page, Zone& zone, ScanControl& sc, Batch& batch, bool& advanced);
  Result try_page(Pfn page, Zone& zone, ScanControl& sc, Batch& batch);
  References check_references(Page& page);
  Result shrink_dirty(Pfn page, Zone& zone, ScanControl& sc, Batch& batch, bool clean_only);
  Result pageout(Pfn page, Batch& batch);
  Result free_clean(Pfn page, const ScanControl& sc, Batch& batch);

  // lru.cpp
  Tried& tried(Zone& zone) const;
  /// The page leaves the list, or is looked at with more rights: how it was marked.
  unsigned untry(Zone& zone, Lru lru, const Page& page);
  void retry(Zone& zone, Lru lru, Page& page, unsigned mark);
  void mark_tried(Zone& zone, Lru lru, Page& page, ReclaimClass rights);
  unsigned mark_of(const Page& page) const;
  bool side_tried(const Zone& zone, bool file, ReclaimClass rights, Exhaustion& out) const;

  void resched();
  void charge(Nanos cost);

  Memory& memory_;
  Core& core_;
  Shrinkers shrinkers_;
  StableLists stable_;
  WaitQueue throttled_;  ///< pfmemalloc_wait
  std::vector<Task*> isolators_;
  bool rehearsing_ = false;
  std::uint64_t quiet_list_ = 0;   ///< list and pages that were looked at and left as they were,
  std::uint64_t quiet_pages_ = 0;  ///< not yet in the hash
};

/// Which list a page belongs on.
inline Lru lru_of(const Page& page) {
  return static_cast<Lru>((page.file_cache() ? 2u : 0u) + (page.has(PG_active) ? 1u : 0u));
}

// Links of a list, which are in the pages.
inline void lru_push(PageMap& map, LruList& list, Pfn pfn) {
  Page& page = map[pfn];
  page.next = list.head;
  page.prev = no_page;
  (list.head != no_page ? map[list.head].prev : list.tail) = pfn;
  list.head = pfn;
  ++list.size;
}

inline void lru_push_tail(PageMap& map, LruList& list, Pfn pfn) {
  Page& page = map[pfn];
  page.next = no_page;
  page.prev = list.tail;
  (list.tail != no_page ? map[list.tail].next : list.head) = pfn;
  list.tail = pfn;
  ++list.size;
}

inline void lru_unlink(PageMap& map, LruList& list, Pfn pfn) {
  const Page& page = map[pfn];
  (page.next != no_page ? map[page.next].prev : list.tail) = page.prev;
  (page.prev != no_page ? map[page.prev].next : list.head) = page.next;
  --list.size;
}

}  // namespace brink
