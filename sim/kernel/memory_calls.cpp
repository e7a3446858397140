// System calls on memory and on processes, and the accesses of user code.

#include <cerrno>
#include <utility>

#include "sim/kernel/call.hpp"

namespace brink {

std::int64_t ProcessCalls::mmap_anonymous(std::uint64_t bytes) { return mmap({.bytes = bytes}); }

std::int64_t ProcessCalls::mmap(const MapRequest& request) {
  return call(Sys::mmap, "sys_mmap", [&]() -> std::int64_t {
    if (request.fd < 0) return process_.mm.mmap(request, nullptr);
    File* const file = process_.files.find(request.fd);
    if (file == nullptr) return -EBADF;
    if (!file->readable() || (request.shared && request.write && !file->writable())) return -EACCES;
    if (file->inode->directory) return -ENODEV;
    return process_.mm.mmap(request, file);
  });
}

int ProcessCalls::munmap(Address address, std::uint64_t bytes) {
  return static_cast<int>(
      call(Sys::munmap, "sys_munmap", [&] { return process_.mm.munmap(address, bytes); }));
}

Address ProcessCalls::brk(Address end) {
  return static_cast<Address>(
      call(Sys::brk, "sys_brk", [&] { return static_cast<std::int64_t>(process_.mm.brk(end)); }));
}

int ProcessCalls::mprotect(Address address, std::uint64_t bytes, bool write) {
  return static_cast<int>(call(Sys::mprotect, "sys_mprotect",
                               [&] { return process_.mm.mprotect(address, bytes, write); }));
}

std::int64_t ProcessCalls::mremap(Address old, std::uint64_t old_bytes, std::uint64_t new_bytes) {
  return call(Sys::mremap, "sys_mremap",
              [&] { return process_.mm.mremap(old, old_bytes, new_bytes); });
}

int ProcessCalls::mlock(Address address, std::uint64_t bytes) {
  return static_cast<int>(
      call(Sys::mlock, "sys_mlock", [&] { return process_.mm.mlock(address, bytes); }));
}

int ProcessCalls::munlock(Address address, std::uint64_t bytes) {
  return static_cast<int>(
      call(Sys::munlock, "sys_munlock", [&] { return process_.mm.munlock(address, bytes); }));
}

int ProcessCalls::mlockall(bool current, bool future) {
  return static_cast<int>(
      call(Sys::mlockall, "sys_mlockall", [&] { return process_.mm.mlockall(current, future); }));
}

int ProcessCalls::munlockall() {
  return static_cast<int>(
      call(Sys::munlockall, "sys_munlockall", [&] { return process_.mm.munlockall(); }));
}

void ProcessCalls::touch(Address address, std::uint64_t bytes) { use(address, bytes, true); }

void ProcessCalls::read_memory(Address address, std::uint64_t bytes) { use(address, bytes, false); }

void ProcessCalls::use(Address address, std::uint64_t bytes, bool write) {
  FailureLedger& failures = kernel_.memory().failures();
  Task& task = *process_.task;
  kernel_.begin(process_, Sys::page_fault);
  const Access access =
      write ? process_.mm.touch(address, bytes) : process_.mm.read(address, bytes);
  process_.entered = never;
  kernel_.check_signals(process_);
  if (access == Access::done) {
    // What was refused on the way was asked for again until it was there.
    failures.settle_all(failures.list_of(task), Fate::retried);
    failures.enter_syscall(task, "");
    return;
  }
  failures.settle_killed(task);
  process_.exit_code = 128 + (access == Access::segv ? 11 : 7);
  throw ProcessEnd{};
}

// --- Processes.

std::int64_t ProcessCalls::fork(Child child) {
  return call(Sys::fork, "sys_fork", [&] { return kernel_.fork(process_, std::move(child)); });
}

std::int64_t ProcessCalls::wait(int* status) {
  return call(Sys::wait4, "sys_wait4", [&] { return kernel_.wait(process_, status); });
}

}  // namespace brink
