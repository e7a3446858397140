// Per-CPU lists of free pages of one zone (struct per_cpu_pages, mm/page_alloc.c, Linux 2.6.30,
// 4.0 and 6.1). Pages on them are not free as far as watermarks and the buddy system know. Left
// out: percpu_pagelist_fraction, NUMA, CPUs that come and go, and that the vmstat worker of 6.1
// drains what frees in bulk have left behind.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/mm/buddy.hpp"

namespace brink {

/// What decides the sizes of the lists.
struct PcpSetup {
  Rules::Pcp kind = Rules::Pcp::by_type;
  std::uint32_t cpus = 1;
  Pages managed = 0;   ///< of the zone
  Pages low_mark = 0;  ///< of the zone
};

class PcpLists {
 public:
  void set_up(PageMap& map, Buddy& buddy, const PcpSetup& setup);

  /// pcp_allowed_order(): whether blocks of this order go through the lists.
  bool takes(unsigned order) const {
    return order == 0 || (by_order_ && (order <= costly_order || order == pageblock_order));
  }

  /// rmqueue_pcplist(): a block from this CPU's list, refilled from the buddy system if it is
  /// empty; no_page if that has none. Cold blocks come from the list's other end.
  Pfn alloc(std::uint32_t cpu, unsigned order, Migrate type, bool cold, unsigned alloc_flags) {
    if (kind_ == Rules::Pcp::hot_cold) return alloc_matching(cpu, type, cold);
    PerCpu& p = cpus_[cpu];
    List& list = p.lists[index(order, type)];
    p.free_factor >>= 1;
    if (list.head == no_page && !refill(p, list, order, type, cold, alloc_flags)) return no_page;
    const Pfn pfn = cold ? list.tail : list.head;
    remove(list, pfn);
    took(p, order);
    return pfn;
  }
  /// A page of this type from the head of a list that is not empty, or no_page.
  Pfn pop(std::uint32_t cpu, Migrate type) {
    if (kind_ == Rules::Pcp::hot_cold || cpus_[cpu].lists[index(0, type)].head == no_page) {
      return no_page;
    }
    return alloc(cpu, 0, type, false, 0);
  }

  /// free_unref_page(): onto this CPU's list, and if that is too long by now some of the lists' to
  /// the buddy system; true then. `reclaim_active`: kswapd wants the lists short (6.1).
  bool free(std::uint32_t cpu, Pfn pfn, unsigned order, bool cold, bool reclaim_active);

  /// drain_pages(): everything of one CPU, or of all; how many pages.
  Pages drain(std::uint32_t cpu);
  Pages drain_all();

  /// On all lists together.
  Pages pages() const { return pages_; }
  Pages pages(std::uint32_t cpu) const { return cpus_[cpu].count; }
  Pages batch() const { return batch_; }
  Pages high() const { return high_; }
  /// Whether some CPU's list would give such a block.
  bool has_block(unsigned order, Migrate type) const;
  /// Whether links and counts agree, list by list. Slow.
  bool consistent() const;

 private:
  static constexpr std::size_t low_orders = costly_order + 1;
  static constexpr std::size_t list_count = mobility_types * low_orders + 2;
  /// CONFIG_PCP_BATCH_SCALE_MAX of 6.1: a batch is at most doubled so often.
  static constexpr unsigned batch_scale_max = 5;

  struct List {
    Pfn head = no_page, tail = no_page;
  };
  struct PerCpu {
    Pages count = 0;
    unsigned free_factor = 0;  ///< how often in a row pages were freed in bulk (6.1)
    std::array<List, list_count> lists;
  };

  /// order_to_pindex(). Of pageblocks there are two lists: movable, and all others.
  static std::size_t index(unsigned order, Migrate type) {
    if (order > costly_order) return list_count - (type == Migrate::movable ? 1 : 2);
    return mobility_types * order + static_cast<std::size_t>(type);
  }
  static unsigned order_of(std::size_t index) {
    return index < list_count - 2 ? static_cast<unsigned>(index / mobility_types) : pageblock_order;
  }
  void insert_after(List& list, Pfn before, Pfn pfn);
  void push_back(List& list, Pfn pfn) { insert_after(list, list.tail, pfn); }
  void remove(List& list, Pfn pfn) {
    const Page& page = (*map_)[pfn];
    if (page.next != no_page)
      (*map_)[page.next].prev = page.prev;
    else
      list.tail = page.prev;
    if (page.prev != no_page)
      (*map_)[page.prev].next = page.next;
    else
      list.head = page.next;
  }
  void took(PerCpu& p, unsigned order) {
    p.count -= Pages{1} << order;
    pages_ -= Pages{1} << order;
  }
  bool refill(PerCpu& p, List& list, unsigned order, Migrate type, bool cold, unsigned alloc_flags);
  Pfn alloc_matching(std::uint32_t cpu, Migrate type, bool cold);
  void give_back(PerCpu& p, List& list, unsigned order);
  void free_bulk(PerCpu& p, Pages count, std::size_t first);
  void free_round_robin(PerCpu& p, Pages count);
  void free_by_index(PerCpu& p, Pages count, std::size_t first);
  Pages bulk_size(PerCpu& p, Pages high, bool everything) const;

  PageMap* map_ = nullptr;
  Buddy* buddy_ = nullptr;
  Rules::Pcp kind_ = Rules::Pcp::by_type;
  bool by_order_ = false;
  Pages batch_ = 1;
  Pages high_ = 0;
  Pages pages_ = 0;
  std::vector<PerCpu> cpus_;
};

}  // namespace brink
