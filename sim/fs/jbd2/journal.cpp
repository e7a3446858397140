// The journal itself: its thread, requests for commits, and its end (fs/jbd2/journal.c, Linux 4.0).

#include "sim/fs/jbd2/journal.hpp"

#include <cerrno>

#include "sim/fs/jbd2/commit.hpp"
#include "sim/fs/jbd2/transaction_wait.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

Journal::Journal(BufferCache& buffers, std::uint32_t blocks, LogBlock log, const void* log_data,
                 JournalClient& client)
    : buffers_(buffers), memory_(buffers.vfs().memory()), core_(buffers.vfs().core()),
      client_(client), log_(log), log_data_(log_data), blocks_(blocks),
      max_transaction_buffers_(blocks / 4),
      handle_cache_(memory_.slab_cache("jbd2_journal_handle")),
      transaction_cache_(memory_.slab_cache("jbd2_transaction_s")),
      head_cache_(memory_.slab_cache("jbd2_journal_head")),
      revoke_cache_(memory_.slab_cache("jbd2_revoke_record_s")),
      free_(blocks - 1), wait_commit_(core_, "kjournald2 without work", WaitKind::idle),
      checkpoint_mutex_(memory_.locks(), memory_.locks().lock_class("jbd2.checkpoint.mutex")) {
  buffers_.set_owner(*this);
}

Journal::~Journal() = default;

void Journal::load() {
  BRINK_ASSERT(task_ == nullptr);
  superblock_ = buffers_.getblk(log_(log_data_, 0));
  BRINK_ASSERT(superblock_ != nullptr);
  buffers_.fill(*superblock_);
  task_ = &core_.spawn("jbd2/" + buffers_.device().name(), {run, this});
  task_->set(PF_KTHREAD);
  task_->set(DAEMON);
}

void Journal::run(void* journal) { static_cast<Journal*>(journal)->loop(); }

void Journal::loop() {
  for (;;) {
    if (commit_sequence_ != commit_request_) {
      Commit(*this).run();
      continue;
    }
    wake_all(core_, done_waiters_);
    const Nanos expires = running_ != nullptr ? running_->expires : never;
    if (core_.now() < expires) {
      // The commit timer is rounded up to a whole second.
      const Nanos timer = expires == never ? never : (expires + seconds - 1) / seconds * seconds;
      static_cast<void>(wait_commit_.sleep(WaitMode::uninterruptible, timer));
    }
    if (running_ != nullptr && core_.now() >= running_->expires) commit_request_ = running_->tid;
  }
}

// --- Requests.

bool Journal::log_start_commit(TransactionId tid) {
  if (commit_request_ == tid) return false;
  if (running_ == nullptr || running_->tid != tid) return false;
  commit_request_ = tid;
  wait_commit_.wake_up();
  return true;
}

int Journal::log_wait_commit(TransactionId tid) {
  Frame frame(core_.current(), "jbd2_log_wait_commit");
  while (before(commit_sequence_, tid)) {
    wait_commit_.wake_up();
    sleep_for(core_, done_waiters_, TransactionWait(*this, tid));
  }
  return aborted_ ? -EIO : 0;
}

int Journal::complete_transaction(TransactionId tid) {
  if (running_ != nullptr && running_->tid == tid) {
    log_start_commit(tid);
  } else if (committing_ == nullptr || committing_->tid != tid) {
    return 0;
  }
  return log_wait_commit(tid);
}

bool Journal::force_commit() {
  const Transaction* transaction = committing_;
  if (running_ != nullptr && current() == nullptr) transaction = running_;
  if (transaction == nullptr) return false;
  const TransactionId tid = transaction->tid;
  if (before(commit_request_, tid)) log_start_commit(tid);
  return log_wait_commit(tid) == 0;
}

bool Journal::will_flush(TransactionId tid) const {
  if (!before(commit_sequence_, tid)) return false;
  if (committing_ == nullptr || committing_->tid != tid) return true;
  return committing_->state < Transaction::State::jflush;
}

// --- The log, and its end.

std::uint32_t Journal::next_log_block() {
  BRINK_ASSERT(free_ > 1);
  const std::uint32_t block = head_++;
  --free_;
  if (head_ == blocks_) head_ = 1;
  return block;
}

void Journal::abort(int error) {
  if (aborted_) return;
  if (errno_ == 0) errno_ = error;
  aborted_ = true;
  if (running_ != nullptr) log_start_commit(running_->tid);
  if (error != 0) write_superblock();
}

}  // namespace brink
