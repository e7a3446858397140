// mremap with MREMAP_MAYMOVE (mm/mremap.c, Linux 4.0). Left out: fixed addresses, ranges that are
// only a part of an area and must move with it (they are cut off first, as in the kernel), batches
// of page tables.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/mapped_file.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

std::int64_t AddressSpace::mremap(Address old, std::uint64_t old_bytes, std::uint64_t new_bytes) {
  const Frame frame(memory_.core().current(), "sys_mremap");
  const std::uint64_t old_pages = pages_of(old_bytes), new_pages = pages_of(new_bytes);
  if (old % page_size != 0 || old_pages == 0 || new_pages == 0) return -EINVAL;
  if (new_pages >= mmap_top) return -ENOMEM;
  if (old_pages > mmap_top || old / page_size > mmap_top - old_pages) return -EFAULT;
  const std::uint32_t begin = page_of(old);
  const std::uint32_t end = begin + static_cast<std::uint32_t>(old_pages);
  std::uint32_t locked_from = 0, locked_to = 0;
  std::int64_t result = static_cast<std::int64_t>(old);
  {
    const WriteGuard guard(mmap_sem_);
    if (new_pages < old_pages) {
      const int error = remove_range(begin + static_cast<std::uint32_t>(new_pages), end);
      return error != 0 ? error : result;
    }
    const Area* area = find_area(begin);
    if (area == nullptr || area->end < end) return -EFAULT;
    if (new_pages == old_pages) return result;
    const Pages more = new_pages - old_pages;
    const bool locked = area->has(VM_LOCKED);
    if (locked && check_locked(more) != 0) return -EAGAIN;
    if (!may_expand(more)) return -ENOMEM;
    const bool account = area->has(VM_ACCOUNT);
    if (account && memory_.overcommit().account(more, total_vm_) != 0) return -ENOMEM;
    result = expand_in_place(begin, end, more);
    if (result == 0) result = move_range(begin, end, new_pages);
    if (result < 0 && account) memory_.overcommit().unaccount(more);
    if (result >= 0 && locked) {
      locked_from = page_of(static_cast<Address>(result)) + (end - begin);
      locked_to = locked_from + static_cast<std::uint32_t>(more);
    }
  }
  if (locked_to != 0) static_cast<void>(populate(locked_from, locked_to, true));
  return result;
}

/// vma_expandable(): the address if there was room behind the area; 0 if there was none.
std::int64_t AddressSpace::expand_in_place(std::uint32_t begin, std::uint32_t end, Pages more) {
  const std::size_t index = area_index(begin);
  Area& area = areas_[index];
  if (area.end != end) return 0;
  const std::uint32_t above = index + 1 < areas_.size() ? areas_[index + 1].begin : mmap_top;
  if (above - end < more) return 0;
  area.end += static_cast<std::uint32_t>(more);
  total_vm_ += more;
  if (area.has(VM_LOCKED)) locked_vm_ += more;
  return static_cast<std::int64_t>(Address{begin} * page_size);
}

/// move_vma(): a new area elsewhere, to which the entries go; the old range is unmapped. The
/// address or a negative errno.
std::int64_t AddressSpace::move_range(std::uint32_t begin, std::uint32_t end,
                                      std::uint64_t new_pages) {
  const Frame frame(memory_.core().current(), "move_vma");
  if (const int error = split_around(begin, end)) return error;
  const std::int64_t gap = find_gap(new_pages);
  if (gap < 0) return gap;
  const std::size_t index = area_index(begin);
  Area target = areas_[index];
  target.begin = static_cast<std::uint32_t>(gap);
  target.end = target.begin + static_cast<std::uint32_t>(new_pages);
  target.anon_vma = {};
  target.chains.clear();
  // Until the old range is gone, both count; its promise goes over to the new one.
  if (const int error = add_unmerged(target, areas_[index])) return error;
  if (const int error = move_entries(begin, end, target.begin)) {
    // What has moved goes back, for which all tables are there.
    static_cast<void>(move_entries(target.begin, target.begin + (end - begin), begin));
    Area& added = areas_[area_index(target.begin)];
    added.flags = static_cast<std::uint16_t>(added.flags & ~VM_ACCOUNT);
    static_cast<void>(remove_range(target.begin, target.end));
    return error;
  }
  Area& old = areas_[area_index(begin)];
  old.flags = static_cast<std::uint16_t>(old.flags & ~VM_ACCOUNT);
  static_cast<void>(remove_range(begin, end));
  return static_cast<std::int64_t>(Address{target.begin} * page_size);
}

/// copy_vma(), always a new one.
int AddressSpace::add_unmerged(Area area, const Area& from) {
  area.object = alloc_area(site::mm_vma);
  if (!area.object) return -ENOMEM;
  if (area.file != nullptr) area.file->area_opened();
  if (from.anon_vma && !copy_anon_vma(from, area, site::mm_vma_split)) {
    free_area(area);
    return -ENOMEM;
  }
  total_vm_ += area.pages();
  if (area.has(VM_LOCKED)) locked_vm_ += area.pages();
  areas_.insert(areas_.begin() + static_cast<std::ptrdiff_t>(area_index(area.begin)),
                std::move(area));
  return 0;
}

/// move_page_tables(): -ENOMEM if a table is missing at the new place; what came before has moved.
int AddressSpace::move_entries(std::uint32_t begin, std::uint32_t end, std::uint32_t to) {
  for (std::uint32_t vpn = tables_.next_table(begin); vpn < end; vpn = tables_.next_table(vpn)) {
    const std::uint32_t stop = std::min(end, (vpn | (table_entries - 1)) + 1);
    for (; vpn < stop; ++vpn) {
      if (tables_.find(vpn)->none()) continue;
      const std::uint32_t target = vpn - begin + to;
      Pte* entry = tables_.find(target);
      if (entry == nullptr) entry = tables_.make(target, site::mm_mremap_page_table);
      if (entry == nullptr) return -ENOMEM;
      Pte& source = *tables_.find(vpn);
      if (source.present()) {
        const Pfn page = source.pfn();
        // The page is shown at both places for a moment, so that it does not count as unmapped.
        memory_.rmap().add(page, id_, target);
        memory_.rmap().remove(page, id_, vpn);
        memory_.lru_changed();
      }
      *entry = source;
      source.clear();
    }
    memory_.core().cond_resched();
  }
  return 0;
}

}  // namespace brink
