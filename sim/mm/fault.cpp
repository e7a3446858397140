// Page faults (mm/memory.c: handle_mm_fault, do_anonymous_page and do_swap_page, and the part of
// arch/x86/mm/fault.c that decides what to do about their results, Linux 4.0).

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/locking/poll.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/steady.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

Access AddressSpace::touch(Address address, std::uint64_t bytes) {
  std::uint64_t pages = 0;
  return access(address, bytes, true, pages);
}

Access AddressSpace::kernel_write(Address address, std::uint64_t bytes, std::uint64_t& copied) {
  const Access result = access(address, bytes, false, copied);
  copied = result == Access::done ? bytes : std::min(bytes, copied);
  return result;
}

/// Page by page from the first byte to the last. `done_bytes`: how far it came.
Access AddressSpace::access(Address address, std::uint64_t bytes, bool user,
                            std::uint64_t& done_bytes) {
  Core& core = memory_.core();
  done_bytes = 0;
  if (bytes == 0) return Access::done;
  const auto end = static_cast<std::uint32_t>((address + bytes - 1) / page_size) + 1;
  for (auto vpn = static_cast<std::uint32_t>(address / page_size); vpn < end;) {
    if (user && core.current().has(FATAL_SIGNAL)) return Access::killed;
    mmap_sem_.down_read();
    const std::uint32_t pages = bulk(vpn, end);
    if (pages != 0) {
      mmap_sem_.up_read();
      vpn += pages;
      core.point(user ? Point::user : Point::primitive);
    } else {
      const Access result = fault_in(vpn, user);
      if (result != Access::done) return result;
      ++vpn;
    }
    done_bytes = Address{vpn} * page_size - address;
  }
  return Access::done;
}

/// One fault, repeated as the hardware and the kernel repeat it; called and left with mmap_sem held
/// and released, respectively.
Access AddressSpace::fault_in(std::uint32_t vpn, bool user) {
  const Frame frame(memory_.core().current(), user ? "do_page_fault" : "copy_to_user");
  for (bool retried = false;; retried = true) {
    const Fault fault = handle_fault(vpn, retried);
    if (fault == Fault::retry) {  // It has released mmap_sem to wait.
      mmap_sem_.down_read();
      continue;
    }
    if (fault == Fault::again) continue;
    if (fault != Fault::dropped) mmap_sem_.up_read();
    switch (fault) {
      case Fault::done: return Access::done;
      case Fault::oom: return user ? insist_fault(vpn) : Access::efault;
      case Fault::bus: return Access::bus;
      case Fault::segv: return Access::segv;
      default: return Access::killed;
    }
  }
}

/// The fault has failed for want of memory: user code executes its instruction again, after a kill
/// if the rules say so, until it succeeds or the task itself is killed.
Access AddressSpace::insist_fault(std::uint32_t vpn) {
  Core& core = memory_.core();
  Task& me = core.current();
  const Gfp gfp = memory_.rule(site::mm_anon_page).gfp;
  MemoryWait wait(memory_, MemoryWait::Asker::fault, site::mm_anon_page, 0, gfp);
  memory_.continue_failure(wait);
  UnlimitedLoop loop(core, wait);
  Steady steady(memory_, gfp);
  for (;;) {
    if (me.has(FATAL_SIGNAL)) return Access::killed;
    if (const std::uint64_t rounds = repeatable_faults(steady)) {
      steady.repeat(rounds);
      core.point(Point::user);
      continue;
    }
    steady.begin();
    if (memory_.rules().fault_oom_kills) memory_.oom().page_fault();
    core.point(Point::user);
    if (me.has(FATAL_SIGNAL)) return Access::killed;
    mmap_sem_.down_read();
    Fault fault = handle_fault(vpn, true);
    while (fault == Fault::again) fault = handle_fault(vpn, true);
    mmap_sem_.up_read();
    switch (fault) {
      case Fault::oom: break;
      case Fault::done: memory_.settle_loop(wait); return Access::done;
      case Fault::bus: return Access::bus;
      case Fault::segv: return Access::segv;
      default: return Access::killed;
    }
    loop.round();
    steady.end();
  }
}

/// How many times the fault would fail again just so.
std::uint64_t AddressSpace::repeatable_faults(const Steady& steady) {
  const std::uint64_t rounds = steady.repeatable(unlimited);
  if (rounds == 0 || !memory_.rules().fault_oom_kills) return rounds;
  const OomRequest request{memory_.core().current().id, 0, Gfp::none, true};
  if (!memory_.oom().still(request, OomResult::pending)) return 0;
  return steady.repeatable(rounds, memory_.oom().would_kill(request));
}

