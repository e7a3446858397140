// A process's memory (struct mm_struct; mm/mmap.c, mm/memory.c and the exit part of kernel/exit.c,
// Linux 4.0): areas, page tables, page faults. Left out: file mappings, sharing (fork, threads have
// one address space), protections, stacks that grow, huge pages, the top level of the page tables.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/syscall.hpp"
#include "sim/locking/rwsem.hpp"
#include "sim/mm/page_tables.hpp"
#include "sim/mm/slab.hpp"

namespace brink {

class Memory;
class Steady;

/// How an access to user memory ended.
enum class Access : std::uint8_t {
  done,
  killed,  ///< SIGKILL is pending: the task must not return to user mode
  segv,    ///< no area there
  bus,     ///< swap could not be read
  efault,  ///< kernel mode only: no memory for the page
};

class AddressSpace {
 public:
  /// `name` is the instance of its mmap_sem, for people.
  explicit AddressSpace(Memory& memory, const LazyText& name = {});
  /// exit() must have been called, unless the world has ended.
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  // --- System calls. Each takes mmap_sem for writing.

  /// An address, or a negative errno.
  std::int64_t mmap_anonymous(std::uint64_t bytes);
  int munmap(Address address, std::uint64_t bytes);
  /// The new end of the heap, or the old one if that cannot be; 0 asks for it.
  Address brk(Address end);

  // --- Accesses by the running task, which must belong here.

  /// Writes to each page of the range once, in order, as user code does: never fails for want of
  /// memory, since the instruction is executed again after each kill.
  [[nodiscard]] Access touch(Address address, std::uint64_t bytes);
  /// The same from inside of the kernel (copy_to_user()): `copied` bytes were done before it
  /// failed.
  [[nodiscard]] Access kernel_write(Address address, std::uint64_t bytes, std::uint64_t& copied);

  /// exit_mm(): takes mmap_sem for reading once, as the check for a core dump does, then frees
  /// everything. Must be called by a task, once.
  void exit();

  RwSem& mmap_sem() { return mmap_sem_; }
  std::uint32_t id() const { return id_; }
  bool exited() const { return exited_; }
  /// MMF_OOM_SKIP: its memory has been given back, or the OOM killer is not to wait for it.
  bool oom_skip() const { return oom_skip_; }
  void set_oom_skip();
  /// Takes private anonymous memory away under mmap_sem, if that is free for reading: true if so.
  [[nodiscard]] bool reap();

  // --- Counters, in pages (MM_ANONPAGES, MM_SWAPENTS, nr_ptes + nr_pmds, total_vm).

  Pages rss() const { return rss_; }
  Pages swap_entries() const { return swap_entries_; }
  Pages page_tables() const { return tables_.pages(); }
  Pages total_vm() const { return total_vm_; }
  std::size_t areas() const { return areas_.size(); }

  // --- For reclaim, by reverse mapping.

  /// Whether the page was used since last asked (page_referenced()).
  bool test_and_clear_young(std::uint32_t vpn);
  /// Replaces the page's entry by its swap slot (try_to_unmap()).
  void unmap_to_swap(std::uint32_t vpn, std::uint32_t slot);

 private:
  /// struct vm_area_struct: pages [begin, end).
  struct Area {
    std::uint32_t begin, end;
    SlabObject object;
    SlabObject anon_vma, chain;  ///< made by the first fault
    bool heap;
  };
  /// How one fault ended; mmap_sem is still held but at retry and dropped.
  enum class Fault : std::uint8_t {
    done,
    oom,      ///< VM_FAULT_OOM
    again,    ///< the entry is another by now
    retry,    ///< VM_FAULT_RETRY
    dropped,  ///< killed while it waited without mmap_sem
    killed,
    bus,
    segv,
  };

  Area* find_area(std::uint32_t vpn);
  std::size_t area_index(std::uint32_t vpn) const;
  int enough_memory(Pages pages) const;
  int new_area(std::uint32_t begin, std::uint32_t pages, bool heap);
  int split(std::size_t index, std::uint32_t at);
  void free_area(Area& area);
  int remove_range(std::uint32_t begin, std::uint32_t end);

  Access access(Address address, std::uint64_t bytes, bool user, std::uint64_t& done_bytes);
  Access fault_in(std::uint32_t vpn, bool user);
  Access insist_fault(std::uint32_t vpn);
  Fault handle_fault(std::uint32_t vpn, bool retried);
  std::uint64_t repeatable_faults(const Steady& steady);
  Fault anonymous_fault(Area& area, std::uint32_t vpn, Pte& pte);
  Fault swap_fault(std::uint32_t vpn, Pte& pte, bool retried);
  std::uint32_t bulk(std::uint32_t vpn, std::uint32_t end);
  bool prepare_anon_vma(Area& area);
  void map_new_page(Pfn page, std::uint32_t vpn, Pte& pte);
  void map_swapped_page(Pfn page, std::uint32_t vpn, Pte& pte);

  void exit_mmap();
  void unmap_range(std::uint32_t begin, std::uint32_t end);
  std::uint32_t zap(Pte& pte);

  Memory& memory_;
  std::uint32_t id_ = 0;
  RwSem mmap_sem_;
  PageTables tables_;
  std::vector<Area> areas_;  ///< by address
  Pages rss_ = 0, swap_entries_ = 0, total_vm_ = 0;
  Address brk_start_, brk_;
  bool exited_ = false;
  bool oom_skip_ = false;
};

}  // namespace brink
