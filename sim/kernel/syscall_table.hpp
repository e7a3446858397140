// System calls by number and name (arch/x86/syscalls/syscall_64.tbl, Linux 4.0). What is none but
// is entered like one, as a page fault, has a number of brink's own; names that a program brings
// along (KernelCalls::enter) follow.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "brink/outcome.hpp"
#include "sim/fs/flat_map.hpp"

namespace brink {

/// The numbers are the kernel's, up to 999.
enum class Sys : std::uint16_t {
  read = 0,
  write = 1,
  open = 2,
  close = 3,
  stat = 4,
  mmap = 9,
  mprotect = 10,
  munmap = 11,
  brk = 12,
  mremap = 25,
  nanosleep = 35,
  fork = 57,
  exit = 60,
  wait4 = 61,
  fsync = 74,
  rename = 82,
  mkdir = 83,
  rmdir = 84,
  unlink = 87,
  mlock = 149,
  munlock = 150,
  mlockall = 151,
  munlockall = 152,
  page_fault = 1000,
  first_dynamic = 1001,
};

class SyscallTable {
 public:
  /// Of any number that is in use; the pointer stays valid.
  const char* name(Sys number) const;
  /// The call of that name: built in, or added on first use. `name` is copied.
  Sys find(std::string_view name);

  /// Counts a return to user space.
  void count(Sys number, int error);
  /// What a program did about an errno.
  void count(Sys number, int error, Reaction reaction);
  /// Sorted by name, then error.
  std::vector<SyscallCount> counts() const;
  std::vector<ReactionCount> reactions() const;
  std::uint64_t total() const { return total_; }

 private:
  std::deque<std::string> dynamic_;
  FlatMap<std::uint32_t, std::uint64_t> counts_;  ///< by number and errno
  FlatMap<std::uint32_t, std::uint64_t> reactions_;
  std::uint64_t total_ = 0;
};

}  // namespace brink
