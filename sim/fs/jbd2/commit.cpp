// The phases of a commit: lock, log, wait, commit record, checkpoint lists.

#include "sim/fs/jbd2/commit.hpp"

#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/jbd2/transaction_wait.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {
namespace {

constexpr std::uint32_t tags_per_block = 508;    // (4096 - 12 - 16) / 8
constexpr std::size_t revokes_per_block = 1020;  // (4096 - 16) / 4

}  // namespace

Commit::Commit(Journal& journal)
    : journal_(journal),
      core_(journal.core_),
      memory_(journal.memory_),
      buffers_(journal.buffers_),
      transaction_(*journal.running_),
      shadow_cache_(
          memory_.slab_cache({.name = "buffer_head", .size = 104, .reclaim_account = true})),
      io_(journal.core_, "blocks on their way to the log", WaitKind::io) {}

void Commit::run() {
  Frame frame(core_.current(), "jbd2_journal_commit_transaction");
  lock();
  write_revokes();
  transaction_.state = Transaction::State::commit;
  write_metadata();
  // The tail may move up to the oldest transaction that is needed now, if that is worth the write.
  update_tail_ = journal_.log_tail(first_tid_, first_block_);
  if (update_tail_) {
    std::uint32_t freed = first_block_ - journal_.tail_;
    if (first_block_ < journal_.tail_) freed += journal_.blocks_ - 1;
    update_tail_ = freed >= journal_.blocks_ / 4;
  }
  transaction_.state = Transaction::State::dflush;
  wait_for_copies();
  wait_for_controls();
  if (error_ != 0) journal_.abort(error_);
  transaction_.state = Transaction::State::jflush;
  write_commit_record();
  if (update_tail_) journal_.update_tail(first_tid_, first_block_);
  make_checkpoints();
  finish();
}

/// No new handle may join; those that are open must close.
void Commit::lock() {
  transaction_.state = Transaction::State::locked;
  while (transaction_.updates != 0) {
    sleep_for(core_, journal_.update_waiters_, TransactionWait(journal_, transaction_.tid));
  }
  while (!transaction_.reserved.empty()) {
    JournalHead& jh = transaction_.reserved.front();
    journal_.free_copy(jh.committed);
    journal_.refile(jh);
  }
  journal_.clean_checkpoint_list();
  journal_.clear_revoked_flags();
  journal_.revoke_table_ ^= 1;
  transaction_.state = Transaction::State::flush;
  journal_.committing_ = &transaction_;
  journal_.running_ = nullptr;
  transaction_.log_start = journal_.head_;
  wake_all(core_, journal_.transaction_waiters_);
}

// --- What goes to the log.

/// The next block of the log, for the journal's own use (jbd2_journal_get_descriptor_buffer()).
Buffer* Commit::control_block() {
  const std::uint32_t place = journal_.next_log_block();
  Buffer* const buffer = buffers_.getblk(journal_.log_(journal_.log_data_, place));
  if (buffer == nullptr) return nullptr;
  buffers_.fill(*buffer);
  controls_.push_back({nullptr, buffer, {}, false, 0});
  queue_.push_back(&controls_.back());
  places_.push_back(place);
  return buffer;
}

void Commit::write_revokes() {
  Journal::RevokeTable& table = journal_.revokes_[journal_.revoke_table_ ^ 1];
  std::size_t live = 0;
  for (const Journal::Revoke& record : table.records) {
    if (!record.live) continue;
    if (live++ % revokes_per_block == 0 && !journal_.aborted_ && control_block() == nullptr) {
      journal_.abort(-EIO);
    }
    memory_.free_object(record.memory);
  }
  table.records.clear();
  table.index.clear();
}

bool Commit::add_descriptor() {
  if (control_block() == nullptr) {
    journal_.abort(-EIO);
    return false;
  }
  described_ = true;
  tags_left_ = tags_per_block;
  return true;
}

/// jbd2_journal_write_metadata_buffer(): the buffer's page, or the copy that was made of it, is to
/// be written to the log under a buffer head of its own.
int Commit::add_copy(JournalHead& jh) {
  const std::uint32_t place = journal_.next_log_block();
  --transaction_.outstanding_credits;
  Buffer& buffer = *jh.bh;
  buffers_.get(buffer);
  const SlabObject shadow = memory_.alloc_object_insisting(shadow_cache_, site::jbd2_commit_head);
  int error = shadow ? 0 : -ENOMEM;
  if (error == 0 && buffer.has(BH_Escape) && jh.frozen == no_page) {
    Pfn copy = memory_.alloc_pages(site::jbd2_commit_escape);
    if (copy == no_page) {
      memory_.free_object(shadow);
      error = -ENOMEM;
    } else if (jh.frozen == no_page) {
      core_.charge(core_.costs().copy_page);
      jh.frozen = copy;
    } else {
      journal_.free_copy(copy);
    }
  }
  if (error != 0) {
    buffers_.put(buffer);
    return error;
  }
  journal_.file(jh, transaction_, JList::shadow);
  // From a copy, the page itself may go on changing.
  if (jh.frozen == no_page) {
    buffer.state |= BH_Shadow;
    buffers_.about_to_submit(buffer);
  }
  copies_.push_back({&jh, nullptr, shadow, false, 0});
  queue_.push_back(&copies_.back());
  places_.push_back(place);
  --tags_left_;
  return 0;
}

