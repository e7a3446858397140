// Areas of an address space (mm/mmap.c, Linux 4.0). Left out: everything that is not private
// anonymous memory, limits on the number of areas and on the size of the address space.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/swap.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

// Where things lie: guesses that leave room for 2^32 virtual pages.
constexpr std::uint32_t mmap_top = std::uint32_t{1} << 31;  // 8 TiB
constexpr Address heap_start = Address{16} * MiB;

constexpr const char* vm_area_struct = "vm_area_struct";
constexpr const char* anon_vma_cache = "anon_vma";
constexpr const char* anon_vma_chain = "anon_vma_chain";

std::uint32_t page_of(Address address) { return static_cast<std::uint32_t>(address / page_size); }
std::uint64_t pages_of(std::uint64_t bytes) {
  return bytes / page_size + (bytes % page_size != 0 ? 1 : 0);
}

}  // namespace

AddressSpace::AddressSpace(Memory& memory, const LazyText& name)
    : memory_(memory), id_(memory.add_space(*this)),
      mmap_sem_(memory.locks(), memory.locks().lock_class("mm.mmap_sem"), name), tables_(memory),
      brk_start_(heap_start), brk_(heap_start) {}

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

/// __vm_enough_memory() in mode 0: refuses only what obviously cannot be.
int AddressSpace::enough_memory(Pages pages) const {
  Pages free = memory_.free_pages() + memory_.stat().of(PageKind::file) +
               memory_.swap().cached_pages() + memory_.swap().free() +
               memory_.slab().reclaimable_pages();
  const Pages reserve = memory_.zones().total_reserve();
  if (free <= reserve) return -ENOMEM;
  free -= reserve;
  // sysctl_admin_reserve_kbytes: 3 % of what is free at boot, at most 8 MiB; root is not modelled.
  const Pages admin = std::min<Pages>(memory_.zones().managed() / 32, 8 * MiB / page_size);
  return free > pages + admin ? 0 : -ENOMEM;
}

std::int64_t AddressSpace::mmap_anonymous(std::uint64_t bytes) {
  const Frame frame(memory_.core().current(), "do_mmap_pgoff");
  const std::uint64_t pages = pages_of(bytes);
  if (bytes == 0) return -EINVAL;
  if (pages >= mmap_top) return -ENOMEM;
  const WriteGuard guard(mmap_sem_);
  // Top down, into the highest gap that is large enough.
  std::uint32_t end = mmap_top;
  for (std::size_t i = areas_.size(); i-- > 0 && end - areas_[i].end < pages;)
    end = areas_[i].begin;
  const std::uint32_t floor = page_of(brk_) + 1;
  if (end < floor + pages) return -ENOMEM;
  const std::uint32_t begin = end - static_cast<std::uint32_t>(pages);
  if (const int error = new_area(begin, static_cast<std::uint32_t>(pages), false)) return error;
  return static_cast<std::int64_t>(Address{begin} * page_size);
}

/// mmap_region(): grows a neighbour if there is one, else makes an area.
int AddressSpace::new_area(std::uint32_t begin, std::uint32_t pages, bool heap) {
  if (const int error = enough_memory(pages)) return error;
  const std::uint32_t end = begin + pages;
  std::size_t i = area_index(begin);
  const bool before = i > 0 && areas_[i - 1].end == begin && areas_[i - 1].heap == heap;
  const bool after = i < areas_.size() && areas_[i].begin == end && areas_[i].heap == heap;
  if (before) {
    areas_[i - 1].end = end;
  } else if (after) {
    areas_[i].begin = begin;
  } else {
    const SlabObject object =
        memory_.alloc_object(memory_.slab_cache(vm_area_struct), site::mm_vma);
    if (!object) return -ENOMEM;
    i = area_index(begin);
    areas_.insert(areas_.begin() + static_cast<std::ptrdiff_t>(i),
                  {begin, end, object, {}, {}, heap});
  }
  total_vm_ += pages;
  return 0;
}

