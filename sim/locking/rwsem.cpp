// Taking, handing over and giving up an rwsem.

#include "sim/locking/rwsem.hpp"

#include <cerrno>

#include "sim/locking/lockdep.hpp"

namespace brink {

RwSem::RwSem(Locks& locks, LockClass& lock_class, const LazyText& name)
    : Lock(locks, lock_class, name) {
  hold_.lock = this;
}

// --- Readers.

void RwSem::down_read(unsigned subclass) {
  static_cast<void>(read(WaitMode::uninterruptible, subclass));
}

int RwSem::down_read_killable(unsigned subclass) { return read(WaitMode::killable, subclass); }

int RwSem::read(WaitMode mode, unsigned subclass) {
  core_.charge(core_.costs().lock_uncontended);
  core_.might_sleep();
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->acquire(me, *this, LockUse::shared, subclass);
  if (writer_ != nullptr || !waiters_.empty()) return wait(me, mode, true);
  grant_read(me);
  return 0;
}

bool RwSem::down_read_trylock() {
  core_.step(core_.costs().lock_uncontended);
  if (writer_ != nullptr || !waiters_.empty()) return false;
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->acquire_tried(me, *this, LockUse::shared);
  grant_read(me);
  return true;
}

void RwSem::up_read() noexcept {
  if (core_.aborting()) [[unlikely]] return;
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->release(me, *this);
  end_read(hold_of(me));
  hand_over();
}

void RwSem::grant_read(Task& task) {
  ReadHold& hold = lock_class().locks().new_read_hold();
  hold.lock = this;
  hold.shared = true;
  hold.task = &task;
  hold.next_reader = nullptr;
  hold.previous_reader = newest_reader_;
  (readers_ == nullptr ? readers_ : newest_reader_->next_reader) = &hold;
  newest_reader_ = &hold;
  set_owner(readers_->task);
  granted(task, hold);
}

void RwSem::end_read(ReadHold& hold) noexcept {
  dropped(*hold.task, hold);
  ReadHold* const before = hold.previous_reader;
  ReadHold* const after = hold.next_reader;
  (before == nullptr ? readers_ : before->next_reader) = after;
  (after == nullptr ? newest_reader_ : after->previous_reader) = before;
  set_owner(readers_ != nullptr ? readers_->task : nullptr);
  lock_class().locks().free_read_hold(hold);
}

ReadHold& RwSem::hold_of(const Task& reader) const {
  HeldLock* held = reader.locks;
  while (held != nullptr && (held->lock != this || !held->shared)) held = held->next;
  BRINK_ASSERT(held != nullptr);
  return static_cast<ReadHold&>(*held);
}

std::uint32_t RwSem::reader_count() const {
  std::uint32_t count = 0;
  for (const ReadHold* reader = readers_; reader != nullptr; reader = reader->next_reader) ++count;
  return count;
}

// --- Writers.

void RwSem::down_write(unsigned subclass) {
  static_cast<void>(write(WaitMode::uninterruptible, subclass));
}

int RwSem::down_write_killable(unsigned subclass) { return write(WaitMode::killable, subclass); }

int RwSem::write(WaitMode mode, unsigned subclass) {
  core_.charge(core_.costs().lock_uncontended);
  core_.might_sleep();
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->acquire(me, *this, LockUse::exclusive, subclass);
  if (locked() || !waiters_.empty()) return wait(me, mode, false);
  grant_write(me);
  return 0;
}

bool RwSem::down_write_trylock() {
  core_.step(core_.costs().lock_uncontended);
  if (locked() || !waiters_.empty()) return false;
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->acquire_tried(me, *this, LockUse::exclusive);
  grant_write(me);
  return true;
}

void RwSem::up_write() noexcept {
  if (core_.aborting()) [[unlikely]] return;
  Task& me = core_.current();
  BRINK_ASSERT(writer_ == &me);
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->release(me, *this);
  dropped(me, hold_);
  writer_ = nullptr;
  set_owner(nullptr);
  hand_over();
}

void RwSem::downgrade_write() noexcept {
  if (core_.aborting()) [[unlikely]] return;
  Task& me = core_.current();
  BRINK_ASSERT(writer_ == &me);
  dropped(me, hold_);
  writer_ = nullptr;
  grant_read(me);
  hand_over();
}

void RwSem::grant_write(Task& task) {
  writer_ = &task;
  set_owner(&task);
  granted(task, hold_);
}

// --- Waiters.

int RwSem::wait(Task& me, WaitMode mode, bool shared) {
  Waiting record{shared};
  me.wait_data = &record;
  waiters_.push(me);
  Wake woke = Wake::woken;
  // It may be handed over after a signal came: then it is ours.
  while (!record.granted) {
    if (woke == Wake::signal || me.signalled(mode)) {
      waiters_.remove(me);
      if (lockdep_ != nullptr) [[unlikely]] lockdep_->release(me, *this);
      hand_over();  // A writer that leaves may have kept readers waiting.
      return -EINTR;
    }
    woke = core_.park(*this, mode);
  }
  return 0;
}

void RwSem::hand_over() noexcept {
  while (Task* first = waiters_.first()) {
    if (!waiting(*first).shared) {
      if (locked()) return;
      waiters_.pop();
      grant_write(*first);
      return wake_granted(*first);
    }
    if (writer_ != nullptr) return;
    waiters_.pop();
    grant_read(*first);
    wake_granted(*first);
  }
}

void RwSem::wake_granted(Task& task) noexcept {
  waiting(task).granted = true;
  core_.charge(core_.costs().wakeup);
  core_.wake(task);
}

int RwSem::acquire(WaitMode mode) { return write(mode, 0); }

void RwSem::blockers(const Task& waiter, BlockerSink& sink) const {
  if (writer_ != nullptr) sink.task(*writer_);
  for (const ReadHold* r = readers_; r != nullptr; r = r->next_reader) sink.task(*r->task);
  // Readers ahead go together with a reader; a writer that waits ahead keeps it back.
  const bool shared = waiter.wait == this && waiting(waiter).shared;
  for (const Task* t = waiters_.first(); t != nullptr && t != &waiter; t = t->wait_next) {
    if (!shared || !waiting(*t).shared) sink.task(*t);
  }
}

}  // namespace brink
