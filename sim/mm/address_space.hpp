// A process's memory (struct mm_struct; mm/mmap.c, mm/memory.c, mm/mlock.c, mm/mremap.c, the memory
// part of kernel/fork.c and the exit part of kernel/exit.c, Linux 4.0): areas, page tables, page
// faults. Left out: threads (each process has its own), PROT_NONE, guard pages below stacks, huge
// pages, KSM, the page of zeroes (a read of anonymous memory that was never written to faults each
// time), the top level of the page tables but for its page.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/machine.hpp"
#include "brink/syscall.hpp"
#include "sim/locking/rwsem.hpp"
#include "sim/mm/page_tables.hpp"
#include "sim/mm/slab.hpp"

namespace brink {

class MappedFile;
class Memory;
class MemoryWait;
class Steady;

/// How an access to user memory ended.
enum class Access : std::uint8_t {
  done,
  killed,  ///< SIGKILL is pending: the task must not return to user mode
  segv,    ///< no area there, or one that must not be written to
  bus,     ///< swap or the file could not be read, or the file ends before
  efault,  ///< kernel mode only: no memory for the page
};

/// vm_flags, those that the model has.
enum AreaFlag : std::uint16_t {
  VM_WRITE = 1u << 0,
  VM_EXEC = 1u << 1,
  VM_SHARED = 1u << 2,
  VM_LOCKED = 1u << 3,
  VM_GROWSDOWN = 1u << 4,
  VM_ACCOUNT = 1u << 5,  ///< its pages are promised (Overcommit)
  VM_HEAP = 1u << 6,     ///< made by brk()
};

class AddressSpace {
 public:
  /// `name` is the instance of its mmap_sem, for people.
  explicit AddressSpace(Memory& memory, const LazyText& name = {});
  /// exit() must have been called, unless the world has ended.
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  void set_limits(const Rlimits& limits) { limits_ = limits; }
  const Rlimits& limits() const { return limits_; }

  // --- System calls. Each takes mmap_sem for writing. 0 or an address, or a negative errno.

  /// `file` is null for anonymous memory; it gets one more user for each area.
  std::int64_t mmap(const MapRequest& request, MappedFile* file);
  std::int64_t mmap_anonymous(std::uint64_t bytes) { return mmap({.bytes = bytes}, nullptr); }
  int munmap(Address address, std::uint64_t bytes);
  /// The new end of the heap, or the old one if that cannot be; 0 asks for it.
  Address brk(Address end);
  int mprotect(Address address, std::uint64_t bytes, bool write);
  /// With MREMAP_MAYMOVE.
  std::int64_t mremap(Address old, std::uint64_t old_bytes, std::uint64_t new_bytes);
  int mlock(Address address, std::uint64_t bytes);
  int munlock(Address address, std::uint64_t bytes);
  /// Everything that is mapped, or will be, or both.
  int mlockall(bool current, bool future);
  int munlockall();
  /// dup_mmap(): this one, which is empty, becomes a copy of `parent`, by a task of the parent. 0,
  /// or -ENOMEM; what is there then goes with drop().
  int copy_from(AddressSpace& parent);

  // --- Accesses by the running task, which must belong here.

  /// Writes to each page of the range once, in order, as user code does: never fails for want of
  /// memory, since the instruction is executed again after each kill.
  [[nodiscard]] Access touch(Address address, std::uint64_t bytes);
  /// The same, only reading.
  [[nodiscard]] Access read(Address address, std::uint64_t bytes);
  /// Writes from inside of the kernel (copy_to_user()): `copied` bytes were done before it failed.
  [[nodiscard]] Access kernel_write(Address address, std::uint64_t bytes, std::uint64_t& copied);

  /// exit_mm(): takes mmap_sem for reading once, as the check for a core dump does, then frees
  /// everything. Must be called by a task, once.
  void exit();
  /// mmput() of one that never ran: frees everything.
  void drop();

