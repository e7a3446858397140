// Room in the log: a committed transaction keeps its blocks there until each of its buffers has
// been written in place (fs/jbd2/checkpoint.c and journal.c, Linux 4.0).

#include <cerrno>

#include "sim/fs/jbd2/transaction_wait.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::size_t batch = 64;  // JBD2_NR_BATCH

}  // namespace

// --- Space.

std::int64_t Journal::log_space_left() const {
  std::int64_t left = std::int64_t{free_} - 32;
  if (committing_ != nullptr) {
    const std::int64_t credits = committing_->outstanding_credits;
    left -= credits + credits / 32;
  }
  return left;
}

std::int64_t Journal::space_needed() const {
  return std::int64_t{max_transaction_buffers_} + max_transaction_buffers_ / 32;
}

void Journal::log_wait_for_space() {
  Frame frame(core_.current(), "__jbd2_log_wait_for_space");
  while (log_space_left() < space_needed()) {
    TransactionId tid = 0;
    {
      const MutexGuard guard(checkpoint_mutex_);
      if (aborted_) return;
      // Somebody else may have made room meanwhile.
      if (log_space_left() >= space_needed()) continue;
      const bool had_checkpoints = !checkpoints_.empty();
      tid = committing_ != nullptr ? committing_->tid : 0;
      if (had_checkpoints) {
        do_checkpoint();
        continue;
      }
      if (cleanup_tail()) continue;
      if (tid == 0) {
        abort(0);  // There is no way to get more.
        return;
      }
    }
    static_cast<void>(log_wait_commit(tid));
  }
}

// --- The tail of the log.

/// The oldest transaction that is still needed; true if that is news.
bool Journal::log_tail(TransactionId& tid, std::uint32_t& block) const {
  if (!checkpoints_.empty()) {
    tid = checkpoints_.front().tid;
    block = checkpoints_.front().log_start;
  } else if (committing_ != nullptr) {
    tid = committing_->tid;
    block = committing_->log_start;
  } else {
    tid = running_ != nullptr ? running_->tid : sequence_;
    block = head_;
  }
  return before(tail_sequence_, tid);
}

void Journal::update_tail(TransactionId tid, std::uint32_t block) {
  if (!before(tail_sequence_, tid)) return;
  write_superblock();
  if (!before(tail_sequence_, tid)) return;
  std::uint32_t freed = block - tail_;
  if (block < tail_) freed += blocks_ - 1;
  free_ += freed;
  tail_ = block;
  tail_sequence_ = tid;
}

/// True if the tail moved.
bool Journal::cleanup_tail() {
  if (aborted_) return false;
  TransactionId tid = 0;
  std::uint32_t block = 0;
  if (!log_tail(tid, block)) return false;
  static_cast<void>(buffers_.issue_flush());
  update_tail(tid, block);
  return true;
}

void Journal::write_superblock() {
  buffers_.wait_on(*superblock_);
  buffers_.start_write(*superblock_);
  buffers_.wait_on(*superblock_);
}

// --- Lists of transactions and buffers.

void Journal::insert_checkpoint(JournalHead& jh, Transaction& transaction) {
  BRINK_ASSERT(jh.cp_transaction == nullptr);
  grab(jh);
  jh.cp_transaction = &transaction;
  jh.on_io_list = false;
  transaction.checkpoint.push_back(jh);
}

/// Its block is in place, or on its way through a newer transaction. True if that was the last of
/// its transaction, which is gone then.
bool Journal::remove_checkpoint(JournalHead& jh) {
  Transaction& transaction = *jh.cp_transaction;
  Transaction::Checkpoints& list =
      jh.on_io_list ? transaction.checkpoint_io : transaction.checkpoint;
  list.erase(list.iterator_to(jh));
  jh.cp_transaction = nullptr;
  jh.on_io_list = false;
  put_journal_head(jh);
  if (!transaction.checkpoint.empty() || !transaction.checkpoint_io.empty()) return false;
  if (transaction.state != Transaction::State::finished) return false;
  drop_transaction(transaction);
  return true;
}

