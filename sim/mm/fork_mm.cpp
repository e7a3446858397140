// A copy of an address space (kernel/fork.c: dup_mmap and mm/memory.c: copy_page_range, Linux 4.0):
// private pages are shared until one side writes to them. Left out: areas that are not inherited.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/mapped_file.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr Nanos copy_one_entry = 20;  // guess

}  // namespace

int AddressSpace::copy_from(AddressSpace& parent) {
  const Frame frame(memory_.core().current(), "dup_mmap");
  const WriteGuard parent_guard(parent.mmap_sem_);
  const WriteGuard guard(mmap_sem_, 1);
  limits_ = parent.limits_;
  brk_ = parent.brk_;
  for (const Area& area : parent.areas_) {
    if (const int error = copy_area(area)) return error;
    if (const int error = copy_entries(area, parent)) return error;
  }
  return 0;
}

int AddressSpace::copy_area(const Area& from) {
  const bool account = from.has(VM_ACCOUNT);
  if (account && memory_.overcommit().account(from.pages(), total_vm_) != 0) return -ENOMEM;
  Area area = from;
  // A child has nothing locked.
  area.flags = static_cast<std::uint16_t>(from.flags & ~VM_LOCKED);
  area.anon_vma = {};
  area.chains.clear();
  area.object = alloc_area(site::mm_fork_vma);
  if (!area.object) {
    if (account) memory_.overcommit().unaccount(from.pages());
    return -ENOMEM;
  }
  if (area.file != nullptr) area.file->area_opened();
  bool complete = true;
  if (from.anon_vma) {
    // Its own anon_vma has a chain beside those of the parent's.
    const SlabObject chain = memory_.kmalloc(64, site::mm_fork_anon_vma);
    if (chain) area.chains.push_back(chain);
    complete = chain && copy_anon_vma(from, area, site::mm_fork_anon_vma);
  }
  if (!complete) {
    if (account) memory_.overcommit().unaccount(from.pages());
    free_area(area);
    return -ENOMEM;
  }
  total_vm_ += area.pages();
  areas_.push_back(std::move(area));
  return 0;
}

/// copy_page_range(): what a fault finds again by itself is not copied.
int AddressSpace::copy_entries(const Area& from, AddressSpace& parent) {
  if (!from.anon_vma) return 0;
  Core& core = memory_.core();
  PageTables& source = parent.tables_;
  for (std::uint32_t vpn = source.next_table(from.begin); vpn < from.end;
       vpn = source.next_table(vpn)) {
    const std::uint32_t stop = std::min(from.end, (vpn | (table_entries - 1)) + 1);
    Pte* target = tables_.make(vpn, site::mm_fork_page_table);
    if (target == nullptr) return -ENOMEM;
    Pte* pte = source.find(vpn);
    const std::uint32_t first = vpn;
    Nanos used = 0;
    for (; vpn < stop; ++vpn, ++pte, ++target) {
      if (pte->none()) continue;
      copy_entry(from, vpn, *pte, *target);
      used += copy_one_entry;
    }
    core.charge(used);
    core.note(EventKind::page_list, std::uint64_t{id_} << 32 | first, used);
    core.cond_resched();
  }
  return 0;
}

/// copy_one_pte().
void AddressSpace::copy_entry(const Area& from, std::uint32_t vpn, Pte& source, Pte& target) {
  if (source.swapped()) {
    memory_.swap().map().get(source.slot());
    target = source;
    ++swap_entries_;
    return;
  }
  if (!from.has(VM_SHARED)) source.write_protect();
  target = source;
  target.clear_young();
  const Pfn page = source.pfn();
  memory_.rmap().add(page, id_, vpn);
  ++(memory_.page(page).in_file() ? file_rss_ : anon_rss_);
  memory_.reclaim().page_changed(page);
}

}  // namespace brink
