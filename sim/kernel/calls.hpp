// The system calls of one process: what its program stands on.
#pragma once

#include <optional>

#include "brink/syscall.hpp"
#include "sim/kernel/process.hpp"

namespace brink {

class ProcessCalls final : public Syscalls, public KernelCalls {
 public:
  explicit ProcessCalls(Process& process);
  ~ProcessCalls() override;

  /// The program has returned, or was unwound.
  void ended(bool killed);

  // --- Syscalls: files.
  int open(std::string_view path, std::uint32_t flags, std::uint32_t mode) override;
  int close(int fd) override;
  std::int64_t read(int fd, std::uint64_t bytes) override;
  std::int64_t write(int fd, std::uint64_t bytes) override;
  int fsync(int fd) override;
  int mkdir(std::string_view path, std::uint32_t mode) override;
  int rmdir(std::string_view path) override;
  int unlink(std::string_view path) override;
  int rename(std::string_view from, std::string_view to) override;
  int stat(std::string_view path, Stat* result) override;
  // --- Memory.
  std::int64_t mmap_anonymous(std::uint64_t bytes) override;
  int munmap(Address address, std::uint64_t bytes) override;
  Address brk(Address end) override;
  void touch(Address address, std::uint64_t bytes) override;
  void read_memory(Address address, std::uint64_t bytes) override;
  std::int64_t mmap(const MapRequest& request) override;
  std::int64_t mremap(Address old, std::uint64_t old_bytes, std::uint64_t new_bytes) override;
  int mprotect(Address address, std::uint64_t bytes, bool write) override;
  int mlock(Address address, std::uint64_t bytes) override;
  int munlock(Address address, std::uint64_t bytes) override;
  int mlockall(bool current, bool future) override;
  int munlockall() override;
  // --- Processes.
  std::int64_t fork(Child child) override;
  std::int64_t wait(int* status) override;
  // --- Time, luck, and the process itself.
  Nanos now() override;
  void sleep(Nanos duration) override;
  void compute(Nanos duration) override;
  Random& random() override { return process_.random; }
  TaskId pid() const override { return process_.task->id; }
  std::uint32_t instance() const override { return process_.instance; }
  [[noreturn]] void exit(int status) override;
  void react(Reaction reaction) override;
  KernelCalls& kernel() override { return *this; }
  std::shared_ptr<void>& shared() override { return process_.shared; }

  // --- KernelCalls.
  Site site(std::string_view name, OnFailure on_failure) override;
  Object alloc_pages(unsigned order, Gfp gfp, Site site) override;
  Object alloc_object(std::string_view cache, std::uint32_t size, Gfp gfp, Site site) override;
  void free(Object object) override;
  void did_without() override;
  void enter(std::string_view syscall) override;
  void leave(std::int64_t result) override;

 private:
  void use(Address address, std::uint64_t bytes, bool write);
  template <class Body>
  std::int64_t call(Sys number, const char* function, Body&& body);
  template <class Try>
  auto insist(Site site, unsigned order, Gfp gfp, Try&& attempt);

  Process& process_;
  Kernel& kernel_;
  Core& core_;
  std::optional<LockDemands> demands_;  ///< of a call opened with enter()
  const char* frame_ = nullptr;         ///< its shadow frame
};

}  // namespace brink
