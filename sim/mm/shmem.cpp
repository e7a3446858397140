// The pages of one file of tmpfs.

#include "sim/mm/shmem.hpp"

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

Shmem::Shmem(Memory& memory, ShmemSpace* space, bool promised, std::function<std::string()> name)
    : memory_(memory),
      space_(space),
      promised_(promised),
      name_(std::move(name)),
      pages_(memory, *this, this, PageKind::shmem) {}

int Shmem::get_page(std::uint32_t index, std::uint64_t size, Want want, Pfn& page) {
  Frame frame(memory_.core().current(), "shmem_getpage_gfp");
  PageCache& cache = memory_.cache();
  for (bool recalculated = false;;) {
    if (want != Want::write && std::uint64_t{index} * page_size >= size) return -EINVAL;
    page = pages_.find(index);
    if (page != no_page) {
      cache.pin(page);
      cache.lock_page(page);
      if (pages_.find(index) == page) {
        if (want == Want::write) cache.mark_page_accessed(page);
        return 0;
      }
      cache.unlock_page(page);
      cache.unpin(page);
      continue;
    }
    const SwapSlot slot = pages_.swapped(index);
    if (slot == no_slot && want == Want::read) return 0;
    const int error = slot != no_slot ? swap_in(index, slot, page) : new_page(index, want, page);
    if (error == -EEXIST) continue;
    if (error != -ENOSPC || recalculated) return error;
    recalculated = true;
    recalculate();
  }
}

/// The page comes back from swap and is the file's again: -EEXIST if somebody else was faster.
int Shmem::swap_in(std::uint32_t index, SwapSlot slot, Pfn& page) {
  PageCache& cache = memory_.cache();
  Swap& swap = memory_.swap();
  page = swap.lookup(slot);
  if (page == no_page) {
    page = swap.read(slot);
    if (pages_.swapped(index) != slot) return -EEXIST;
    if (page == no_page) return -ENOMEM;
  }
  cache.pin(page);
  cache.lock_page(page);
  Page& meta = memory_.page(page);
  const auto ours = [&] {
    return meta.has(PG_swapcache) && meta.slot == slot && pages_.swapped(index) == slot;
  };
  int error = ours() ? 0 : -EEXIST;
  if (error == 0 && !meta.has(PG_uptodate)) error = -EIO;
  if (error == 0) cache.wait_on_page_writeback(page);
  if (error == 0) {
    const bool charged = mem_cgroup_charge(memory_, page, memory_.rule(site::memcg_charge).gfp);
    if (!charged || !ours()) error = charged ? -EEXIST : -ENOMEM;
  }
  if (error == 0) {
    swap.remove(page);
    pages_.swap_in(page, index);
    meta.set(PG_dirty);
    swap.drop_entry(slot);
    return 0;
  }
  cache.unlock_page(page);
  cache.unpin(page);
  return error;
}

/// shmem_acct_block() and the limit of the mount.
bool Shmem::reserve_block(int& error) {
  error = -ENOSPC;
  if (!promised_ && memory_.overcommit().account(1, 0) != 0) return false;
  if (space_ == nullptr || space_->max == 0 || space_->used < space_->max) {
    if (space_ != nullptr) ++space_->used;
    error = 0;
    return true;
  }
  if (!promised_) memory_.overcommit().unaccount(1);
  return false;
}

void Shmem::free_blocks(Pages pages) {
  if (space_ != nullptr) space_->used -= pages;
  if (!promised_) memory_.overcommit().unaccount(pages);
}

int Shmem::new_page(std::uint32_t index, Want want, Pfn& page) {
  int error = 0;
  if (!reserve_block(error)) return error;
  page = memory_.alloc_pages(site::shmem_page);
  if (page == no_page) {
    free_blocks(1);
    return -ENOMEM;
  }
  error = pages_.add(page, index, site::shmem_node, memory_.rule(site::shmem_node).gfp);
  if (error != 0) {
    memory_.free_pages(page, 0);
    free_blocks(1);
    return error;
  }
  ++alloced_;
  memory_.cache().pin(page);
  Page& meta = memory_.page(page);
  if (want == Want::write) {
    meta.set(PG_referenced);
  } else {
    memory_.core().charge(memory_.core().costs().zero_page);
  }
  meta.set(PG_uptodate);
  return 0;
}

/// shmem_recalc_inode(): clean pages, which only ever were zeroes, may have been reclaimed.
void Shmem::recalculate() {
  const Pages there = pages_.pages() + pages_.swapped_pages();
  if (alloced_ <= there) return;
  free_blocks(alloced_ - there);
  alloced_ = there;
}

void Shmem::truncate(std::uint32_t index) {
  Frame frame(memory_.core().current(), "shmem_undo_range");
  pages_.truncate(index);
  std::uint32_t at = index;
  for (SwapSlot slot = pages_.next_swapped(at); slot != no_slot; slot = pages_.next_swapped(at)) {
    pages_.drop_swapped(at);
    memory_.swap().put_entry(slot);
    memory_.core().cond_resched();
  }
  recalculate();
}

/// shmem_writepage(): to swap, if there is any left.
MappingOps::Written Shmem::writepage(FileMapping&, Pfn pfn) {
  Page& page = memory_.page(pfn);
  BRINK_ASSERT(!page.has(PG_mapped));
  Swap& swap = memory_.swap();
  if (!swap.add(pfn, site::shmem_swap_node)) {
    memory_.cache().set_page_dirty(pfn);
    return Written::activate;
  }
  swap.map().get(page.slot);
  pages_.swap_out(page);
  page.clear(PG_dirty);
  ++memory_.counters().swap_outs;
  swap.write(pfn);
  return Written::started;
}

void Shmem::blockers(const FileMapping&, Pfn, const Task&, BlockerSink& sink) const {
  sink.event();
}

}  // namespace brink
