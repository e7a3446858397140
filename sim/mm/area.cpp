// The areas of an address space: found, made, merged, cut and removed (mm/mmap.c and the part of
// mm/rmap.c that makes anon_vmas, Linux 4.0). Left out: the limit on the number of areas, sharing
// of one anon_vma by neighbours or by the halves of an area that was cut (each has its own here),
// and reuse of a parent's anon_vma (7a3ef208e662).

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/mapped_file.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr Address heap_start = Address{16} * MiB;
constexpr std::uint32_t chain_size = 64;

constexpr const char* vm_area_struct = "vm_area_struct";
constexpr const char* anon_vma_cache = "anon_vma";

}  // namespace

AddressSpace::AddressSpace(Memory& memory, const LazyText& name)
    : memory_(memory),
      id_(memory.add_space(*this)),
      mmap_sem_(memory.locks(), memory.locks().lock_class("mm.mmap_sem"), name),
      tables_(memory),
      brk_start_(heap_start),
      brk_(heap_start) {}

AddressSpace::~AddressSpace() {
  BRINK_ASSERT(exited_ || memory_.core().aborting() || !memory_.core().in_task());
  memory_.drop_space(id_);
}

/// The area that ends after `vpn`; it may begin after it.
std::size_t AddressSpace::area_index(std::uint32_t vpn) const {
  const auto at = std::upper_bound(areas_.begin(), areas_.end(), vpn,
                                   [](std::uint32_t v, const Area& area) { return v < area.end; });
  return static_cast<std::size_t>(at - areas_.begin());
}

AddressSpace::Area* AddressSpace::find_area(std::uint32_t vpn) {
  const std::size_t i = area_index(vpn);
  return i < areas_.size() && areas_[i].begin <= vpn ? &areas_[i] : nullptr;
}

bool AddressSpace::area_has(std::uint32_t vpn, AreaFlag flag) const {
  const std::size_t i = area_index(vpn);
  return i < areas_.size() && areas_[i].begin <= vpn && areas_[i].has(flag);
}

/// may_expand_vm(): RLIMIT_AS.
bool AddressSpace::may_expand(Pages pages) const {
  return limits_.as == no_limit || total_vm_ + pages <= limits_.as / page_size;
}

/// Top down, the beginning of the highest gap that is large enough; -ENOMEM if there is none.
std::int64_t AddressSpace::find_gap(std::uint64_t pages) const {
  std::uint32_t end = mmap_top;
  for (std::size_t i = areas_.size(); i-- > 0 && end - areas_[i].end < pages;)
    end = areas_[i].begin;
  const std::uint32_t floor = page_of(brk_) + 1;
  if (end < floor + pages) return -ENOMEM;
  return static_cast<std::int64_t>(end - pages);
}

bool AddressSpace::can_merge(const Area& before, const Area& after) const {
  return before.end == after.begin && before.flags == after.flags && before.file == after.file &&
         (before.file == nullptr || before.offset + before.pages() == after.offset);
}

SlabObject AddressSpace::alloc_area(Site site) {
  return memory_.alloc_object(memory_.slab_cache(vm_area_struct), site);
}

/// vma_merge(), or a new area. What it needs of the machine's promises was granted before.
int AddressSpace::add_area(const Area& wanted) {
  std::size_t i = area_index(wanted.begin);
  if (i > 0 && can_merge(areas_[i - 1], wanted)) {
    areas_[i - 1].end = wanted.end;
  } else if (i < areas_.size() && can_merge(wanted, areas_[i])) {
    areas_[i].begin = wanted.begin;
    areas_[i].offset = wanted.offset;
  } else {
    Area area = wanted;
    area.object = alloc_area(site::mm_vma);
    if (!area.object) return -ENOMEM;
    if (area.file != nullptr) area.file->area_opened();
    areas_.insert(areas_.begin() + static_cast<std::ptrdiff_t>(area_index(wanted.begin)),
                  std::move(area));
  }
  total_vm_ += wanted.pages();
  if (wanted.has(VM_LOCKED)) locked_vm_ += wanted.pages();
  return 0;
}

bool AddressSpace::prepare_anon_vma(Area& area) {
  if (area.anon_vma) return true;
  const bool has_chain = !area.chains.empty();
  const SlabObject chain =
      has_chain ? SlabObject() : memory_.kmalloc(chain_size, site::mm_anon_vma);
  if (!has_chain && !chain) return false;
  // Another task of the process may have come first while this one slept.
  if (area.chains.empty()) {
    area.chains.push_back(chain);
  } else if (chain) {
    memory_.free_object(chain);
  }
  const SlabObject anon_vma =
      memory_.alloc_object(memory_.slab_cache(anon_vma_cache), site::mm_anon_vma);
  if (!anon_vma) return false;
  if (!area.anon_vma) {
    area.anon_vma = anon_vma;
  } else {
    memory_.free_object(anon_vma);
  }
  return true;
}

