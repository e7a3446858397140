// vmalloc() and kvmalloc(), request by request.

#include "sim/mm/vmalloc.hpp"

#include <limits>
#include <utility>

#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr std::uint32_t vm_struct_size = 64;
constexpr std::uint32_t vmap_area_size = 104;
constexpr Pages pages_a_table = 512;
/// The page tables that the boot has left behind map as much (a guess).
constexpr Pages mapped_at_boot = pages_a_table;

/// GFP_RECLAIM_MASK: how hard to try, without where to look.
constexpr Gfp how_hard = Gfp::direct_reclaim | Gfp::kswapd_reclaim | Gfp::high | Gfp::io | Gfp::fs |
                         Gfp::nowarn | Gfp::retry_mayfail | Gfp::nofail | Gfp::noretry |
                         Gfp::memalloc | Gfp::nomemalloc | Gfp::atomic;

}  // namespace

VmallocArea Vmalloc::alloc(std::uint64_t bytes, Site site, Gfp gfp) {
  const Pages pages = (bytes + page_size - 1) / page_size;
  VmallocArea area;
  if (fill(area, pages, site, gfp)) return area;
  if (!has(gfp, Gfp::nowarn)) memory_.warn_alloc_failed(1);
  free(area);
  return {};
}

bool Vmalloc::fill(VmallocArea& area, Pages pages, Site site, Gfp gfp) {
  const Gfp small = gfp & how_hard;
  if (pages == 0 || pages > memory_.zones().managed()) {
    memory_.begin_failure({site, 0, gfp}, Cause::give_up,
                          memory_.wait_of(memory_.core().current()));
    return false;
  }
  area.vm_struct = memory_.kmalloc(vm_struct_size, site, small | Gfp::zero);
  if (!area.vm_struct) return false;
  SlabCache* const areas = memory_.slab().known("vmap_area");
  area.vmap_area = areas != nullptr ? memory_.alloc_object(*areas, site, small)
                                    : memory_.kmalloc(vmap_area_size, site, small);
  if (!area.vmap_area || !alloc_list(area, pages, site, small | Gfp::zero)) return false;
  area.pages.reserve(pages);
  while (area.pages.size() < pages) {
    const Pfn page = memory_.alloc_pages(site, 0, gfp | Gfp::nowarn);
    if (page == no_page) return false;
    area.pages.push_back(page);
  }
  return map(area, site, gfp);
}

bool Vmalloc::alloc_list(VmallocArea& area, Pages pages, Site site, Gfp gfp) {
  const std::uint64_t bytes = pages * 8;
  if (bytes <= page_size) {
    area.list = memory_.kmalloc(static_cast<std::uint32_t>(bytes), site, gfp);
    return static_cast<bool>(area.list);
  }
  area.larger_list = std::make_unique<VmallocArea>(alloc(bytes, site, gfp | Gfp::highmem));
  return static_cast<bool>(*area.larger_list);
}

/// pte_alloc_kernel(): with all rights whatever the caller's mask says, unless scopes carry it.
bool Vmalloc::map(VmallocArea& area, Site site, Gfp gfp) {
  const Pages pages = area.pages.size() + 1;
  const Gfp mask = (memory_.rules().nofs_scope ? gfp & how_hard : GFP_KERNEL) | Gfp::zero;
  while (mapped_ + pages > mapped_at_boot + tables_ * pages_a_table) {
    if (memory_.alloc_pages(site, 0, mask) == no_page) return false;
    ++tables_;
  }
  area.mapped = pages;
  mapped_ += pages;
  return true;
}

void Vmalloc::free(VmallocArea& area) noexcept {
  if (memory_.core().aborting()) return;
  for (const Pfn page : area.pages) memory_.free_pages(page, 0);
  for (const SlabObject part : {area.list, area.vmap_area, area.vm_struct}) {
    if (part) memory_.free_object(part);
  }
  if (area.larger_list) free(*area.larger_list);
  mapped_ -= area.mapped;
  area = {};
}

// --- kvmalloc().

VmallocArea Memory::vmalloc(std::uint64_t bytes, Site site) {
  return vmalloc_->alloc(bytes, site, rule(site).gfp | Gfp::highmem);
}

void Memory::vfree(VmallocArea& area) noexcept { vmalloc_->free(area); }

KvMemory Memory::kvmalloc(std::uint64_t bytes, Site site) {
  const Gfp gfp = rule(site).gfp;
  Gfp first = gfp;
  if (bytes > page_size) {
    // It has another way, so it must not be a burden.
    first = (first | Gfp::nowarn) & ~Gfp::nofail;
    if (!has(first, Gfp::retry_mayfail)) first = first | Gfp::noretry;
  }
  KvMemory memory;
  if (bytes <= std::numeric_limits<std::uint32_t>::max()) {
    memory.object = kmalloc(static_cast<std::uint32_t>(bytes), site, first);
    if (memory.object || bytes <= page_size || !has(gfp, Gfp::direct_reclaim)) return memory;
    failures_.settle_last(Fate::fallback);
  }
  memory.area = vmalloc_->alloc(bytes, site, gfp | Gfp::highmem);
  return memory;
}

void Memory::kvfree(KvMemory& memory) noexcept {
  if (memory.object) free_object(memory.object);
  if (memory.area) vmalloc_->free(memory.area);
  memory = {};
}

}  // namespace brink