  RwSem& mmap_sem() { return mmap_sem_; }
  std::uint32_t id() const { return id_; }
  bool exited() const { return exited_; }
  /// MMF_OOM_SKIP: its memory has been given back, or the OOM killer is not to wait for it.
  bool oom_skip() const { return oom_skip_; }
  void set_oom_skip();
  /// Takes private anonymous memory away under mmap_sem, if that is free for reading: true if so.
  [[nodiscard]] bool reap();

  // --- Counters, in pages (MM_ANONPAGES, MM_FILEPAGES, MM_SWAPENTS, nr_ptes + nr_pmds, total_vm,
  // locked_vm).

  Pages rss() const { return anon_rss_ + file_rss_; }
  Pages anon_rss() const { return anon_rss_; }
  Pages file_rss() const { return file_rss_; }
  Pages swap_entries() const { return swap_entries_; }
  Pages page_tables() const { return tables_.pages(); }
  Pages total_vm() const { return total_vm_; }
  Pages locked_vm() const { return locked_vm_; }
  std::size_t areas() const { return areas_.size(); }

  // --- For reverse mapping (rmap.hpp): of one page that is mapped here.

  /// Whether the page was used since last asked (page_referenced()).
  bool test_and_clear_young(std::uint32_t vpn);
  /// Takes the page out of its entry (try_to_unmap()): an anonymous one leaves its swap slot.
  void unmap_page(Pfn page, std::uint32_t vpn);
  void write_protect(std::uint32_t vpn);
  bool area_has(std::uint32_t vpn, AreaFlag flag) const;
  /// The entry refers to another page from now on, as old as before (remove_migration_pte()).
  void move_page(std::uint32_t vpn, Pfn to);

 private:
  /// struct vm_area_struct: pages [begin, end).
  struct Area {
    std::uint32_t begin, end;
    std::uint16_t flags;
    std::uint32_t offset;  ///< page of the file that it begins with
    MappedFile* file;      ///< null: private anonymous memory
    SlabObject object;
    SlabObject anon_vma;             ///< made by the first fault
    std::vector<SlabObject> chains;  ///< to it, and to those of the processes it was forked from

    bool has(AreaFlag flag) const { return (flags & flag) != 0; }
    Pages pages() const { return end - begin; }
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
  /// What an access wants, and what is to be done if it does not get it.
  struct Intent {
    bool write;
    bool user;  ///< else the kernel's own: an error ends it
  };

  // area.cpp
  Area* find_area(std::uint32_t vpn);
  std::size_t area_index(std::uint32_t vpn) const;
  bool may_expand(Pages pages) const;
  std::int64_t find_gap(std::uint64_t pages) const;
  bool can_merge(const Area& before, const Area& after) const;
  int add_area(const Area& wanted);
  int split(std::size_t index, std::uint32_t at);
  int split_around(std::uint32_t begin, std::uint32_t end);
  bool copy_anon_vma(const Area& from, Area& to, Site site);
  bool prepare_anon_vma(Area& area);
  SlabObject alloc_area(Site site);
  void free_area(Area& area);
  int remove_range(std::uint32_t begin, std::uint32_t end);
  void free_tables_around(std::uint32_t begin, std::uint32_t end);
  bool expand_stack(Area& area, std::uint32_t vpn);
  // mmap.cpp
  int grow_heap(std::uint32_t from, std::uint32_t to);
  void protect_entries(std::uint32_t begin, std::uint32_t end);
  // mlock.cpp
  int check_locked(Pages pages) const;
  int change_locked(std::uint32_t begin, std::uint32_t end, bool lock);
  void set_locked(std::size_t index, bool lock);
  int populate(std::uint32_t begin, std::uint32_t end, bool ignore_errors);
  void lock_pages(std::uint32_t begin, std::uint32_t end);
  void unlock_pages(std::uint32_t begin, std::uint32_t end);
  // mremap.cpp
  std::int64_t expand_in_place(std::uint32_t begin, std::uint32_t end, Pages more);
  std::int64_t move_range(std::uint32_t begin, std::uint32_t end, std::uint64_t new_pages);
  int add_unmerged(Area area, const Area& from);
  int move_entries(std::uint32_t begin, std::uint32_t end, std::uint32_t to);
  // fork_mm.cpp
  int copy_area(const Area& from);
  int copy_entries(const Area& from, AddressSpace& parent);
  void copy_entry(const Area& from, std::uint32_t vpn, Pte& source, Pte& target);

