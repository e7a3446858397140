// The lock that is waited for without sleeping: a ticket lock, first come first served
// (arch/x86/include/asm/spinlock.h, Linux 4.0). Its holder is not preempted and must not park. A
// task that spins is charged for it and is in an unlimited poll. Left out: the irqsave forms,
// because timers run between steps and take no spinlocks.
#pragma once

#include "sim/locking/lock.hpp"
#include "sim/locking/lockdep.hpp"

namespace brink {

class SpinLock final : public Lock {
 public:
  /// A spinner looks again after 40 ns, then 80, up to this: guess. It bounds how late a spinner
  /// sees a release, and how many looks a soft lockup takes.
  static constexpr Nanos look_max = 100 * us;

  SpinLock(Locks& locks, LockClass& lock_class, const LazyText& name = {})
      : Lock(locks, lock_class, name) {
    hold_.lock = this;
  }

  void lock(unsigned subclass = 0);
  [[nodiscard]] bool trylock();
  /// Only for its owner. Not a choice point. A no-op once the world has ended.
  void unlock() noexcept;

  bool locked() const { return owner() != nullptr; }

  /// Never -EINTR.
  int acquire(WaitMode mode) override;
  void release() noexcept override { unlock(); }
  void blockers(const Task& waiter, BlockerSink& sink) const override;

 protected:
  const char* kind_name() const override { return "spinlock"; }

 private:
  void spin(Task& me);

  Waiters waiters_;
  HeldLock hold_;
};

/// Holds a spinlock for as long as it lives.
class SpinGuard {
 public:
  explicit SpinGuard(SpinLock& lock, unsigned subclass = 0) : lock_(lock) { lock_.lock(subclass); }
  ~SpinGuard() { lock_.unlock(); }
  SpinGuard(const SpinGuard&) = delete;
  SpinGuard& operator=(const SpinGuard&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace brink
