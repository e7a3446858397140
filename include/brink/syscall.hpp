// The surface that simulated programs stand on: system calls, memory, time. Results are what Linux
// returns: a value, or a negative errno. A program whose process is killed never comes back from
// the call it is in; its frames unwind by ProcessEnd, which nothing but the kernel may catch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "brink/assert.hpp"
#include "brink/gfp.hpp"
#include "brink/random.hpp"
#include "brink/sites.hpp"
#include "brink/units.hpp"

namespace brink {

/// Thrown through a program's frames when its process exits or is killed.
struct ProcessEnd {};

/// What a program does about an errno (design §6). Declared after the call that returned it; a
/// program that makes its next call without a word has ignored it.
enum class Reaction : std::uint8_t { checked, retried, exited, crashed, ignored };

/// Flags of open(), with Linux's values.
enum OpenFlag : std::uint32_t {
  open_rdonly = 0,
  open_wronly = 01,
  open_rdwr = 02,
  open_creat = 0100,
  open_excl = 0200,
  open_trunc = 01000,
  open_append = 02000,
};

struct Stat {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  bool directory = false;
};

/// A user-space address.
using Address = std::uint64_t;

/// What is to be mapped (mmap(2)).
struct MapRequest {
  std::uint64_t bytes = 0;
  int fd = -1;               ///< the file; -1: anonymous memory (MAP_ANONYMOUS)
  std::uint64_t offset = 0;  ///< in the file, in whole pages
  bool shared = false;       ///< MAP_SHARED; else MAP_PRIVATE
  bool write = true;         ///< PROT_WRITE; reading is always allowed
  bool exec = false;         ///< PROT_EXEC
  bool locked = false;       ///< MAP_LOCKED
  bool populate = false;     ///< MAP_POPULATE
  bool grows_down = false;   ///< MAP_GROWSDOWN
};

/// Kernel code of one's own: what alloc_trace replays, and what a subsystem under test calls. Every
/// allocation belongs to a system call opened with enter(), whose result leave() returns.
class KernelCalls {
 public:
  virtual ~KernelCalls() = default;

  /// A handle to what was allocated; `none` if nothing was.
  using Object = std::uint64_t;
  static constexpr Object none = 0;

  /// Registers a site that is not built in, or finds it again by name. `name` is copied.
  virtual Site site(std::string_view name, OnFailure on_failure) = 0;

  virtual Object alloc_pages(unsigned order, Gfp gfp, Site site) = 0;
  /// `cache` names a slab cache that is created on first use with this object size; empty for
  /// kmalloc, which chooses by size.
  virtual Object alloc_object(std::string_view cache, std::uint32_t size, Gfp gfp, Site site) = 0;
  virtual void free(Object object) = 0;

  /// What became of the last failed allocation, where it is not returned: done without, or a
  /// smaller request in its place (design §6).
  virtual void did_without() = 0;

  /// Opens a system call (or a page fault, "#PF"); calls do not nest.
  virtual void enter(std::string_view syscall) = 0;
  virtual void leave(std::int64_t result) = 0;
};

/// What one process may call. Paths are absolute.
class Syscalls {
 public:
  virtual ~Syscalls() = default;

  // Files.
  virtual int open(std::string_view path, std::uint32_t flags, std::uint32_t mode = 0644) = 0;
  virtual int close(int fd) = 0;
  virtual std::int64_t read(int fd, std::uint64_t bytes) = 0;
  virtual std::int64_t write(int fd, std::uint64_t bytes) = 0;
  virtual int fsync(int fd) = 0;
  virtual int mkdir(std::string_view path, std::uint32_t mode = 0755) = 0;
  virtual int rmdir(std::string_view path) = 0;
  virtual int unlink(std::string_view path) = 0;
  virtual int rename(std::string_view from, std::string_view to) = 0;
  virtual int stat(std::string_view path, Stat* result = nullptr) = 0;

  // Memory. mmap() and brk() return an address, or a negative errno as a value above -4096
  // unsigned.
  virtual std::int64_t mmap_anonymous(std::uint64_t bytes) = 0;
  virtual int munmap(Address address, std::uint64_t bytes) = 0;
  virtual Address brk(Address end) = 0;
  /// Writes to each page of the range once, in order, as user code: a page fault for each page that
  /// is not there. Many faults may be simulated as one step.
  virtual void touch(Address address, std::uint64_t bytes) = 0;
  /// The same, only reading.
  virtual void read_memory(Address address, std::uint64_t bytes);
  virtual std::int64_t mmap(const MapRequest& request);
  virtual std::int64_t mremap(Address old, std::uint64_t old_bytes, std::uint64_t new_bytes);
  virtual int mprotect(Address address, std::uint64_t bytes, bool write);
  virtual int mlock(Address address, std::uint64_t bytes);
  virtual int munlock(Address address, std::uint64_t bytes);
  virtual int mlockall(bool current, bool future);
  virtual int munlockall();

  // Time and luck.
  virtual Nanos now() = 0;
  virtual void sleep(Nanos duration) = 0;
  /// Computes for this long in user mode.
  virtual void compute(Nanos duration) = 0;
  virtual Random& random() = 0;

  // Processes.

  /// What a child does; it returns the exit status.
  using Child = std::function<int(Syscalls& sys)>;
  /// A child with a copy of everything, which runs `child` and then exits: the child's process id,
  /// or a negative errno.
  virtual std::int64_t fork(Child child);
  /// Waits for a child to end: its process id, -ECHILD if there is none.
  virtual std::int64_t wait(int* status = nullptr);

  // The process itself.
  virtual TaskId pid() const = 0;
  /// Which of the tasks of its program this is: 0 … count - 1.
  virtual std::uint32_t instance() const = 0;
  [[noreturn]] virtual void exit(int status) = 0;
  /// Says what the program did about the last system call that failed.
  virtual void react(Reaction reaction) = 0;

  virtual KernelCalls& kernel() = 0;

  /// What the processes of one program (one [[task]] of the file) remember together during one run:
  /// the same pointer for each of them, null until one of them sets it, gone with the machine.
  virtual std::shared_ptr<void>& shared() {
    assertion_failed("the kernel implements shared()", __FILE__, __LINE__);
  }
};

}  // namespace brink
