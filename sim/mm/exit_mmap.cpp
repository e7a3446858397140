// The end of mappings, and of a whole address space (mm/memory.c: unmap_vmas, mm/mmap.c: exit_mmap
// and kernel/exit.c: exit_mm, Linux 4.0; mm/oom_kill.c: __oom_reap_task_mm, Linux 6.1).

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

/// Pages that fit into a gather batch on the stack (MMU_GATHER_BUNDLE); more want a page of their
/// own.
constexpr std::uint32_t gather_bundle = 8;

}  // namespace

/// Frees what one entry refers to: 1 if that was a page in memory.
std::uint32_t AddressSpace::zap(Pte& pte, std::uint32_t vpn) {
  if (pte.none()) return 0;
  if (pte.swapped()) {
    const std::uint32_t slot = pte.slot();
    pte.clear();
    --swap_entries_;
    memory_.swap().put_entry(slot);
    return 0;
  }
  const Pfn pfn = pte.pfn();
  Page& page = memory_.page(pfn);
  const bool young = pte.young();
  pte.clear();
  memory_.rmap().remove(pfn, id_, vpn);
  if (page.in_file()) {
    --file_rss_;
    if (young) memory_.cache().mark_page_accessed(pfn);
    memory_.reclaim().page_changed(pfn);
    return 1;
  }
  --anon_rss_;
  memory_.reclaim().page_changed(pfn);
  if (page.has(PG_mapped)) return 1;
  // free_page_and_swap_cache(): a slot that nothing else refers to goes with it.
  if (page.has(PG_swapcache) && !page.has(PG_locked)) {
    if (memory_.swap().try_to_free(pfn)) page.clear(PG_dirty);
  }
  if (!page.has(PG_swapcache)) memory_.cache().release(pfn);
  return 1;
}

/// zap_page_range(), table by table, with a chance for others to run after each.
void AddressSpace::unmap_range(std::uint32_t begin, std::uint32_t end) {
  Core& core = memory_.core();
  for (std::uint32_t vpn = tables_.next_table(begin); vpn < end; vpn = tables_.next_table(vpn)) {
    const std::uint32_t stop = std::min(end, (vpn | (table_entries - 1)) + 1);
    Pfn gather = no_page;
    std::uint32_t freed = 0;
    Pte* pte = tables_.find(vpn);
    for (std::uint32_t at = vpn; at < stop; ++at, ++pte) {
      freed += zap(*pte, at);
      if (freed != gather_bundle + 1 || gather != no_page) continue;
      ++freed;  // Asked for once; without it, batches stay small.
      gather = memory_.alloc_pages(site::mm_exit_gather);
      if (gather == no_page) memory_.failures().settle_last(Fate::degraded);
    }
    if (gather != no_page) memory_.free_pages(gather, 0);
    core.note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn, std::uint64_t{freed} << 32);
    core.cond_resched();
    if (stop == 0) return;
    vpn = stop;
  }
}

void AddressSpace::exit() {
  Core& core = memory_.core();
  const Frame frame(core.current(), "exit_mm");
  // Whoever writes the area list must be through: the check for a core dump in progress.
  mmap_sem_.down_read();
  mmap_sem_.up_read();
  exit_mmap();
  exited_ = true;
  memory_.unmark_oom_victim(core.current());
}

void AddressSpace::drop() {
  exit_mmap();
  exited_ = true;
}

void AddressSpace::set_oom_skip() {
  oom_skip_ = true;
  memory_.changed();
}

bool AddressSpace::reap() {
  if (!mmap_sem_.down_read_trylock()) return false;
  // Set by exit_mmap(): the tables may be gone.
  if (!oom_skip_) {
    for (const Area& area : areas_) {
      // What others share stays: taking it from here frees nothing (zap_page_range() of
      // oom_reap_task_mm()).
      if (area.file == nullptr || !area.has(VM_SHARED)) unmap_range(area.begin, area.end);
    }
  }
  mmap_sem_.up_read();
  return true;
}

void AddressSpace::exit_mmap() {
  const Frame frame(memory_.core().current(), "exit_mmap");
  for (std::size_t i = 0; i < areas_.size(); ++i) {
    if (areas_[i].has(VM_LOCKED)) set_locked(i, false);
  }
  // Where there is a reaper (4.6), it may be at the same entries until the tables go.
  const bool reaped = memory_.oom().reaper() != nullptr;
  if (reaped) mmap_sem_.down_read();
  unmap_range(0, ~std::uint32_t{0});
  set_oom_skip();
  if (reaped) {
    mmap_sem_.up_read();
    mmap_sem_.down_write();
  }
  tables_.free_range(0, ~std::uint32_t{0});
  for (Area& area : areas_) {
    if (area.has(VM_ACCOUNT)) memory_.overcommit().unaccount(area.pages());
    free_area(area);
  }
  areas_.clear();
  total_vm_ = 0;
  if (reaped) mmap_sem_.up_write();
  BRINK_ASSERT(rss() == 0 && swap_entries_ == 0 && locked_vm_ == 0);
}

}  // namespace brink
