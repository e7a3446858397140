// The sleeping lock with one owner (kernel/locking/mutex.c, Linux 4.0). Whoever unlocks hands it to
// the task that has waited for longest. Left out: optimistic spinning, and with it that a task
// which is just running may take the lock before those that wait.
#pragma once

#include <cerrno>

#include "sim/locking/lock.hpp"
#include "sim/locking/lockdep.hpp"

namespace brink {

class Mutex final : public Lock {
 public:
  Mutex(Locks& locks, LockClass& lock_class, const LazyText& name = {})
      : Lock(locks, lock_class, name) {
    hold_.lock = this;
  }

  /// `subclass` tells lockdep locks of one class apart that are nested on purpose, as the kernel's
  /// I_MUTEX_PARENT does: 0 … 7.
  [[gnu::always_inline]] void lock(unsigned subclass = 0) {
    static_cast<void>(lock_as<WaitMode::uninterruptible>(subclass));
  }
  /// 0, or -EINTR if the task was killed while it waited.
  [[nodiscard]] int lock_killable(unsigned subclass = 0) {
    return lock_as<WaitMode::killable>(subclass);
  }
  /// 0, or -EINTR if a signal came while it waited.
  [[nodiscard]] int lock_interruptible(unsigned subclass = 0) {
    return lock_as<WaitMode::interruptible>(subclass);
  }
  /// True if it was free.
  [[nodiscard]] bool trylock();
  /// Only for its owner. Not a choice point. A no-op once the world has ended.
  void unlock() noexcept;

  bool locked() const { return owner() != nullptr; }

  int acquire(WaitMode mode) override;
  void release() noexcept override { unlock(); }
  void blockers(const Task& waiter, BlockerSink& sink) const override;

 protected:
  const char* kind_name() const override { return "mutex"; }

 private:
  template <WaitMode mode>
  [[gnu::always_inline]] int lock_as(unsigned subclass);
  int wait(Task& me, WaitMode mode);

  Waiters waiters_;
  HeldLock hold_;
};

template <WaitMode mode>
inline int Mutex::lock_as(unsigned subclass) {
  core_.charge(core_.costs().lock_uncontended);
  core_.might_sleep();
  Task& me = core_.current();
  if (lockdep_ != nullptr) [[unlikely]]
    lockdep_->acquire(me, *this, LockUse::exclusive, subclass);
  if (owner() == nullptr) {
    set_owner(&me);
    granted(me, hold_);
    return 0;
  }
  if constexpr (mode != WaitMode::uninterruptible) return wait(me, mode);
  waiters_.push(me);
  do {
    core_.park(*this, mode);
  } while (owner() != &me);
  return 0;
}

[[gnu::always_inline]] inline void Mutex::unlock() noexcept {
  if (core_.aborting()) [[unlikely]]
    return;
  Task& me = core_.current();
  BRINK_ASSERT(owner() == &me);
  dropped(me, hold_);
  if (lockdep_ != nullptr) [[unlikely]]
    lockdep_->release(me, *this);
  if (waiters_.empty()) {
    set_owner(nullptr);
    return;
  }
  Task& next = waiters_.pop();
  set_owner(&next);
  core_.charge(core_.costs().wakeup);
  granted(next, hold_);
  core_.wake(next);
}

/// Holds a mutex for as long as it lives.
class MutexGuard {
 public:
  [[gnu::always_inline]] explicit MutexGuard(Mutex& mutex, unsigned subclass = 0) : mutex_(mutex) {
    mutex_.lock(subclass);
  }
  ~MutexGuard() { mutex_.unlock(); }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace brink
