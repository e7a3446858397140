// Reclaim: the LRU lists, who is taken from them, and in which order it is tried (mm/vmscan.c and
// mm/swap.c, Linux 2.6.30 to 6.1, as the rules say). Left out: unevictable and huge pages, laptop
// mode, pagevecs, working-set detection and the cost of refaults, 6.1's activation of dirty pages,
// 2.6.30's deactivation whatever the number of inactive ones. Lists belong to zones under all
// rules: where a kernel looks at the node's (4.8), sizes are added up and each zone gone through
// for its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/locking/wait_queue.hpp"
#include "sim/mm/exhaustion.hpp"
#include "sim/mm/memory_wait.hpp"
#include "sim/mm/reclaim_throttle.hpp"
#include "sim/mm/shrinkers.hpp"
#include "sim/mm/vmstat.hpp"
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
  std::uint64_t slab_freed = 0;  ///< objects, by the last shrink_slab()
  Pages lru_pages = 0;  ///< reclaimable, in all zones of the pass; ShrinkerShare::all_zones
  StateCounts states;   ///< of what one pass over the node took; Stall::reasons
  Pages immediate = 0;  ///< likewise, met under writeback for the second time
  // What prepare_scan_count() has found; ScanBalance::cost.
  std::array<bool, 2> may_deactivate{};  ///< anon, file
  bool force_deactivate = false;
  bool skipped_deactivate = false;
  bool cache_trim_mode = false;
  bool file_is_tiny = false;
  std::uint16_t memcg = 0;  ///< whose pages alone are wanted (target_mem_cgroup); 0: anybody's
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
  /// A page that was taken off its list, to be looked at, stays allocated until end_isolation().
  void begin_isolation(Pfn page);
  /// False if it must not go back to a list: it was locked in memory meanwhile, or its last user is
  /// gone, and so is it.
  bool end_isolation(Pfn page);
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
  Pages rehearse(unsigned order, Gfp gfp);
  bool rehearsing() const { return rehearsing_; }

  /// try_to_free_mem_cgroup_pages(): pages freed of a memory cgroup and those in it.
  Pages reclaim_memcg(std::uint16_t memcg, Gfp gfp);

  // --- For kswapd.

  void shrink_zone(Zone& zone, ScanControl& sc, bool class_zone);
  /// The zones up to one, as a kernel does that has one set of lists a node.
  void shrink_node(ZoneType highest, ScanControl& sc);
  /// The caches besides the lists: objects freed.
  std::uint64_t shrink_slab(ScanControl& sc, Pages scanned, Pages lru_pages);
  /// Whoever reclaims has napped for so long.
  void count_stall(Nanos time);
  /// congestion_wait() by whoever reclaims.
  void nap(Nanos timeout);
  void age_active_anon(Zone& zone, ScanControl& sc);
  void end_pass() { flush_record(); }
  /// Wakes those that direct() holds back, if the reserve has recovered enough or `all`.
  void wake_throttled(bool all);
  bool reserve_ok() const;

  /// zone_reclaimable(): scanned fewer than six times what there is since a page was freed.
  bool zone_reclaimable(const Zone& zone) const;
  /// Whether direct reclaim leaves the zone to kswapd but for a glance: by that number, or, in
  /// 2.6.3x, by kswapd's own mark.
  bool passed_over(const Zone& zone) const;
  Pages reclaimable_pages(const Zone& zone) const;
  bool inactive_is_low(const Zone& zone, bool file) const;

  /// What is left to be tried, and in a word; lumpy reclaim reaches more for a high `order`.
  Exhaustion exhaustion(ReclaimClass rights, Gfp gfp, unsigned order = 0) const;
  bool exhausted(ReclaimClass rights, Gfp gfp, unsigned order = 0) const;
  /// The same of a memory cgroup and those in it; with `detail` (slow), what is in the way.
  Exhaustion memcg_exhaustion(std::uint16_t memcg, ReclaimClass rights, bool detail = false) const;
  bool shrinkers_barren(Gfp gfp) const;
  bool shrinkers_steady(Gfp gfp) const;
  /// Counts what is in the way, page by page.
  void explain(Gfp gfp, Exhaustion& out) const;
  Shrinkers& shrinkers() { return shrinkers_; }
  ReclaimThrottle& reasons() { return reasons_; }
  Vmstat& vmstat() { return vmstat_; }
  const Vmstat& vmstat() const { return vmstat_; }
  const Shrinkers& shrinkers() const { return shrinkers_; }
  /// How many of Memory::changes() were pages that went from an active list to an inactive one or
  /// back. Where reclaim is exhausted, that changes nothing but whose turn it is.
  std::uint64_t list_turns() const { return list_turns_; }
  /// Pages that a task has looked at so far.
  std::uint64_t looked_at(const Task& task) const;

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
  bool sweep(ScanControl& sc);
  bool shrink_zones(ScanControl& sc);
  bool leaves_all(const ScanControl& sc) const;
  bool throttle(Gfp gfp);
  bool node() const;
  bool counts_scanned() const;

  // reclaim_compaction.cpp
  bool for_compaction(const ScanControl& sc) const;
  bool continues_for_compaction(const ScanControl& sc, ZoneType first, ZoneType last,
                                Pages reclaimed) const;

  // shrink_zone.cpp
  void shrink_zone_once(Zone& zone, ScanControl& sc, bool class_zone);
  void shrink_node_once(ZoneType highest, ScanControl& sc);
  void shrink_lruvec(Zone& zone, ScanControl& sc, Pages& lru_pages);
  Pages shrink_batches(Zone& zone, Counts& nr, ScanControl& sc);
  Pages shrink_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  void rebalance(Counts& nr, const Counts& targets) const;
  void settle_node(ScanControl& sc);
  void consider_throttle(const ScanControl& sc);

  // shrink_memcg.cpp
  Zone& home(const Zone& part) const;
  Zone& lists_of(Pfn page) const;
  void shrink_parts(Zone& zone, ScanControl& sc, Pages& lru_pages);
  void shrink_memcgs(ScanControl& sc);
  void prepare_memcg_scan(ScanControl& sc);

  // scan_count.cpp
  Pages get_scan_count(Zone& zone, const ScanControl& sc, Counts& nr);
  enum class Balance : std::uint8_t { equal, fraction, anon, file };
  Balance scan_balance(const Zone& zone, const ScanControl& sc) const;
  void fractions(Zone& zone, std::array<std::uint64_t, 2>& fraction, std::uint64_t& sum) const;

  // scan_cost.cpp
  void prepare_scan_count(ScanControl& sc);
  Balance cost_balance(const ScanControl& sc) const;
  void cost_fractions(std::array<std::uint64_t, 2>& fraction, std::uint64_t& sum) const;
  void note_cost(bool file, Pages pageouts);
  // scan_percent.cpp
  Pages get_scan_percent(Zone& zone, const ScanControl& sc, Counts& nr);
  std::array<std::uint64_t, 2> scan_percent(Zone& zone, bool for_memcg) const;
  /// Pages of a list as whoever judges its size sees it: the zone's, or the node's.
  Pages seen_size(const Zone& zone, Lru lru) const;

  // shrink_list.cpp
  Pages shrink_inactive_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  void shrink_active_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  enum class Isolation : std::uint8_t { go_on, killed, leave };
  Isolation wait_too_many_isolated(Zone& zone, bool file, const ScanControl& sc);
  bool too_many_isolated(const Zone& zone, bool file, const ScanControl& sc) const;
  void count_scanned(Zone& zone, bool file, Pages nr, const ScanControl& sc);
  void count_looked(Pages nr);
  void turned();
  Pages charge_batch(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  void flag_zone(Zone& zone, const Batch& batch, ScanControl& sc);
  void stall(Zone& zone, const Batch& batch, const ScanControl& sc);
  void isolate(Zone& zone, Lru lru, Pages nr, Batch& batch);
  void put_back(Zone& zone, Lru lru, Batch& batch, const ScanControl& sc);
  void put_back_page(Zone& zone, Pfn pfn, Result result, bool advanced, const ScanControl& sc,
                     Batch& batch);
  void record(Zone& zone, Lru lru, const Batch& batch);
  void flush_record();

  // shrink_lumpy.cpp
  struct Lump;
  Pages shrink_lumpy(Zone& zone, Lru lru, Pages nr, ScanControl& sc);
  void isolate_lump(Zone& zone, Lru lru, Pages nr, unsigned order, Lump& lump);
  bool isolate_neighbour(Zone& zone, Lru lru, Pfn pfn, Lump& lump);
  void isolate_one(Zone& zone, Pfn pfn, Lump& lump);
  void shrink_lump(Zone& zone, ScanControl& sc, Lump& lump, bool sync);
  void wait_for_writeback(Pfn pfn, const ScanControl& sc);
  void put_back_lump(Zone& zone, const ScanControl& sc, Lump& lump);

  // shrink_page.cpp
  Result shrink_page(Pfn page, Zone& zone, ScanControl& sc, Batch& batch, bool& advanced);
  Result try_page(Pfn page, Zone& zone, ScanControl& sc, Batch& batch);
  bool waits_for_writes(const ScanControl& sc) const;
  References check_references(Page& page);
  Result shrink_dirty(Pfn page, Zone& zone, ScanControl& sc, Batch& batch, bool clean_only);
  Result pageout(Pfn page, Batch& batch);
  Result free_clean(Pfn page, const ScanControl& sc, Batch& batch);

  // lru.cpp
  void explain_lists(const Zone& zone, Exhaustion& out) const;
  Tried& tried(Zone& zone) const;
  /// The page leaves the list, or is looked at with more rights: how it was marked.
  unsigned untry(Zone& zone, Lru lru, const Page& page);
  void retry(Zone& zone, Lru lru, Page& page, unsigned mark);
  void mark_tried(Zone& zone, Lru lru, Page& page, ReclaimClass rights);
  unsigned mark_of(const Page& page) const;

  // exhausted.cpp
  bool reaches_active(const Zone& zone, bool file, unsigned order) const;
  bool below_a_glance(const Zone& zone, Lru lru) const;
  bool side_tried(const Zone& zone, bool file, ReclaimClass rights, unsigned order,
                  Exhaustion& out) const;
  bool lists_tried(const Zone& zone, ReclaimClass rights, unsigned order, Exhaustion& out) const;
  bool sweeps_fully(Gfp gfp) const;

  void resched();
  void charge(Nanos cost);

  Memory& memory_;
  Core& core_;
  Shrinkers shrinkers_;
  ReclaimThrottle reasons_;
  StableLists stable_;
  Vmstat vmstat_;
  std::array<Counts, zone_types> saved_scan_{};  ///< nr_saved_scan
  std::array<Pages, 2> cost_{};                  ///< anon_cost, file_cost
  WaitQueue throttled_;                          ///< pfmemalloc_wait
  std::vector<Task*> isolators_;
  std::vector<std::uint64_t> looked_at_;  ///< by task id
  std::uint64_t list_turns_ = 0;
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
