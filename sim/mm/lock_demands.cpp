// Locks that faults make a task take.

#include "sim/mm/lock_demands.hpp"

#include "sim/locking/lock.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

LockDemands::LockDemands(Memory& memory, LockPoint point, const char* syscall) {
  if (!memory.hooks().listens(hook_lock)) [[likely]]
    return;
  for (const LockDemand& demand : memory.hooks().at_lock(point, syscall)) {
    Lock* lock = memory.locks().find(demand.lock);
    // A lock whose object is not in memory has nobody to wait for; one that is held already stays
    // so.
    if (lock == nullptr || lock->held_by(memory.core().current())) continue;
    static_cast<void>(lock->acquire(WaitMode::uninterruptible));
    if (demand.through) {
      held_.push_back(lock);
    } else {
      lock->release();
    }
  }
}

LockDemands::~LockDemands() {
  while (!held_.empty()) {
    held_.back()->release();
    held_.pop_back();
  }
}

}  // namespace brink