  // fault.cpp
  Access access(Address address, std::uint64_t bytes, Intent intent, std::uint64_t& done_bytes);
  Access fault_in(std::uint32_t vpn, Intent intent);
  Access insist_fault(std::uint32_t vpn, Intent intent);
  Fault handle_fault(std::uint32_t vpn, Intent intent, bool retried);
  Fault handle_fault(std::uint32_t vpn, bool write, bool retried);
  void out_of_memory(MemoryWait& wait);
  void note_memcg(MemoryWait& wait) const;
  std::uint64_t repeatable_faults(const Steady& steady);
  Fault lock_or_retry(Pfn page, bool retried);
  // anon_fault.cpp
  Fault anonymous_fault(Area& area, std::uint32_t vpn, Pte& pte);
  Fault swap_fault(Area& area, std::uint32_t vpn, Pte& pte, bool write, bool retried);
  Fault write_fault(Area& area, std::uint32_t vpn, Pte& pte);
  Fault copy_page(Area& area, std::uint32_t vpn, Pte& pte);
  Pfn new_anon_page(Site site);
  bool reuse_page(Pfn page, Pte& pte);
  std::uint32_t bulk(std::uint32_t vpn, std::uint32_t end, bool write);
  void map_new_page(const Area& area, Pfn page, std::uint32_t vpn, Pte& pte);
  void map_swapped_page(const Area& area, Pfn page, std::uint32_t vpn, Pte& pte, bool write);
  // file_fault.cpp
  Fault file_fault(Area& area, std::uint32_t vpn, Pte& pte, bool write, bool retried);
  Fault find_file_page(const Area& area, std::uint32_t index, bool retried, Pfn& page);
  Fault private_write_fault(Area& area, std::uint32_t vpn, Pte& pte, bool retried);
  Fault make_writable(const Area& area, Pfn page);
  void map_file_page(const Area& area, Pfn page, std::uint32_t vpn, Pte& pte, bool writable);
  void map_around(const Area& area, std::uint32_t vpn);

  // exit_mmap.cpp
  void exit_mmap();
  void unmap_range(std::uint32_t begin, std::uint32_t end);
  std::uint32_t zap(Pte& pte, std::uint32_t vpn);

  Memory& memory_;
  std::uint32_t id_ = 0;
  RwSem mmap_sem_;
  PageTables tables_;
  std::vector<Area> areas_;  ///< by address
  Pages anon_rss_ = 0, file_rss_ = 0, swap_entries_ = 0, total_vm_ = 0, locked_vm_ = 0;
  Address brk_start_, brk_;
  Rlimits limits_;
  bool lock_future_ = false;  ///< mlockall(MCL_FUTURE)
  bool exited_ = false;
  bool oom_skip_ = false;
};

/// Where mappings end: a guess that leaves room for 2^32 virtual pages (8 TiB).
inline constexpr std::uint32_t mmap_top = std::uint32_t{1} << 31;

/// Pages that so many bytes take.
constexpr std::uint64_t pages_of(std::uint64_t bytes) {
  return bytes / page_size + (bytes % page_size != 0 ? 1 : 0);
}
constexpr std::uint32_t page_of(Address address) {
  return static_cast<std::uint32_t>(address / page_size);
}

}  // namespace brink