void Commit::write_metadata() {
  while (!transaction_.metadata.empty()) {
    JournalHead& jh = transaction_.metadata.front();
    if (journal_.aborted_) {
      jh.bh->state &= ~std::uint32_t{BH_JBDDirty};
      journal_.refile(jh);
      continue;
    }
    if (!described_ && !add_descriptor()) continue;
    const int error = add_copy(jh);
    if (error != 0) {
      FailureLedger& failures = memory_.failures();
      const FailureId failure = failures.last(core_.current());
      if (failure != no_failure) {
        failures.consequence(failure, Consequence::fs_error);
        failures.settle(failure, Fate::late);
      }
      journal_.abort(error);
      continue;
    }
    if (tags_left_ == 0 || transaction_.metadata.empty()) submit();
  }
  submit();
}

void Commit::submit() {
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    Write& write = *queue_[i];
    if (write.control != nullptr) {
      write.control->state |= BH_Lock;
      buffers_.about_to_submit(*write.control);
    }
    Bio& bio = buffers_.vfs().block().bios().alloc(site::bh_bio);
    bio.block = buffers_.on_device(journal_.log_(journal_.log_data_, places_[i]));
    bio.blocks = 1;
    bio.write = true;
    bio.sync = true;  // WRITE_SYNC
    bio.owner = this;
    bio.argument = reinterpret_cast<std::uintptr_t>(&write);
    bio.end_io = ended;
    Buffer& buffer = write.control != nullptr ? *write.control : *write.jh->bh;
    if (buffer.submitter == &core_.current()) buffer.submitter = nullptr;
    buffers_.device().submit(bio);
  }
  queue_.clear();
  places_.clear();
  described_ = false;
  core_.cond_resched();
}

/// In interrupt context.
void Commit::ended(Bio& bio) {
  Commit& self = *static_cast<Commit*>(bio.owner);
  Write& write = *reinterpret_cast<Write*>(static_cast<std::uintptr_t>(bio.argument));
  write.done = true;
  write.error = bio.error;
  Buffer& buffer = write.control != nullptr ? *write.control : *write.jh->bh;
  buffer.state &= ~std::uint32_t{write.control != nullptr ? BH_Lock : BH_Shadow};
  self.buffers_.wake(buffer);
  self.io_.wake_up();
}

// --- Waiting.

void Commit::wait_for_copies() {
  for (const Write& write : copies_) {
    io_.wait_event([&write] { return write.done; });
    if (write.error != 0) error_ = -EIO;
    memory_.free_object(write.shadow);
    // Its checkpoint comes when the commit is done.
    JournalHead& jh = *write.jh;
    Buffer& buffer = *jh.bh;
    journal_.file(jh, transaction_, JList::forget);
    buffers_.put(buffer);
  }
  copies_.clear();
}

void Commit::wait_for_controls() {
  for (const Write& write : controls_) {
    io_.wait_event([&write] { return write.done; });
    if (write.error != 0) error_ = -EIO;
    buffers_.put(*write.control);
  }
  controls_.clear();
}

void Commit::write_commit_record() {
  if (journal_.aborted_) return;
  if (control_block() == nullptr) return journal_.abort(-EIO);
  // With a barrier before it: the record must not reach the disk first.
  const int flushed = buffers_.issue_flush();
  submit();
  error_ = 0;
  wait_for_controls();
  if (error_ == 0) error_ = flushed;
  if (error_ != 0) journal_.abort(error_);
}

// --- The end.

/// Each block that was logged must now be written in place before its place in the log is free.
void Commit::make_checkpoints() {
  while (!transaction_.forget.empty()) {
    JournalHead& jh = transaction_.forget.front();
    Buffer& buffer = *jh.bh;
    buffers_.get(buffer);
    if (jh.committed != no_page) {
      journal_.free_copy(jh.committed);
      jh.committed = jh.frozen;
      jh.frozen = no_page;
    } else {
      journal_.free_copy(jh.frozen);
    }
    if (jh.cp_transaction != nullptr) journal_.remove_checkpoint(jh);
    if (buffer.has(BH_JBDDirty)) {
      journal_.insert_checkpoint(jh, transaction_);
      if (journal_.aborted_) buffer.state &= ~std::uint32_t{BH_JBDDirty};
    }
    journal_.refile(jh);
    buffers_.put(buffer);
    core_.cond_resched();
  }
  journal_.checkpoints_.push_back(transaction_);
}

void Commit::finish() {
  transaction_.state = Transaction::State::callback;
  journal_.commit_sequence_ = transaction_.tid;
  journal_.committing_ = nullptr;
  for (const std::uint64_t what : transaction_.callbacks) journal_.client_.commit_callback(what);
  transaction_.state = Transaction::State::finished;
  if (transaction_.checkpoint.empty() && transaction_.checkpoint_io.empty()) {
    journal_.drop_transaction(transaction_);
  }
  wake_all(core_, journal_.done_waiters_);
}

}  // namespace brink
