// Taking a spinlock, and spinning on it.

#include "sim/locking/spinlock.hpp"

#include <algorithm>

#include "sim/locking/poll.hpp"

namespace brink {

void SpinLock::lock(unsigned subclass) {
  core_.step(core_.costs().lock_uncontended);
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->acquire(me, *this, LockUse::exclusive, subclass);
  ++me.preempt_count;
  if (owner() != nullptr) return spin(me);
  set_owner(&me);
  granted(me, hold_);
}

void SpinLock::spin(Task& me) {
  waiters_.push(me);
  {
    UnlimitedLoop loop(core_, *this);
    Nanos look = core_.costs().lock_uncontended;
    while (owner() != &me) {
      loop.round();
      core_.step(look);
      look = std::min(2 * look, look_max);
    }
  }
  // The grant found us in our own loop.
  if (me.loop == nullptr) me.progress_at = core_.now();
}

bool SpinLock::trylock() {
  core_.step(core_.costs().lock_uncontended);
  if (owner() != nullptr) return false;
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->acquire_tried(me, *this, LockUse::exclusive);
  ++me.preempt_count;
  set_owner(&me);
  granted(me, hold_);
  return true;
}

void SpinLock::unlock() noexcept {
  if (core_.aborting()) [[unlikely]] return;
  Task& me = core_.current();
  BRINK_ASSERT(owner() == &me);
  dropped(me, hold_);
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->release(me, *this);
  --me.preempt_count;
  if (waiters_.empty()) {
    set_owner(nullptr);
    return;
  }
  Task& next = waiters_.pop();
  set_owner(&next);
  granted(next, hold_);
}

int SpinLock::acquire(WaitMode) {
  lock();
  return 0;
}

void SpinLock::blockers(const Task& waiter, BlockerSink& sink) const {
  if (owner() != nullptr) sink.task(*owner());
  for (const Task* t = waiters_.first(); t != nullptr && t != &waiter; t = t->wait_next) {
    sink.task(*t);
  }
}

}  // namespace brink