void Journal::drop_transaction(Transaction& transaction) {
  checkpoints_.erase(checkpoints_.iterator_to(transaction));
  memory_.free_object(transaction.memory);
  transactions_.destroy(transaction);
}

/// Lets go of buffers that have been written since (__jbd2_journal_clean_checkpoint_list()).
void Journal::clean_checkpoint_list() {
  for (auto at = checkpoints_.begin(); at != checkpoints_.end();) {
    Transaction& transaction = *at++;
    for (Transaction::Checkpoints* list : {&transaction.checkpoint, &transaction.checkpoint_io}) {
      bool gone = false;
      while (!list->empty()) {
        JournalHead& jh = list->front();
        const bool written =
            jh.transaction == nullptr && !jh.bh->has(BH_Lock | BH_Dirty | BH_Write_EIO);
        if (!written) return;
        gone = remove_checkpoint(jh);
        if (gone) break;
      }
      if (gone) break;
    }
  }
}

// --- Checkpointing.

/// Starts to write what the transaction needs in place, a batch at a time. False if it went away.
bool Journal::write_checkpoint(Transaction& transaction) {
  const TransactionId tid = transaction.tid;
  const auto gone = [this, &transaction, tid] {
    return checkpoints_.empty() || &checkpoints_.front() != &transaction ||
           checkpoints_.front().tid != tid;
  };
  std::vector<Buffer*> queue;
  const auto flush = [this, &queue] {
    for (Buffer* buffer : queue) {
      buffers_.write_dirty(*buffer);
      buffers_.put(*buffer);
    }
    queue.clear();
  };
  while (!transaction.checkpoint.empty()) {
    JournalHead& jh = transaction.checkpoint.front();
    Buffer& buffer = *jh.bh;
    if (buffer.has(BH_Lock)) {
      buffers_.get(buffer);
      flush();
      buffers_.wait_on(buffer);
      buffers_.put(buffer);
    } else if (jh.transaction != nullptr) {
      // A newer transaction has it: that must be committed first.
      const TransactionId newer = jh.transaction->tid;
      flush();
      log_start_commit(newer);
      static_cast<void>(log_wait_commit(newer));
    } else if (!buffer.has(BH_Dirty)) {
      if (buffer.has(BH_Write_EIO)) checkpoint_error_ = -EIO;
      if (remove_checkpoint(jh)) {
        flush();
        return false;
      }
      continue;
    } else {
      buffers_.get(buffer);
      queue.push_back(&buffer);
      transaction.checkpoint.erase(transaction.checkpoint.iterator_to(jh));
      jh.on_io_list = true;
      transaction.checkpoint_io.push_back(jh);
      if (queue.size() < batch) continue;
      flush();
    }
    if (gone()) return false;
  }
  flush();
  return !gone();
}

/// Waits for what write_checkpoint() has started.
void Journal::wait_checkpoint_io(Transaction& transaction) {
  const TransactionId tid = transaction.tid;
  while (!checkpoints_.empty() && &checkpoints_.front() == &transaction && transaction.tid == tid &&
         !transaction.checkpoint_io.empty()) {
    JournalHead& jh = transaction.checkpoint_io.front();
    Buffer& buffer = *jh.bh;
    if (buffer.has(BH_Lock)) {
      buffers_.get(buffer);
      buffers_.wait_on(buffer);
      buffers_.put(buffer);
      continue;
    }
    if (buffer.has(BH_Write_EIO)) checkpoint_error_ = -EIO;
    if (remove_checkpoint(jh)) return;
  }
}

void Journal::do_checkpoint() {
  Frame frame(core_.current(), "jbd2_log_do_checkpoint");
  if (cleanup_tail()) return;
  if (checkpoints_.empty()) return;
  Transaction& transaction = checkpoints_.front();
  if (write_checkpoint(transaction)) wait_checkpoint_io(transaction);
  if (checkpoint_error_ != 0) return abort(checkpoint_error_);
  cleanup_tail();
}

}  // namespace brink
