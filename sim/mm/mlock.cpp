// Memory that is locked (mm/mlock.c and the part of mm/gup.c that populates, Linux 4.0). Pages of
// locked areas are off the lists that reclaim scans from the moment they are mapped. Left out: the
// pagevecs and the page locks of mlock, CAP_IPC_LOCK, SHM_LOCK; a page is not found to be locked
// late, by reclaim.

#include <algorithm>
#include <cerrno>

#include "sim/mm/address_space.hpp"
#include "sim/mm/mapped_file.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

/// RLIMIT_MEMLOCK.
int AddressSpace::check_locked(Pages pages) const {
  if (limits_.memlock == no_limit) return 0;
  return locked_vm_ + pages <= limits_.memlock / page_size ? 0 : -ENOMEM;
}

int AddressSpace::mlock(Address address, std::uint64_t bytes) {
  const Frame frame(memory_.core().current(), "sys_mlock");
  if (limits_.memlock == 0) return -EPERM;
  const std::uint64_t pages = pages_of(bytes + address % page_size);
  if (pages > mmap_top || address / page_size > mmap_top - pages) return -ENOMEM;
  if (pages == 0) return 0;
  const std::uint32_t begin = page_of(address);
  const std::uint32_t end = begin + static_cast<std::uint32_t>(pages);
  {
    const WriteGuard guard(mmap_sem_);
    if (const int error = check_locked(pages)) return error;
    if (const int error = change_locked(begin, end, true)) return error;
  }
  // __mlock_posix_error_return().
  const int error = populate(begin, end, false);
  if (error == -EFAULT) return -ENOMEM;
  return error == -ENOMEM ? -EAGAIN : error;
}

int AddressSpace::munlock(Address address, std::uint64_t bytes) {
  const Frame frame(memory_.core().current(), "sys_munlock");
  const std::uint64_t pages = pages_of(bytes + address % page_size);
  if (pages > mmap_top || address / page_size > mmap_top - pages) return -ENOMEM;
  if (pages == 0) return 0;
  const WriteGuard guard(mmap_sem_);
  return change_locked(page_of(address), page_of(address) + static_cast<std::uint32_t>(pages),
                       false);
}

int AddressSpace::mlockall(bool current, bool future) {
  const Frame frame(memory_.core().current(), "sys_mlockall");
  if (!current && !future) return -EINVAL;
  if (limits_.memlock == 0) return -EPERM;
  {
    const WriteGuard guard(mmap_sem_);
    if (current && limits_.memlock != no_limit && total_vm_ > limits_.memlock / page_size) {
      return -ENOMEM;
    }
    lock_future_ = future;
    for (std::size_t i = 0; current && i < areas_.size(); ++i) {
      if (!areas_[i].has(VM_LOCKED)) set_locked(i, true);
    }
  }
  if (current) static_cast<void>(populate(0, mmap_top, true));
  return 0;
}

int AddressSpace::munlockall() {
  const Frame frame(memory_.core().current(), "sys_munlockall");
  const WriteGuard guard(mmap_sem_);
  lock_future_ = false;
  for (std::size_t i = 0; i < areas_.size(); ++i) {
    if (areas_[i].has(VM_LOCKED)) set_locked(i, false);
  }
  return 0;
}

/// do_mlock(): -ENOMEM if the range has holes; what lies before the first one is changed.
int AddressSpace::change_locked(std::uint32_t begin, std::uint32_t end, bool lock) {
  if (const int error = split_around(begin, end)) return error;
  std::uint32_t covered = begin;
  for (std::size_t i = area_index(begin); i < areas_.size() && covered < end; ++i) {
    if (areas_[i].begin != covered) break;
    covered = areas_[i].end;
    if (areas_[i].has(VM_LOCKED) != lock) set_locked(i, lock);
  }
  return covered < end ? -ENOMEM : 0;
}

/// mlock_fixup(), without merging.
void AddressSpace::set_locked(std::size_t index, bool lock) {
  Area& area = areas_[index];
  if (lock) {
    area.flags |= VM_LOCKED;
    locked_vm_ += area.pages();
    lock_pages(area.begin, area.end);
  } else {
    area.flags = static_cast<std::uint16_t>(area.flags & ~VM_LOCKED);
    locked_vm_ -= area.pages();
    unlock_pages(area.begin, area.end);
  }
}

/// The pages that are there leave the lists.
void AddressSpace::lock_pages(std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t vpn = tables_.next_table(begin); vpn < end; vpn = tables_.next_table(vpn)) {
    const std::uint32_t stop = std::min(end, (vpn | (table_entries - 1)) + 1);
    const Pte* pte = tables_.find(vpn);
    for (; vpn < stop; ++vpn, ++pte) {
      if (pte->present()) memory_.reclaim().make_unevictable(pte->pfn());
    }
  }
}

/// munlock_vma_pages_range(): back to the lists, unless another locked area maps them too.
void AddressSpace::unlock_pages(std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t vpn = tables_.next_table(begin); vpn < end; vpn = tables_.next_table(vpn)) {
    const std::uint32_t stop = std::min(end, (vpn | (table_entries - 1)) + 1);
    const Pte* pte = tables_.find(vpn);
    for (; vpn < stop; ++vpn, ++pte) {
      if (!pte->present()) continue;
      const Page& page = memory_.page(pte->pfn());
      if (page.unevictable && !memory_.rmap().locked(page)) {
        memory_.reclaim().make_evictable(pte->pfn());
      }
    }
  }
}

/// __mm_populate(): brings the mapped pages of the range in. 0; -ENOMEM, -EFAULT or -EINTR.
int AddressSpace::populate(std::uint32_t begin, std::uint32_t end, bool ignore_errors) {
  const Frame frame(memory_.core().current(), "__mm_populate");
  FailureLedger& failures = memory_.failures();
  for (std::uint32_t at = begin; at < end;) {
    mmap_sem_.down_read();
    const std::size_t i = area_index(at);
    const bool found = i < areas_.size() && areas_[i].begin < end;
    const std::uint32_t from = found ? std::max(at, areas_[i].begin) : end;
    const std::uint32_t to = found ? std::min(end, areas_[i].end) : end;
    // A write breaks copies on write beforehand; a shared page need not become dirty for this.
    const bool write = found && areas_[i].has(VM_WRITE) && !areas_[i].has(VM_SHARED);
    mmap_sem_.up_read();
    if (!found) return 0;
    std::uint64_t done = 0;
    const Access result =
        access(Address{from} * page_size, Address{to - from} * page_size, {write, false}, done);
    at = to;
    if (result == Access::done) continue;
    if (result == Access::killed) return -EINTR;
    if (ignore_errors) {
      failures.settle_all(failures.list_of(memory_.core().current()), Fate::degraded);
      continue;
    }
    return result == Access::efault ? -ENOMEM : -EFAULT;
  }
  return 0;
}

}  // namespace brink
