// The slow ways of the mutex: waiting that a signal may end, trylock, and who blocks a waiter.

#include "sim/locking/mutex.hpp"

namespace brink {

int Mutex::wait(Task& me, WaitMode mode) {
  waiters_.push(me);
  Wake woke = Wake::woken;
  // It may be handed over after a signal came: then it is ours, as in the kernel.
  while (owner() != &me) {
    if (woke == Wake::signal || me.signalled(mode)) {
      waiters_.remove(me);
      if (lockdep_ != nullptr) [[unlikely]] lockdep_->release(me, *this);
      return -EINTR;
    }
    woke = core_.park(*this, mode);
  }
  return 0;
}

bool Mutex::trylock() {
  core_.step(core_.costs().lock_uncontended);
  if (owner() != nullptr) return false;
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]] lockdep_->acquire_tried(me, *this, LockUse::exclusive);
  set_owner(&me);
  granted(me, hold_);
  return true;
}

int Mutex::acquire(WaitMode mode) {
  switch (mode) {
    case WaitMode::uninterruptible: lock(); return 0;
    case WaitMode::killable: return lock_killable();
    case WaitMode::interruptible: return lock_interruptible();
  }
  return 0;
}

void Mutex::blockers(const Task& waiter, BlockerSink& sink) const {
  if (owner() != nullptr) sink.task(*owner());
  for (const Task* t = waiters_.first(); t != nullptr && t != &waiter; t = t->wait_next) {
    sink.task(*t);
  }
}

}  // namespace brink
