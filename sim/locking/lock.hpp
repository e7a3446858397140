// What every lock is, whatever its kind: a thing that tasks wait for, that is held by tasks, that
// belongs to a class and has a name within it.
#pragma once

#include <cstdint>
#include <string>

#include "sim/locking/locks.hpp"
#include "sim/sched/core_inline.hpp"
#include "sim/sched/lazy_text.hpp"
#include "sim/sched/waiters.hpp"

namespace brink {

/// One hold of one lock by one task, on the task's list (Task::locks). An exclusive hold lives in
/// its lock.
struct HeldLock {
  HeldLock* next = nullptr;  ///< held by the same task, since earlier
  Lock* lock = nullptr;
  bool shared = false;
  bool inner = false;  ///< taken inside of an unlimited loop that its task has not left since
};

/// A shared hold, which is on the list of its lock's readers too.
struct ReadHold : HeldLock {
  Task* task = nullptr;
  ReadHold* next_reader = nullptr;  ///< of this lock; or of the records that are free
  ReadHold* previous_reader = nullptr;
};

class Lock : public Waitable {
 public:
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  LockClass& lock_class() const { return class_; }
  /// Dense within the machine, in order of making; what lock_grant events carry.
  std::uint32_t id() const { return id_; }

  /// Takes it for exclusive use, whatever its kind. 0, or -EINTR if a signal that `mode` admits
  /// came first. For those who know a lock only by its name.
  [[nodiscard]] virtual int acquire(WaitMode mode) = 0;
  /// Gives back what acquire() took. A no-op once the world has ended.
  virtual void release() noexcept = 0;

  bool held_by(const Task& task) const;

  /// `KIND CLASS:INSTANCE`, or `KIND CLASS` for a lock without a name of its own.
  std::string describe() const override;
  std::string instance() const { return name_.str(); }

 protected:
  Lock(Locks& locks, LockClass& lock_class, const LazyText& name)
      : Waitable(WaitKind::lock),
        id_(locks.next_lock_id()),
        core_(locks.core()),
        lockdep_(locks.lockdep()),
        class_(lock_class),
        name_(name) {}

  virtual const char* kind_name() const = 0;

  /// The lock is the task's from now on. Inside an unlimited loop a grant is no progress: the task
  /// waits for what the loop asks for, and takes locks on every round.
  [[gnu::always_inline]] void granted(Task& task, HeldLock& hold) {
    hold.next = task.locks;
    hold.inner = task.loop != nullptr;
    task.locks = &hold;
    if (task.loop == nullptr) task.progress_at = core_.now();
    core_.note(EventKind::lock_grant, task.id, id_);
  }

  [[gnu::always_inline]] static void dropped(Task& task, HeldLock& hold) noexcept {
    if (task.locks == &hold) [[likely]] {
      task.locks = hold.next;
    } else {
      drop_from_middle(task, hold);
    }
  }

  const std::uint32_t id_;
  Core& core_;
  Lockdep* const lockdep_;  ///< null while it is off

 private:
  static void drop_from_middle(Task& task, HeldLock& hold) noexcept;

  LockClass& class_;
  const LazyText name_;
};

}  // namespace brink
