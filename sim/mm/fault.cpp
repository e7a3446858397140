// Page faults (mm/memory.c: handle_mm_fault, and the part of arch/x86/mm/fault.c that decides what
// to do about their results, Linux 4.0). What each kind of fault does is in anon_fault.cpp and
// file_fault.cpp.

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/locking/poll.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/steady.hpp"

namespace brink {

Access AddressSpace::touch(Address address, std::uint64_t bytes) {
  std::uint64_t pages = 0;
  return access(address, bytes, {true, true}, pages);
}

Access AddressSpace::read(Address address, std::uint64_t bytes) {
  std::uint64_t pages = 0;
  return access(address, bytes, {false, true}, pages);
}

Access AddressSpace::kernel_write(Address address, std::uint64_t bytes, std::uint64_t& copied) {
  const Access result = access(address, bytes, {true, false}, copied);
  copied = result == Access::done ? bytes : std::min(bytes, copied);
  return result;
}

/// Page by page from the first byte to the last. `done_bytes`: how far it came.
Access AddressSpace::access(Address address, std::uint64_t bytes, Intent intent,
                            std::uint64_t& done_bytes) {
  Core& core = memory_.core();
  done_bytes = 0;
  if (bytes == 0) return Access::done;
  const auto end = static_cast<std::uint32_t>((address + bytes - 1) / page_size) + 1;
  for (auto vpn = static_cast<std::uint32_t>(address / page_size); vpn < end;) {
    if (intent.user && core.current().has(FATAL_SIGNAL)) return Access::killed;
    mmap_sem_.down_read();
    const std::uint32_t pages = bulk(vpn, end, intent.write);
    if (pages != 0) {
      mmap_sem_.up_read();
      vpn += pages;
      core.point(intent.user ? Point::user : Point::primitive);
    } else {
      const Access result = fault_in(vpn, intent);
      if (result != Access::done) return result;
      ++vpn;
    }
    done_bytes = Address{vpn} * page_size - address;
  }
  return Access::done;
}

/// One fault, repeated as the hardware and the kernel repeat it; called and left with mmap_sem held
/// and released, respectively.
Access AddressSpace::fault_in(std::uint32_t vpn, Intent intent) {
  const Frame frame(memory_.core().current(), intent.user ? "do_page_fault" : "copy_to_user");
  for (bool retried = false;; retried = true) {
    const Fault fault = handle_fault(vpn, intent, retried);
    if (fault == Fault::retry) {  // It has released mmap_sem to wait.
      mmap_sem_.down_read();
      continue;
    }
    if (fault == Fault::again) continue;
    if (fault != Fault::dropped) mmap_sem_.up_read();
    switch (fault) {
      case Fault::done: return Access::done;
      case Fault::oom: return intent.user ? insist_fault(vpn, intent) : Access::efault;
      case Fault::bus: return Access::bus;
      case Fault::segv: return Access::segv;
      default: return Access::killed;
    }
  }
}

/// The fault has failed for want of memory: user code executes its instruction again, after a kill
/// if the rules say so, until it succeeds or the task itself is killed.
Access AddressSpace::insist_fault(std::uint32_t vpn, Intent intent) {
  Core& core = memory_.core();
  Task& me = core.current();
  const Gfp gfp = memory_.rule(site::mm_anon_page).gfp;
  MemoryWait wait(memory_, MemoryWait::Asker::fault, site::mm_anon_page, 0, gfp);
  memory_.continue_failure(wait);
  note_memcg(wait);
  UnlimitedLoop loop(core, wait);
  Steady steady(memory_, gfp);
  for (;;) {
    if (me.has(FATAL_SIGNAL)) return Access::killed;
    if (const std::uint64_t rounds = wait.memcg() != 0 ? 0 : repeatable_faults(steady)) {
      steady.repeat(rounds);
      core.point(Point::user);
      continue;
    }
    steady.begin();
    out_of_memory(wait);
    core.point(Point::user);
    if (me.has(FATAL_SIGNAL)) return Access::killed;
    mmap_sem_.down_read();
    Fault fault = handle_fault(vpn, intent, true);
    while (fault == Fault::again) fault = handle_fault(vpn, intent, true);
    mmap_sem_.up_read();
    switch (fault) {
      case Fault::oom: note_memcg(wait); break;
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

/// pagefault_out_of_memory().
void AddressSpace::out_of_memory(MemoryWait& wait) {
  if (Memcgs* const groups = memory_.memcgs(); groups != nullptr && groups->end_of_fault(wait)) {
    return;
  }
  if (memory_.rules().fault_oom_kills) memory_.oom().page_fault();
}

/// Whether it is at the limit of a memory cgroup that the fault has failed.
void AddressSpace::note_memcg(MemoryWait& wait) const {
  if (const Memcgs* const groups = memory_.memcgs()) wait.set_memcg(groups->failed(wait.task()));
}

AddressSpace::Fault AddressSpace::handle_fault(std::uint32_t vpn, Intent intent, bool retried) {
  Memcgs* const groups = memory_.memcgs();
  if (groups == nullptr) [[likely]]
    return handle_fault(vpn, intent.write, retried);
  const Task& me = memory_.core().current();
  groups->begin_fault(me, intent.user);
  const Fault fault = handle_fault(vpn, intent.write, retried);
  groups->end_fault(me);
  return fault;
}

AddressSpace::Fault AddressSpace::handle_fault(std::uint32_t vpn, bool write, bool retried) {
  Core& core = memory_.core();
  core.charge(core.costs().page_fault);
  const std::size_t index = area_index(vpn);
  if (index == areas_.size()) return Fault::segv;
  Area& area = areas_[index];
  if (vpn < area.begin && !expand_stack(area, vpn)) return Fault::segv;
  if (write && !area.has(VM_WRITE)) return Fault::segv;
  Pte* pte = tables_.find(vpn);
  if (pte == nullptr) pte = tables_.make(vpn, site::mm_page_table);
  if (pte == nullptr) return Fault::oom;
  if (pte->present()) {
    if (write && !pte->writable()) return write_fault(area, vpn, *pte);
    if (!pte->young()) memory_.lru_changed();
    pte->set_young();
    return Fault::done;
  }
  if (pte->swapped()) return swap_fault(area, vpn, *pte, write, retried);
  if (area.file != nullptr) return file_fault(area, vpn, *pte, write, retried);
  // The page of zeroes, which is nobody's.
  if (!write) return Fault::done;
  return anonymous_fault(area, vpn, *pte);
}

/// lock_page_or_retry(): the first time, nobody need wait for mmap_sem while this one waits. The
/// page is pinned; at anything but `done` it no longer is.
AddressSpace::Fault AddressSpace::lock_or_retry(Pfn page, bool retried) {
  PageCache& cache = memory_.cache();
  if (cache.trylock_page(page)) return Fault::done;
  if (!retried) mmap_sem_.up_read();
  const int error = retried ? cache.lock_page_killable(page)
                            : cache.wait_on_page_locked(page, WaitMode::killable);
  if (retried && error == 0) return Fault::done;
  cache.unpin(page);
  if (error == 0) return Fault::retry;
  return retried ? Fault::killed : Fault::dropped;
}

// --- For reverse mapping.

bool AddressSpace::test_and_clear_young(std::uint32_t vpn) {
  Pte& pte = *tables_.find(vpn);
  if (!pte.young()) return false;
  pte.clear_young();
  return true;
}

void AddressSpace::move_page(std::uint32_t vpn, Pfn to) { tables_.find(vpn)->move(to); }

void AddressSpace::write_protect(std::uint32_t vpn) { tables_.find(vpn)->write_protect(); }

}  // namespace brink