bool AddressSpace::prepare_anon_vma(Area& area) {
  if (area.anon_vma) return true;
  SlabCache& chains = memory_.slab_cache(anon_vma_chain);
  const SlabObject chain =
      area.chain ? SlabObject() : memory_.alloc_object(chains, site::mm_anon_vma);
  if (!area.chain && !chain) return false;
  // Another task of the process may have come first while this one slept.
  if (!area.chain) {
    area.chain = chain;
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

/// __split_vma(): the area ends at `at`, another one begins there. Needs memory.
int AddressSpace::split(std::size_t index, std::uint32_t at) {
  Area upper = areas_[index];
  upper.begin = at;
  upper.anon_vma = upper.chain = {};
  upper.object = memory_.alloc_object(memory_.slab_cache(vm_area_struct), site::mm_vma_split);
  if (!upper.object) return -ENOMEM;
  if (areas_[index].anon_vma) {
    // anon_vma_clone(); the two share the anon_vma, which is counted once for each here.
    SlabCache& chains = memory_.slab_cache(anon_vma_chain);
    upper.chain = memory_.alloc_object(chains, site::mm_vma_split);
    if (upper.chain) {
      upper.anon_vma =
          memory_.alloc_object(memory_.slab_cache(anon_vma_cache), site::mm_vma_split);
    }
    if (!upper.anon_vma) {
      free_area(upper);
      return -ENOMEM;
    }
  }
  areas_[index].end = at;
  areas_.insert(areas_.begin() + static_cast<std::ptrdiff_t>(index) + 1, upper);
  return 0;
}

void AddressSpace::free_area(Area& area) {
  if (area.anon_vma) memory_.free_object(area.anon_vma);
  if (area.chain) memory_.free_object(area.chain);
  memory_.free_object(area.object);
}

int AddressSpace::munmap(Address address, std::uint64_t bytes) {
  const Frame frame(memory_.core().current(), "do_munmap");
  if (address % page_size != 0 || bytes == 0) return -EINVAL;
  const std::uint64_t pages = pages_of(bytes);
  if (pages > mmap_top || address / page_size > mmap_top - pages) return -EINVAL;
  const WriteGuard guard(mmap_sem_);
  return remove_range(page_of(address), page_of(address) + static_cast<std::uint32_t>(pages));
}

/// do_munmap(): areas that reach beyond the range are split first, which needs memory.
int AddressSpace::remove_range(std::uint32_t begin, std::uint32_t end) {
  std::size_t i = area_index(begin);
  if (i < areas_.size() && areas_[i].begin < begin) {
    if (const int error = split(i, begin)) return error;
    ++i;
  }
  const std::size_t last = area_index(end - 1);
  if (last < areas_.size() && areas_[last].begin < end && areas_[last].end > end) {
    if (const int error = split(last, end)) return error;
  }
  std::size_t stop = i;
  while (stop < areas_.size() && areas_[stop].begin < end) ++stop;
  if (stop == i) return 0;
  unmap_range(begin, end);
  const std::uint32_t low = i > 0 ? areas_[i - 1].end : 0;
  const std::uint32_t high = stop < areas_.size() ? areas_[stop].begin : mmap_top;
  for (std::size_t k = i; k < stop; ++k) {
    total_vm_ -= areas_[k].end - areas_[k].begin;
    free_area(areas_[k]);
  }
  areas_.erase(areas_.begin() + static_cast<std::ptrdiff_t>(i),
               areas_.begin() + static_cast<std::ptrdiff_t>(stop));
  // Tables on the edges may be shared with what lies next to them.
  tables_.free_range(std::max(low, begin & ~(table_entries - 1)),
                     std::min(high, (end + table_entries - 1) & ~(table_entries - 1)));
  return 0;
}

Address AddressSpace::brk(Address end) {
  const Frame frame(memory_.core().current(), "sys_brk");
  const WriteGuard guard(mmap_sem_);
  if (end < brk_start_ || end / page_size >= mmap_top) return brk_;
  const auto old_pages = static_cast<std::uint32_t>(pages_of(brk_));
  const auto new_pages = static_cast<std::uint32_t>(pages_of(end));
  int error = 0;
  if (new_pages < old_pages) {
    error = remove_range(new_pages, old_pages);
  } else if (new_pages > old_pages) {
    const std::size_t above = area_index(old_pages);
    const bool room = above == areas_.size() || areas_[above].begin > new_pages;
    error = room ? new_area(old_pages, new_pages - old_pages, true) : -ENOMEM;
  }
  if (error == 0) {
    brk_ = end;
  } else {
    // The raw system call has no errno: it answers with the end that stays.
    memory_.failures().settle_last(Fate::translated);
  }
  return brk_;
}

}  // namespace brink
