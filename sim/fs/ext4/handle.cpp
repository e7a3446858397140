// Journalling as ext4 does it, and what it does about errors (fs/ext4/ext4_jbd2.c and super.c,
// Linux 4.0): a failed access to the journal aborts the handle, and an aborted handle is an error
// of the file system when it is stopped.

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

Handle* Ext4::start_handle(std::uint32_t credits, int& error) {
  core_.might_sleep();
  if (read_only()) {
    error = -EROFS;
    return nullptr;
  }
  if (journal_.is_aborted()) {
    // It aborted behind our backs (ext4_abort()): no more writing, whatever `errors=` says.
    ++errors_;
    fs_aborted_ = true;
    set_read_only();
    if (errors_mode_ == ErrorsMode::panic && panic_ != nullptr) {
      panic_->panic("EXT4-fs: panic forced after error: detected aborted journal");
    }
    error = -EROFS;
    return nullptr;
  }
  return journal_.start(credits, error);
}

int Ext4::stop_handle(Handle* handle) {
  int error = handle->err;
  const bool attached = handle->transaction != nullptr;
  const int result = journal_.stop(*handle);
  if (error == 0) error = result;
  // One that could not be restarted has told its user already.
  if (error != 0 && attached) std_error(error);
  return error;
}

void Ext4::abort_handle(Handle& handle, int error) {
  if (handle.err == 0) handle.err = error;
  handle.aborted = true;
}

int Ext4::get_write_access(Handle& handle, Buffer& buffer) {
  core_.might_sleep();
  const int error = journal_.get_write_access(handle, buffer);
  if (error != 0) abort_handle(handle, error);
  return error;
}

int Ext4::get_create_access(Handle& handle, Buffer& buffer) {
  const int error = journal_.get_create_access(handle, buffer);
  if (error != 0) abort_handle(handle, error);
  return error;
}

int Ext4::dirty_metadata(Handle& handle, Buffer& buffer) {
  const int error = journal_.dirty_metadata(handle, buffer);
  // Only an aborted handle, or too few credits asked for.
  if (error != 0 && !journal_.aborted(handle)) {
    abort_handle(handle, error);
    ++errors_;
    handle_error();
  }
  return error;
}

/// ext4_forget(): the block is freed, and its journalled copies must not come back. Drops the
/// reference; the buffer may be null.
int Ext4::forget(Handle& handle, Buffer* buffer, BlockNumber block) {
  core_.might_sleep();
  if (journal_.aborted(handle)) {
    if (buffer != nullptr) buffers_.put(*buffer);
    return -EROFS;
  }
  const int error = journal_.revoke(handle, block, buffer);
  if (error != 0) {
    abort_handle(handle, error);
    std_error(error);
  }
  return error;
}

/// A block that must be there: null and -EIO if it cannot be read, -ENOMEM if even a site that
/// insists was refused.
Buffer* Ext4::bread(BlockNumber block, int& error) {
  Buffer* const buffer = buffers_.bread(block);
  if (buffer == nullptr) error = -EIO;
  return buffer;
}

// --- Errors.

/// ext4_std_error().
void Ext4::std_error(int error) {
  if (error == 0 || core_.aborting()) return;
  if (error == -EROFS && journal_.current() == nullptr && read_only()) return;
  ++errors_;
  note_fs_error(error);
  handle_error();
}

/// The failure behind the error has done more than fail its caller.
void Ext4::note_fs_error(int error) {
  if (error != -ENOMEM) return;
  FailureLedger& failures = memory_.failures();
  const FailureId failure = failures.last(core_.current());
  if (failure != no_failure) failures.consequence(failure, Consequence::fs_error);
}

/// After an error that made it read-only, it is the next callers who are told.
void Ext4::settle_success(Task& task) {
  if (!fs_aborted_) return;
  FailureLedger& failures = memory_.failures();
  failures.settle_all(failures.list_of(task), Fate::late);
}

/// Blocks of the running transaction stay until it is committed.
void Ext4::cleaners(BlockerSink& sink) const {
  const bool open = journal_.running() != nullptr || journal_.committing() != nullptr;
  if (open && journal_.task() != nullptr) sink.task(*journal_.task());
}

/// ext4_handle_error(): what `errors=` says.
void Ext4::handle_error() {
  if (read_only()) return;
  if (errors_mode_ == ErrorsMode::go_on) return;
  fs_aborted_ = true;
  if (errors_mode_ == ErrorsMode::remount_ro) {
    journal_.abort(-EIO);
    set_read_only();
    return;
  }
  journal_.abort(-EIO);
  if (panic_ != nullptr)
    panic_->panic("EXT4-fs (" + device().name() + "): panic forced after error");
}

}  // namespace brink
