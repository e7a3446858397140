// A world with locks, which it takes down before they go.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/locking/lockdep.hpp"
#include "sim/locking/locks.hpp"
#include "sim/locking/mutex.hpp"
#include "sim/locking/rwsem.hpp"
#include "sim/locking/spinlock.hpp"
#include "tests/sim/sched/world.hpp"

namespace brink {

/// What lockdep reported.
struct Reports final : LockdepSink {
  void lockdep_report(Finding finding) override { findings.push_back(std::move(finding)); }
  std::vector<Finding> findings;
};

struct LockingWorld : World {
  explicit LockingWorld(Strategy& strategy, const CoreConfig& config = {}, bool lockdep = false)
      : World(strategy, config), locks(core, LocksConfig{lockdep, &reports}) {}
  ~LockingWorld() { core.abort(); }

  Mutex& mutex(const char* lock_class = "test.mutex", const char* name = nullptr) {
    return made<Mutex>(lock_class, name);
  }
  RwSem& rwsem(const char* lock_class = "test.rwsem", const char* name = nullptr) {
    return made<RwSem>(lock_class, name);
  }
  SpinLock& spinlock(const char* lock_class = "test.spinlock", const char* name = nullptr) {
    return made<SpinLock>(lock_class, name);
  }

  template <class Kind>
  Kind& made(const char* lock_class, const char* name) {
    auto lock = std::make_unique<Kind>(locks, locks.lock_class(lock_class),
                                       name != nullptr ? LazyText(name) : LazyText());
    Kind& made = *lock;
    owned.push_back(std::move(lock));
    return made;
  }

  Reports reports;
  Locks locks;
  std::vector<std::unique_ptr<Lock>> owned;
};

/// Sends a signal as the kernel's signal_wake_up() does.
inline void send_signal(Core& core, Task& task, TaskFlag flag) {
  task.set(flag);
  if (task.state == TaskState::parked && task.signalled(task.wait_mode)) {
    core.wake(task, Wake::signal);
  }
}

/// Collects what a wait names.
struct Blockers final : BlockerSink {
  void task(const Task& blocker) override { tasks.push_back(blocker.id); }
  void event() override { ++events; }
  void anyone() override { ++anyones; }
  std::vector<TaskId> tasks;
  int events = 0, anyones = 0;
};

inline Blockers blockers_of(const Task& task) {
  Blockers sink;
  task.wait->blockers(task, sink);
  return sink;
}

}  // namespace brink