/// anon_vma_clone(), and an anon_vma of its own. False if there is no memory; what was made goes
/// with the area.
bool AddressSpace::copy_anon_vma(const Area& from, Area& to, Site site) {
  for (std::size_t i = 0; i < from.chains.size(); ++i) {
    const SlabObject chain = memory_.kmalloc(chain_size, site);
    if (!chain) return false;
    to.chains.push_back(chain);
  }
  to.anon_vma = memory_.alloc_object(memory_.slab_cache(anon_vma_cache), site);
  return static_cast<bool>(to.anon_vma);
}

/// __split_vma(): the area ends at `at`, another one begins there. Needs memory.
int AddressSpace::split(std::size_t index, std::uint32_t at) {
  Area upper = areas_[index];
  upper.begin = at;
  upper.offset += at - areas_[index].begin;
  upper.anon_vma = {};
  upper.chains.clear();
  upper.object = alloc_area(site::mm_vma_split);
  if (!upper.object) return -ENOMEM;
  if (upper.file != nullptr) upper.file->area_opened();
  if (areas_[index].anon_vma && !copy_anon_vma(areas_[index], upper, site::mm_vma_split)) {
    free_area(upper);
    return -ENOMEM;
  }
  areas_[index].end = at;
  areas_.insert(areas_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(upper));
  return 0;
}

/// Areas that reach beyond the range are cut at its ends.
int AddressSpace::split_around(std::uint32_t begin, std::uint32_t end) {
  const std::size_t first = area_index(begin);
  if (first < areas_.size() && areas_[first].begin < begin) {
    if (const int error = split(first, begin)) return error;
  }
  const std::size_t last = area_index(end - 1);
  if (last < areas_.size() && areas_[last].begin < end && areas_[last].end > end) {
    return split(last, end);
  }
  return 0;
}

void AddressSpace::free_area(Area& area) {
  if (area.file != nullptr) area.file->area_closed();
  if (area.anon_vma) memory_.free_object(area.anon_vma);
  for (const SlabObject& chain : area.chains) memory_.free_object(chain);
  memory_.free_object(area.object);
}

/// do_munmap(): areas that reach beyond the range are split first, which needs memory.
int AddressSpace::remove_range(std::uint32_t begin, std::uint32_t end) {
  if (const int error = split_around(begin, end)) return error;
  const std::size_t i = area_index(begin);
  std::size_t stop = i;
  while (stop < areas_.size() && areas_[stop].begin < end) ++stop;
  if (stop == i) return 0;
  for (std::size_t k = i; k < stop; ++k) {
    if (areas_[k].has(VM_LOCKED)) set_locked(k, false);
  }
  unmap_range(begin, end);
  for (std::size_t k = i; k < stop; ++k) {
    total_vm_ -= areas_[k].pages();
    if (areas_[k].has(VM_ACCOUNT)) memory_.overcommit().unaccount(areas_[k].pages());
    free_area(areas_[k]);
  }
  areas_.erase(areas_.begin() + static_cast<std::ptrdiff_t>(i),
               areas_.begin() + static_cast<std::ptrdiff_t>(stop));
  free_tables_around(begin, end);
  return 0;
}

/// Tables on the edges of an empty range may be shared with what lies next to it.
void AddressSpace::free_tables_around(std::uint32_t begin, std::uint32_t end) {
  const std::size_t above = area_index(begin);
  const std::uint32_t low = above > 0 ? areas_[above - 1].end : 0;
  const std::uint32_t high = above < areas_.size() ? areas_[above].begin : mmap_top;
  tables_.free_range(std::max(low, begin & ~(table_entries - 1)),
                     std::min(high, (end + table_entries - 1) & ~(table_entries - 1)));
}

/// expand_downwards(): the stack grows to the page that was touched, within its limits. mmap_sem is
/// held for reading.
bool AddressSpace::expand_stack(Area& area, std::uint32_t vpn) {
  if (!area.has(VM_GROWSDOWN) || !prepare_anon_vma(area)) return false;
  if (vpn >= area.begin) return true;
  const Pages more = area.begin - vpn;
  const auto index = static_cast<std::size_t>(&area - areas_.data());
  if (index > 0 && areas_[index - 1].end > vpn) return false;
  if (!may_expand(more)) return false;
  if (limits_.stack != no_limit && (area.end - vpn) * page_size > limits_.stack) return false;
  if (area.has(VM_LOCKED) && check_locked(more) != 0) return false;
  if (memory_.overcommit().account(more, total_vm_) != 0) return false;
  area.begin = vpn;
  total_vm_ += more;
  if (area.has(VM_LOCKED)) locked_vm_ += more;
  return true;
}

}  // namespace brink
