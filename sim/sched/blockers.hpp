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

/// For as long as it lives, any one of those named to the sink is enough.
class AnyOf {
 public:
  explicit AnyOf(BlockerSink& sink) : sink_(sink) { sink_.begin_any(); }
  ~AnyOf() { sink_.end_any(); }
  AnyOf(const AnyOf&) = delete;
  AnyOf& operator=(const AnyOf&) = delete;

 private:
  BlockerSink& sink_;
};

}  // namespace brink
