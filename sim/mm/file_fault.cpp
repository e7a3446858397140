// Faults on mapped files (mm/memory.c: do_read_fault, do_cow_fault, do_shared_fault and
// do_fault_around, and what mm/filemap.c: filemap_fault does about page locks, Linux 4.0). Left
// out: throttling of who dirties pages through a mapping. A page of tmpfs is mapped for reading
// first and made writable by a fault of its own, as if it were of a file that is written back.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/mapped_file.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr std::uint32_t fault_around = 16;  // fault_around_bytes: 64 KiB

/// Mapping a page that is cached, beside the one that was wanted: guess.
constexpr Nanos map_cached_page = 20;

}  // namespace

AddressSpace::Fault AddressSpace::file_fault(Area& area, std::uint32_t vpn, Pte& pte, bool write,
                                             bool retried) {
  if (write && !area.has(VM_SHARED)) return private_write_fault(area, vpn, pte, retried);
  if (!write) {
    map_around(area, vpn);
    if (!pte.none()) return Fault::done;
  }
  PageCache& cache = memory_.cache();
  const std::uint32_t index = area.offset + (vpn - area.begin);
  Pfn page = no_page;
  Fault fault = find_file_page(area, index, retried, page);
  if (fault != Fault::done) return fault;
  if (write) {
    cache.unlock_page(page);
    fault = make_writable(area, page);
  }
  if (fault == Fault::done) {
    if (pte.none()) {
      map_file_page(area, page, vpn, pte, write);
    } else {
      fault = Fault::again;
    }
    cache.unlock_page(page);
  }
  cache.unpin(page);
  return fault;
}

/// Page `index` of the file, up to date, pinned and locked.
AddressSpace::Fault AddressSpace::find_file_page(const Area& area, std::uint32_t index,
                                                 bool retried, Pfn& page) {
  PageCache& cache = memory_.cache();
  const int error = area.file->find_page(index, page);
  if (error == -ENOMEM) return Fault::oom;
  if (error == -EINTR) return Fault::killed;
  if (error != 0) return Fault::bus;
  if (const Fault fault = lock_or_retry(page, retried); fault != Fault::done) return fault;
  const Page& meta = memory_.page(page);
  Fault result = Fault::done;
  if (area.file->pages().find(index) != page) {
    cache.unlock_page(page);
    result = Fault::again;
  } else if (!meta.has(PG_uptodate)) {
    // What was read ahead has failed: this one insists, once.
    result = area.file->read_page(page) == 0 ? Fault::again : Fault::bus;
  }
  if (result != Fault::done) cache.unpin(page);
  return result;
}

/// do_cow_fault(): the copy is there before the page is looked for.
AddressSpace::Fault AddressSpace::private_write_fault(Area& area, std::uint32_t vpn, Pte& pte,
                                                      bool retried) {
  Core& core = memory_.core();
  PageCache& cache = memory_.cache();
  if (!prepare_anon_vma(area)) return Fault::oom;
  const Pfn fresh = new_anon_page(site::mm_cow_page);
  if (fresh == no_page) return Fault::oom;
  Pfn page = no_page;
  Fault fault = find_file_page(area, area.offset + (vpn - area.begin), retried, page);
  if (fault == Fault::done) {
    core.charge(core.costs().copy_page);
    if (pte.none()) {
      map_new_page(area, fresh, vpn, pte);
      ++memory_.counters().page_touches;
      core.note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn, fresh);
    } else {
      fault = Fault::again;
    }
    cache.unlock_page(page);
    cache.unpin(page);
  }
  if (fault != Fault::done) memory_.free_pages(fresh, 0);
  return fault;
}

/// do_page_mkwrite(): the page, which is pinned, comes back locked and dirty.
AddressSpace::Fault AddressSpace::make_writable(const Area& area, Pfn page) {
  switch (area.file->make_writable(page)) {
    case 0: return Fault::done;
    case -EAGAIN: return Fault::again;
    case -ENOMEM: return Fault::oom;
    default: return Fault::bus;
  }
}

void AddressSpace::map_file_page(const Area& area, Pfn page, std::uint32_t vpn, Pte& pte,
                                 bool writable) {
  memory_.rmap().add(page, id_, vpn);
  pte.set_page(page, writable);
  ++file_rss_;
  memory_.reclaim().page_changed(page);
  if (area.has(VM_LOCKED)) memory_.reclaim().make_unevictable(page);
  ++memory_.counters().page_touches;
  memory_.core().note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn,
                      std::uint64_t{page} << 1 | (writable ? 1 : 0));
}

/// filemap_map_pages(): maps what is cached around the page, without waiting for anything.
void AddressSpace::map_around(const Area& area, std::uint32_t vpn) {
  const std::uint32_t window = vpn & ~(fault_around - 1);
  const std::uint32_t begin = std::max(window, area.begin);
  const std::uint32_t end = std::min(window + fault_around, area.end);
  const FileMapping& pages = area.file->pages();
  Pte* pte = tables_.find(begin);  // All of a window are in one table.
  for (std::uint32_t at = begin; at < end; ++at, ++pte) {
    if (!pte->none()) continue;
    const Pfn page = pages.find(area.offset + (at - area.begin));
    if (page == no_page) continue;
    const Page& meta = memory_.page(page);
    if (meta.has_any(PG_locked | PG_readahead | PG_error) || !meta.has(PG_uptodate)) continue;
    memory_.core().charge(map_cached_page);
    map_file_page(area, page, at, *pte, false);
  }
}

}  // namespace brink
