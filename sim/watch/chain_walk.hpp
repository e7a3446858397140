// The cheap look at a task that has just parked: a walk along who must act first, which ends at a
// task that goes on by itself, at an event, or at a supplier of memory. It proves progress or gives
// up; only if it gives up is the fixed point computed. What it proves, the fixed point would find
// too.
#pragma once

#include <cstdint>

#include "sim/sched/core.hpp"
#include "sim/watch/suppliers.hpp"

namespace brink {

class ChainWalk {
 public:
  ChainWalk(const Core& core, const MemorySuppliers* memory) : core_(core), memory_(memory) {}

  /// True if `task` can progress, with neither bystanders nor a kill counted.
  bool proves(const Task& task) {
    steps_ = steps_max;
    used_anyone_ = false;
    return can(task);
  }

  /// A task that was seen to be able to progress; whether it still runs is looked at when needed.
  void set_anyone(TaskId task) { anyone_ = task; }
  /// Whether the last proof met a wait that declares no waker.
  bool used_anyone() const { return used_anyone_; }

 private:
  struct Blockers;
  static constexpr std::uint32_t steps_max = 64;

  bool can(const Task& task);
  bool moves(const Task& task);
  bool ends(const Task& task, const Waitable& wait, bool looping);
  bool lock_ends(const Task& task, const Waitable& wait);
  bool memory_ends(const Task& task, bool looping);
  bool acts(const Task& blocker, const Waitable& wait, bool inner);
  bool any_of(const Blockers& blockers, const Waitable& wait);
  bool all_of(const Blockers& blockers, const Waitable& wait);
  bool anyone();

  const Core& core_;
  const MemorySuppliers* const memory_;
  std::uint32_t steps_ = 0;
  TaskId anyone_ = no_task;
  bool used_anyone_ = false;
};

}  // namespace brink