AddressSpace::Fault AddressSpace::handle_fault(std::uint32_t vpn, bool retried) {
  Core& core = memory_.core();
  core.charge(core.costs().page_fault);
  Area* area = find_area(vpn);
  if (area == nullptr) return Fault::segv;
  Pte* pte = tables_.find(vpn);
  if (pte == nullptr) pte = tables_.make(vpn);
  if (pte == nullptr) return Fault::oom;
  if (pte->present()) {
    if (!pte->young()) memory_.lru_changed();
    pte->set_young();
    return Fault::done;
  }
  if (pte->swapped()) return swap_fault(vpn, *pte, retried);
  return anonymous_fault(*area, vpn, *pte);
}

AddressSpace::Fault AddressSpace::anonymous_fault(Area& area, std::uint32_t vpn, Pte& pte) {
  if (!prepare_anon_vma(area)) return Fault::oom;
  const Pfn page = memory_.alloc_pages(site::mm_anon_page);
  if (page == no_page) return Fault::oom;
  if (!pte.none()) {  // Somebody else was here while this one slept.
    memory_.free_pages(page, 0);
    return Fault::again;
  }
  map_new_page(page, vpn, pte);
  ++memory_.counters().page_touches;
  memory_.core().note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn, 1);
  return Fault::done;
}

void AddressSpace::map_new_page(Pfn pfn, std::uint32_t vpn, Pte& pte) {
  Page& page = memory_.page(pfn);
  memory_.set_kind(page, PageKind::anon);
  page.flags = PG_uptodate | PG_swapbacked | PG_active | PG_mapped;
  page.owner = id_;
  page.index = vpn;
  pte.set_page(pfn);
  ++rss_;
  memory_.reclaim().add(pfn);
}

AddressSpace::Fault AddressSpace::swap_fault(std::uint32_t vpn, Pte& pte, bool retried) {
  PageCache& cache = memory_.cache();
  Swap& swap = memory_.swap();
  const std::uint32_t slot = pte.slot();
  Pfn pfn = swap.lookup(slot);
  if (pfn == no_page) {
    pfn = swap.read(slot);
    if (!pte.swapped() || pte.slot() != slot) return Fault::again;
    if (pfn == no_page) return Fault::oom;
  }
  cache.pin(pfn);
  // lock_page_or_retry(): the first time, nobody need wait for mmap_sem while this one waits.
  if (!cache.trylock_page(pfn)) {
    if (!retried) mmap_sem_.up_read();
    const int error = retried ? cache.lock_page_killable(pfn)
                              : cache.wait_on_page_locked(pfn, WaitMode::killable);
    if (error != 0 || !retried) {
      cache.unpin(pfn);
      if (error == 0) return Fault::retry;
      return retried ? Fault::killed : Fault::dropped;
    }
  }
  const Page& page = memory_.page(pfn);
  Fault result = Fault::again;
  if (page.has(PG_swapcache) && page.slot == slot && pte.swapped() && pte.slot() == slot) {
    result = page.has(PG_uptodate) ? Fault::done : Fault::bus;
    if (result == Fault::done) map_swapped_page(pfn, vpn, pte);
  }
  cache.unlock_page(pfn);
  cache.unpin(pfn);
  return result;
}

/// The page is written to, so that its copy in swap is of no use any more.
void AddressSpace::map_swapped_page(Pfn pfn, std::uint32_t vpn, Pte& pte) {
  Page& page = memory_.page(pfn);
  Swap& swap = memory_.swap();
  const std::uint32_t slot = page.slot;
  page.owner = id_;
  page.index = vpn;
  page.set(PG_mapped | PG_dirty);
  pte.set_page(pfn);
  ++rss_;
  --swap_entries_;
  swap.drop_entry(slot);
  if (!page.has(PG_writeback) && swap.map().count(slot) == 0) swap.remove(pfn);
  memory_.reclaim().page_changed(pfn);
  ++memory_.counters().page_touches;
  memory_.core().note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn, slot);
}

// --- For reclaim.

bool AddressSpace::test_and_clear_young(std::uint32_t vpn) {
  Pte& pte = *tables_.find(vpn);
  if (!pte.young()) return false;
  pte.clear_young();
  return true;
}

void AddressSpace::move_page(std::uint32_t vpn, Pfn to) { tables_.find(vpn)->move(to); }

void AddressSpace::unmap_to_swap(std::uint32_t vpn, std::uint32_t slot) {
  Pte& pte = *tables_.find(vpn);
  memory_.page(pte.pfn()).clear(PG_mapped);
  memory_.swap().map().get(slot);
  pte.set_slot(slot);
  --rss_;
  ++swap_entries_;
  memory_.lru_changed();
}

}  // namespace brink
