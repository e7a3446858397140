// mmap, munmap, brk and mprotect (mm/mmap.c and mm/mprotect.c, Linux 4.0). Left out: fixed
// addresses, permissions of files, MAP_NORESERVE, areas that cannot be read.

#include <algorithm>
#include <cerrno>

#include "sim/mm/address_space.hpp"
#include "sim/mm/mapped_file.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/mm/shmem.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

std::uint16_t flags_of(const MapRequest& request) {
  unsigned flags = 0;
  if (request.write) flags |= VM_WRITE;
  if (request.exec) flags |= VM_EXEC;
  if (request.shared) flags |= VM_SHARED;
  if (request.locked) flags |= VM_LOCKED;
  if (request.grows_down) flags |= VM_GROWSDOWN;
  // accountable_mapping(): what can come to need a page of its own for each page.
  if (request.write && !request.shared) flags |= VM_ACCOUNT;
  return static_cast<std::uint16_t>(flags);
}

}  // namespace

/// do_mmap_pgoff() and mmap_region(), then mm_populate().
std::int64_t AddressSpace::mmap(const MapRequest& request, MappedFile* file) {
  const Frame frame(memory_.core().current(), "do_mmap_pgoff");
  const std::uint64_t pages = pages_of(request.bytes);
  if (request.bytes == 0 || request.offset % page_size != 0) return -EINVAL;
  if (request.offset / page_size >= ~std::uint32_t{0}) return -EOVERFLOW;
  if (pages >= mmap_top) return -ENOMEM;
  Area area{};
  area.flags = flags_of(request);
  area.offset = static_cast<std::uint32_t>(request.offset / page_size);
  area.file = file;
  {
    const WriteGuard guard(mmap_sem_);
    if (lock_future_) area.flags |= VM_LOCKED;
    const std::int64_t begin = find_gap(pages);
    if (begin < 0) return begin;
    area.begin = static_cast<std::uint32_t>(begin);
    area.end = area.begin + static_cast<std::uint32_t>(pages);
    if (area.has(VM_LOCKED) && check_locked(pages) != 0) return -EAGAIN;
    if (!may_expand(pages)) return -ENOMEM;
    if (area.has(VM_ACCOUNT) && memory_.overcommit().account(pages, total_vm_) != 0) return -ENOMEM;
    // Shared anonymous memory is a file of tmpfs that nobody else can open.
    int error = 0;
    if (file == nullptr && request.shared)
      area.file = memory_.shmem_files().make(pages, total_vm_, error);
    if (error == 0) error = add_area(area);
    if (file == nullptr && area.file != nullptr) area.file->area_closed();
    if (error != 0) {
      if (area.has(VM_ACCOUNT)) memory_.overcommit().unaccount(pages);
      return error;
    }
  }
  if (area.has(VM_LOCKED) || request.populate) {
    static_cast<void>(populate(area.begin, area.end, true));
  }
  return static_cast<std::int64_t>(Address{area.begin} * page_size);
}

int AddressSpace::munmap(Address address, std::uint64_t bytes) {
  const Frame frame(memory_.core().current(), "do_munmap");
  if (address % page_size != 0 || bytes == 0) return -EINVAL;
  const std::uint64_t pages = pages_of(bytes);
  if (pages > mmap_top || address / page_size > mmap_top - pages) return -EINVAL;
  const WriteGuard guard(mmap_sem_);
  return remove_range(page_of(address), page_of(address) + static_cast<std::uint32_t>(pages));
}

Address AddressSpace::brk(Address end) {
  const Frame frame(memory_.core().current(), "sys_brk");
  std::uint32_t locked_from = 0, locked_to = 0;
  {
    const WriteGuard guard(mmap_sem_);
    if (end < brk_start_ || end / page_size >= mmap_top) return brk_;
    if (limits_.data != no_limit && end - brk_start_ > limits_.data) return brk_;
    const auto old_pages = static_cast<std::uint32_t>(pages_of(brk_));
    const auto new_pages = static_cast<std::uint32_t>(pages_of(end));
    int error = 0;
    if (new_pages < old_pages) {
      error = remove_range(new_pages, old_pages);
    } else if (new_pages > old_pages) {
      error = grow_heap(old_pages, new_pages);
      if (error == 0 && lock_future_) {
        locked_from = old_pages;
        locked_to = new_pages;
      }
    }
    if (error != 0) {
      // The raw system call has no errno: it answers with the end that stays.
      memory_.failures().settle_last(Fate::translated);
      return brk_;
    }
    brk_ = end;
  }
  if (locked_to != 0) static_cast<void>(populate(locked_from, locked_to, true));
  return end;
}

/// do_brk().
int AddressSpace::grow_heap(std::uint32_t from, std::uint32_t to) {
  const std::size_t above = area_index(from);
  if (above < areas_.size() && areas_[above].begin <= to) return -ENOMEM;
  Area area{};
  area.begin = from;
  area.end = to;
  area.flags = VM_WRITE | VM_ACCOUNT | VM_HEAP;
  if (lock_future_) area.flags |= VM_LOCKED;
  if (lock_future_ && check_locked(area.pages()) != 0) return -EAGAIN;
  if (!may_expand(area.pages())) return -ENOMEM;
  if (memory_.overcommit().account(area.pages(), total_vm_) != 0) return -ENOMEM;
  const int error = add_area(area);
  if (error != 0) memory_.overcommit().unaccount(area.pages());
  return error;
}

/// mprotect_fixup() for each area: a private one that becomes writable must be promised memory.
int AddressSpace::mprotect(Address address, std::uint64_t bytes, bool write) {
  const Frame frame(memory_.core().current(), "sys_mprotect");
  if (address % page_size != 0) return -EINVAL;
  if (bytes == 0) return 0;
  const std::uint64_t pages = pages_of(bytes);
  if (pages > mmap_top || address / page_size > mmap_top - pages) return -ENOMEM;
  const std::uint32_t begin = page_of(address);
  const std::uint32_t end = begin + static_cast<std::uint32_t>(pages);
  const WriteGuard guard(mmap_sem_);
  if (const int error = split_around(begin, end)) return error;
  std::uint32_t covered = begin;
  for (std::size_t i = area_index(begin); i < areas_.size() && areas_[i].begin == covered; ++i) {
    if (covered == end) break;
    Area& area = areas_[i];
    covered = area.end;
    if (area.has(VM_WRITE) == write) continue;
    if (write && !area.has(VM_SHARED) && !area.has(VM_ACCOUNT)) {
      if (memory_.overcommit().account(area.pages(), total_vm_) != 0) return -ENOMEM;
      area.flags |= VM_ACCOUNT;
    }
    area.flags = static_cast<std::uint16_t>(write ? area.flags | VM_WRITE : area.flags & ~VM_WRITE);
    if (!write) protect_entries(area.begin, area.end);
  }
  return covered == end ? 0 : -ENOMEM;
}

/// change_protection(): every write faults from now on.
void AddressSpace::protect_entries(std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t vpn = tables_.next_table(begin); vpn < end; vpn = tables_.next_table(vpn)) {
    const std::uint32_t stop = std::min(end, (vpn | (table_entries - 1)) + 1);
    Pte* pte = tables_.find(vpn);
    for (; vpn < stop; ++vpn, ++pte) {
      if (pte->present()) pte->write_protect();
    }
    memory_.core().cond_resched();
  }
}

}  // namespace brink
