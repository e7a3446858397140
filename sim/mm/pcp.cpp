// Per-CPU lists of free pages (mm/page_alloc.c, Linux 2.6.30, 4.0 and 6.1).

#include "sim/mm/pcp.hpp"

#include <algorithm>
#include <bit>

namespace brink {
namespace {

/// zone_batchsize(): a quarter of a thousandth of the zone, at most 512 KiB (since 5.14: 1 MiB) of
/// pages, to the next lower 2^n - 1.
Pages batch_size(const PcpSetup& setup) {
  const bool large = setup.kind == Rules::Pcp::small_orders;
  const Pages most = (large ? MiB : MiB / 2) / page_size;
  const Pages batch = std::max<Pages>(std::min(setup.managed / 1024, most) / 4, 1);
  return std::bit_floor(batch + batch / 2) - 1;
}

}  // namespace

void PcpLists::set_up(PageMap& map, Buddy& buddy, const PcpSetup& setup) {
  map_ = &map;
  buddy_ = &buddy;
  kind_ = setup.kind;
  by_order_ = setup.kind == Rules::Pcp::small_orders;
  const Pages batch = batch_size(setup);
  batch_ = std::max<Pages>(batch, 1);
  // zone_highsize(): the CPUs together hold what lies below the low mark.
  high_ = by_order_ ? std::max(setup.low_mark / setup.cpus, batch_ * 4) : batch * 6;
  cpus_.resize(setup.cpus);
}

/// Behind `before`, or at the head if that is no_page.
void PcpLists::insert_after(List& list, Pfn before, Pfn pfn) {
  Page& page = (*map_)[pfn];
  Pfn& forward = before == no_page ? list.head : (*map_)[before].next;
  page.prev = before;
  page.next = forward;
  if (forward != no_page)
    (*map_)[forward].prev = pfn;
  else
    list.tail = pfn;
  forward = pfn;
}

/// rmqueue_bulk(): a batch in the order in which the buddy system gives it, first to be taken
/// first.
bool PcpLists::refill(PerCpu& p, List& list, unsigned order, Migrate type, bool cold,
                      unsigned alloc_flags) {
  Pages batch = batch_;
  if (by_order_ && batch > 1) batch = std::max<Pages>(batch >> order, 2);
  Pfn last = no_page;
  Pages got = 0;
  for (; got < batch; ++got) {
    const Pfn pfn = buddy_->rmqueue(order, type, alloc_flags);
    if (pfn == no_page) break;
    Page& page = (*map_)[pfn];
    page.kind = PageKind::free;
    if (kind_ == Rules::Pcp::hot_cold) page.set_order_list(order, type);
    insert_after(list, cold ? no_page : last, pfn);
    last = pfn;
  }
  p.count += got << order;
  pages_ += got << order;
  return got != 0;
}

/// buffered_rmqueue() of 2.6.30: one list for all types, on which one of this type is searched. If
/// there is none and the buddy system gives none either, any will do.
Pfn PcpLists::alloc_matching(std::uint32_t cpu, Migrate type, bool cold) {
  PerCpu& p = cpus_[cpu];
  List& list = p.lists[0];
  Pfn pfn = cold ? list.tail : list.head;
  while (pfn != no_page && (*map_)[pfn].list() != type) {
    pfn = cold ? (*map_)[pfn].prev : (*map_)[pfn].next;
  }
  if (pfn == no_page) {
    refill(p, list, 0, type, false, 0);
    pfn = list.head;
    if (pfn == no_page) return no_page;
  }
  remove(list, pfn);
  took(p, 0);
  return pfn;
}

bool PcpLists::free(std::uint32_t cpu, Pfn pfn, unsigned order, bool cold, bool reclaim_active) {
  PerCpu& p = cpus_[cpu];
  const Migrate type = map_->block_type(pfn);
  (*map_)[pfn].set_order_list(order, type);
  // What is kept for high orders goes with the movable pages, so that it can come back.
  const Migrate listed = static_cast<std::size_t>(type) < mobility_types ? type : Migrate::movable;
  const std::size_t at = kind_ == Rules::Pcp::hot_cold ? 0 : index(order, listed);
  List& list = p.lists[at];
  if (cold)
    push_back(list, pfn);
  else
    insert_after(list, no_page, pfn);
  p.count += Pages{1} << order;
  pages_ += Pages{1} << order;

  // Blocks that are freed one after the other add to fragmentation for as long as they lie here.
  const bool everything = p.free_factor != 0 && order != 0 && order <= costly_order;
  const Pages high = everything                    ? 0
                     : reclaim_active && by_order_ ? std::min(batch_ * 4, high_)
                                                   : high_;
  if (p.count < high) return false;
  free_bulk(p, by_order_ ? bulk_size(p, high, everything) : batch_, at);
  return true;
}

/// nr_pcp_free(): twice as many each time that nothing was allocated in between.
Pages PcpLists::bulk_size(PerCpu& p, Pages high, bool everything) const {
  if (everything) return p.count;
  if (high < batch_) return 1;
  const Pages most = high - batch_;
  const Pages wanted = batch_ << p.free_factor;
  if (wanted < most && p.free_factor < batch_scale_max) ++p.free_factor;
  return std::clamp(wanted, std::min(batch_, most), most);
}

/// The coldest block of a list returns to the buddy system.
void PcpLists::give_back(PerCpu& p, List& list, unsigned order) {
  const Pfn pfn = list.tail;
  remove(list, pfn);
  took(p, order);
  if (kind_ == Rules::Pcp::hot_cold) return buddy_->free(pfn, order);
  buddy_->free(pfn, order, (*map_)[pfn].list());
}

void PcpLists::free_bulk(PerCpu& p, Pages count, std::size_t first) {
  count = std::min(count, p.count);
  switch (kind_) {
    case Rules::Pcp::hot_cold:
      for (; count != 0; --count) give_back(p, p.lists[0], 0);
      return;
    case Rules::Pcp::by_type: return free_round_robin(p, count);
    case Rules::Pcp::small_orders: return free_by_index(p, count, first);
  }
}

/// free_pcppages_bulk() until 5.16: from the lists in turn, more from each the more are empty.
void PcpLists::free_round_robin(PerCpu& p, Pages count) {
  std::size_t type = 0;
  Pages in_turn = 0;
  while (count != 0) {
    do {
      ++in_turn;
      if (++type == mobility_types) type = 0;
    } while (p.lists[type].head == no_page);
    if (in_turn == mobility_types) in_turn = count;
    do give_back(p, p.lists[type], 0);
    while (--count != 0 && --in_turn != 0 && p.lists[type].head != no_page);
  }
}

/// free_pcppages_bulk() since 5.18: one list after the other, that of the last free first.
void PcpLists::free_by_index(PerCpu& p, Pages count, std::size_t first) {
  for (std::size_t at = first; count != 0; at = at + 1 == list_count ? 0 : at + 1) {
    const unsigned order = order_of(at);
    while (count != 0 && p.lists[at].head != no_page) {
      give_back(p, p.lists[at], order);
      count -= std::min(count, Pages{1} << order);
    }
  }
}

Pages PcpLists::drain(std::uint32_t cpu) {
  PerCpu& p = cpus_[cpu];
  const Pages count = p.count;
  free_bulk(p, count, 0);
  return count;
}

Pages PcpLists::drain_all() {
  if (pages_ == 0) return 0;
  Pages count = 0;
  for (std::uint32_t cpu = 0; cpu < cpus_.size(); ++cpu) count += drain(cpu);
  return count;
}

bool PcpLists::has_block(unsigned order, Migrate type) const {
  if (pages_ == 0 || !takes(order)) return false;
  if (kind_ == Rules::Pcp::hot_cold) return true;
  return std::any_of(cpus_.begin(), cpus_.end(),
                     [&](const PerCpu& p) { return p.lists[index(order, type)].head != no_page; });
}

bool PcpLists::consistent() const {
  Pages total = 0;
  for (const PerCpu& p : cpus_) {
    Pages count = 0;
    for (const List& list : p.lists) {
      Pfn before = no_page;
      for (Pfn pfn = list.head; pfn != no_page; before = pfn, pfn = (*map_)[pfn].next) {
        const Page& page = (*map_)[pfn];
        if (page.prev != before || page.kind != PageKind::free || page.has(PG_buddy)) return false;
        count += Pages{1} << page.order();
      }
      if (list.tail != before) return false;
    }
    if (count != p.count) return false;
    total += count;
  }
  return total == pages_;
}

}  // namespace brink
