// Naming those who must act before a wait ends, where what they must do is no lock.
#pragma once

#include "sim/sched/task.hpp"
#include "sim/sched/wait.hpp"

namespace brink {

/// `task` must do what it took upon itself at `since`. What it began inside of its unlimited loop
/// it also ends there; what it began before, only once it has left the loop.
inline void name_blocker(BlockerSink& sink, const Task& task, Nanos since) {
  if (task.loop == nullptr || since >= task.loop_since) {
    sink.inner(task);
  } else {
    sink.task(task);
  }
}

}  // namespace brink
