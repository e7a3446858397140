// What blockers can do: read from the locks that they hold.

#include "sim/watch/acts.hpp"

#include "sim/locking/lock.hpp"

namespace brink {
namespace {

const HeldLock* hold_of(const Task& task, const Lock& lock) {
  const HeldLock* held = task.locks;
  while (held != nullptr && held->lock != &lock) held = held->next;
  return held;
}

}  // namespace

bool acts_inside_loop(const Task& task, const Waitable& wait) {
  if (task.loop == nullptr) return true;
  const auto* lock = dynamic_cast<const Lock*>(&wait);
  if (lock == nullptr) return false;
  const HeldLock* held = hold_of(task, *lock);
  return held == nullptr || held->inner;
}

bool queues_for(const Task& task, const Waitable& wait) {
  const bool spins = task.state == TaskState::runnable && task.loop == &wait;
  if (task.wait != &wait && !spins) return false;
  if (wait.owner() == &task) return false;
  const auto* lock = dynamic_cast<const Lock*>(&wait);
  return lock == nullptr || hold_of(task, *lock) == nullptr;
}

bool is_poll(const Waitable* loop) {
  if (loop == nullptr) return false;
  switch (loop->kind()) {
    case WaitKind::none:
    case WaitKind::work:
    case WaitKind::wakers:
    case WaitKind::commit: return true;
    case WaitKind::memory:  // The suppliers say whether there is any now,
    case WaitKind::lock:    // a lock is handed over,
    case WaitKind::exit:    // and of the rest it is known.
    case WaitKind::timer:
    case WaitKind::io:
    case WaitKind::idle: return false;
  }
  return false;
}

bool shares(const Task& task, const Waitable& wait) {
  const auto* lock = dynamic_cast<const Lock*>(&wait);
  const HeldLock* held = lock != nullptr ? hold_of(task, *lock) : nullptr;
  return held != nullptr && held->shared;
}

}  // namespace brink
