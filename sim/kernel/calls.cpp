// Each system call: entered, done by the rung that it belongs to, left.

#include "sim/kernel/calls.hpp"

#include <algorithm>
#include <cerrno>

#include "sim/kernel/call.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/vfs/filemap.hpp"
#include "sim/vfs/namei.hpp"
#include "sim/vfs/open.hpp"

namespace brink {

ProcessCalls::ProcessCalls(Process& process)
    : process_(process), kernel_(process.kernel), core_(process.kernel.core()) {}

ProcessCalls::~ProcessCalls() = default;

void ProcessCalls::ended(bool killed) {
  demands_.reset();
  if (frame_ != nullptr) process_.task->frames.pop();
  frame_ = nullptr;
  process_.entered = never;
  if (killed || process_.failed_error == 0) return;
  // It ended without a word about its last error.
  react(Reaction::ignored);
}

// --- Files.

int ProcessCalls::open(std::string_view path, std::uint32_t flags, std::uint32_t) {
  return static_cast<int>(call(Sys::open, "sys_open", [&]() -> std::int64_t {
    const Filename name(kernel_.vfs(), path);
    if (name.error() != 0) return name.error();
    const int fd = process_.files.reserve();
    if (fd < 0) return fd;
    File* file = nullptr;
    const int error = do_open(kernel_.vfs(), name.text(), flags, file);
    if (error != 0) {
      process_.files.release(fd);
      return error;
    }
    process_.files.install(fd, *file);
    return fd;
  }));
}

int ProcessCalls::close(int fd) {
  return static_cast<int>(call(Sys::close, "sys_close", [&]() -> std::int64_t {
    File* const file = process_.files.take(fd);
    if (file == nullptr) return -EBADF;
    // fput(): the rest is done on the way back to user mode.
    kernel_.vfs().fput(*file);
    return 0;
  }));
}

std::int64_t ProcessCalls::read(int fd, std::uint64_t bytes) {
  return call(Sys::read, "sys_read", [&]() -> std::int64_t {
    File* const file = process_.files.find(fd);
    if (file == nullptr || !file->readable()) return -EBADF;
    if (file->inode->directory) return -EISDIR;
    return file_read(kernel_.vfs(), *file, bytes);
  });
}

std::int64_t ProcessCalls::write(int fd, std::uint64_t bytes) {
  return call(Sys::write, "sys_write", [&]() -> std::int64_t {
    File* const file = process_.files.find(fd);
    if (file == nullptr || !file->writable()) return -EBADF;
    return file_write(kernel_.vfs(), *file, bytes);
  });
}

int ProcessCalls::fsync(int fd) {
  return static_cast<int>(call(Sys::fsync, "sys_fsync", [&]() -> std::int64_t {
    File* const file = process_.files.find(fd);
    return file == nullptr ? -EBADF : file_fsync(kernel_.vfs(), *file);
  }));
}

int ProcessCalls::mkdir(std::string_view path, std::uint32_t) {
  return static_cast<int>(
      call(Sys::mkdir, "sys_mkdir", [&] { return do_mkdir(kernel_.vfs(), path); }));
}

int ProcessCalls::rmdir(std::string_view path) {
  return static_cast<int>(
      call(Sys::rmdir, "sys_rmdir", [&] { return do_rmdir(kernel_.vfs(), path); }));
}

int ProcessCalls::unlink(std::string_view path) {
  return static_cast<int>(
      call(Sys::unlink, "sys_unlink", [&] { return do_unlink(kernel_.vfs(), path); }));
}

int ProcessCalls::rename(std::string_view from, std::string_view to) {
  return static_cast<int>(
      call(Sys::rename, "sys_rename", [&] { return do_rename(kernel_.vfs(), from, to); }));
}

int ProcessCalls::stat(std::string_view path, Stat* result) {
  return static_cast<int>(
      call(Sys::stat, "sys_newstat", [&] { return do_stat(kernel_.vfs(), path, result); }));
}

// --- Time.

Nanos ProcessCalls::now() {
  core_.charge(1);
  return core_.now();
}

void ProcessCalls::sleep(Nanos duration) {
  if (frame_ != nullptr) {
    // Inside of a call of the program's own: that call sleeps, and its end sees to signals.
    static_cast<void>(core_.sleep(duration, WaitMode::interruptible));
    return;
  }
  static_cast<void>(call(Sys::nanosleep, "sys_nanosleep", [&]() -> std::int64_t {
    return core_.sleep(duration, WaitMode::interruptible) == Wake::signal ? -EINTR : 0;
  }));
}

void ProcessCalls::compute(Nanos duration) {
  while (duration != 0) {
    const Nanos slice = std::min(duration, core_.headroom());
    core_.charge(slice);
    duration -= slice;
    core_.point(Point::user);
    kernel_.check_signals(process_);
  }
  process_.task->progress_at = core_.now();
}

// --- The process itself.

void ProcessCalls::exit(int status) {
  process_.exit_code = status;
  if (process_.failed_error != 0) react(Reaction::exited);
  throw ProcessEnd{};
}

void ProcessCalls::react(Reaction reaction) {
  if (process_.failed_error == 0) return;
  kernel_.table().count(process_.failed, process_.failed_error, reaction);
  process_.failed_error = 0;
}

}  // namespace brink
