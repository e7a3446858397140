// Handles, and the transactions that they join (fs/jbd2/transaction.c, Linux 4.0).

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/jbd2/transaction_wait.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

void sleep_for(Core& core, Waiters& waiters, const Waitable& wait) {
  waiters.push(core.current());
  core.park(wait, WaitMode::uninterruptible);
}

void wake_all(Core& core, Waiters& waiters) noexcept {
  while (!waiters.empty()) core.wake(waiters.pop());
}

void TransactionWait::blockers(const Task& waiter, BlockerSink& sink) const {
  const Transaction* const running = journal_.running();
  if (running != nullptr && running->tid == tid_) {
    for (const Handle* handle : running->handles) {
      if (handle->task != &waiter) name_blocker(sink, *handle->task, handle->since);
    }
  }
  if (journal_.task() == nullptr) return sink.anyone();
  if (journal_.task() != &waiter) sink.task(*journal_.task());
}

std::string TransactionWait::describe() const {
  return "commit of transaction " + std::to_string(tid_) + " of " +
         journal_.buffers().device().name();
}

// --- The task's own handle.

Handle* Journal::current() const {
  const TaskId id = core_.current().id;
  return id < current_.size() ? current_[id] : nullptr;
}

void Journal::set_current(Handle* handle) {
  const TaskId id = core_.current().id;
  if (id >= current_.size()) current_.resize(id + 1, nullptr);
  current_[id] = handle;
}

Handle* Journal::start(std::uint32_t blocks, int& error) {
  Frame frame(core_.current(), "jbd2__journal_start");
  error = 0;
  if (Handle* const open = current()) {
    ++open->ref;
    return open;
  }
  const SlabObject object = memory_.alloc_object(handle_cache_, site::jbd2_handle);
  if (!object) {
    error = -ENOMEM;
    return nullptr;
  }
  Handle& handle = handles_.make();
  handle.task = &core_.current();
  handle.memory = object;
  handle.credits = blocks;
  error = start_this_handle(handle);
  if (error == 0) return &handle;
  memory_.free_object(object);
  handles_.destroy(handle);
  return nullptr;
}

/// Makes the new running transaction of what start_this_handle() has allocated for it.
void Journal::get_transaction(SlabObject object) {
  Transaction& transaction = transactions_.make();
  transaction.memory = object;
  transaction.tid = sequence_++;
  transaction.started = core_.now();
  transaction.expires = core_.now() + commit_interval;
  running_ = &transaction;
  // The commit timer runs from here.
  wait_commit_.wake_up();
}

int Journal::start_this_handle(Handle& handle) {
  if (handle.credits > max_transaction_buffers_ / 2) return -ENOSPC;
  SlabObject fresh;
  int error = 0;
  for (;;) {
    if (running_ == nullptr && !fresh) {
      fresh = memory_.alloc_object_insisting(transaction_cache_, site::jbd2_transaction);
      if (!fresh) error = -ENOMEM;
    }
    if (error == 0 && (aborted_ || errno_ != 0)) error = -EROFS;
    if (error != 0) break;
    if (running_ == nullptr) {
      if (!fresh) continue;
      get_transaction(fresh);
      fresh = {};
    }
    if (add_credits(handle)) break;
  }
  if (fresh) memory_.free_object(fresh);
  if (error != 0) return error;
  handle.transaction = running_;
  handle.since = core_.now();
  ++running_->updates;
  running_->handles.push_back(&handle);
  set_current(&handle);
  return 0;
}

/// add_transaction_credits(): false if it had to wait, and everything may be different now.
bool Journal::add_credits(Handle& handle) {
  Transaction& transaction = *running_;
  if (transaction.state == Transaction::State::locked) {
    wait_transaction_locked();
    return false;
  }
  transaction.outstanding_credits += handle.credits;
  if (transaction.outstanding_credits > max_transaction_buffers_) {
    transaction.outstanding_credits -= handle.credits;
    wait_transaction_locked();
    return false;
  }
  // A commit takes it for granted that the log has room: it must not wait for a checkpoint.
  if (log_space_left() < space_needed()) {
    transaction.outstanding_credits -= handle.credits;
    log_wait_for_space();
    return false;
  }
  return true;
}

void Journal::wait_transaction_locked() {
  Frame frame(core_.current(), "wait_transaction_locked");
  const TransactionId tid = running_->tid;
  if (before(commit_request_, tid)) log_start_commit(tid);
  sleep_for(core_, transaction_waiters_, TransactionWait(*this, tid));
}

/// The handle leaves its transaction, with the credits that it has not used.
void Journal::finish_handle(Handle& handle) {
  Transaction& transaction = *handle.transaction;
  transaction.outstanding_credits -= handle.credits;
  auto& open = transaction.handles;
  open.erase(std::find(open.begin(), open.end(), &handle));
  set_current(nullptr);
  handle.transaction = nullptr;
  if (--transaction.updates == 0) wake_all(core_, update_waiters_);
}

int Journal::stop(Handle& handle) {
  int error = aborted(handle) ? -EIO : 0;
  if (--handle.ref > 0) return error;
  if (core_.aborting()) return error;
  if (handle.transaction == nullptr) {  // It could not be restarted.
    memory_.free_object(handle.memory);
    handles_.destroy(handle);
    return 0;
  }
  BRINK_ASSERT(current() == &handle);
  Transaction& transaction = *handle.transaction;
  const TransactionId tid = transaction.tid;
  const bool sync = handle.sync;
  const bool full = transaction.outstanding_credits - handle.credits > max_transaction_buffers_;
  if (sync || full || core_.now() >= transaction.expires) log_start_commit(tid);
  finish_handle(handle);
  memory_.free_object(handle.memory);
  handles_.destroy(handle);
  if (sync && !core_.current().has(PF_MEMALLOC)) error = log_wait_commit(tid);
  return error;
}

int Journal::extend(Handle& handle, std::uint32_t blocks) {
  if (aborted(handle)) return -EROFS;
  Transaction& transaction = *handle.transaction;
  if (transaction.state != Transaction::State::running) return 1;
  const std::int64_t wanted = transaction.outstanding_credits + blocks;
  if (wanted > max_transaction_buffers_) return 1;
  if (wanted + wanted / 32 > log_space_left()) return 1;
  transaction.outstanding_credits = wanted;
  handle.credits += blocks;
  return 0;
}

int Journal::restart(Handle& handle, std::uint32_t blocks) {
  Frame frame(core_.current(), "jbd2__journal_restart");
  if (aborted(handle)) return 0;
  const TransactionId tid = handle.transaction->tid;
  finish_handle(handle);
  if (before(commit_request_, tid)) log_start_commit(tid);
  handle.credits = blocks;
  return start_this_handle(handle);
}

}  // namespace brink
