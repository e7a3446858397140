// Closed sets: tasks of which none can progress because each waits for others among them, with at
// least one that is obliged (design §4). Out of all tasks that are stuck, the smallest such set is
// what people are shown: the knot, without those who only queue behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/watch/can_progress.hpp"

namespace brink {

class ClosedSet {
 public:
  /// Reads what `progress` last computed.
  ClosedSet(const Core& core, const CanProgress& progress, const MemorySuppliers* memory)
      : core_(core),
        progress_(progress),
        memory_(memory),
        held_up_by_(core.task_count(), no_task) {}

  /// The smallest closed set that holds a task of which `obliged` is true, by id; empty if there is
  /// none. Of equally small ones that of the lowest task.
  std::vector<TaskId> smallest(const std::function<bool(const Task&)>& obliged);

  /// The task whose release or progress this member of the last set waits for first, or no_task.
  TaskId held_up_by(TaskId member) const { return held_up_by_[member]; }

 private:
  class Sink;

  bool reach(TaskId from, std::size_t size_max, std::vector<TaskId>& set);
  /// Who must be stuck for `task` to be: of an AND-wait one, of an OR-wait all.
  void find_causes(const Task& task, std::vector<TaskId>& causes);
  void wait_causes(const Task& task, const Waitable& wait, std::vector<TaskId>& causes);

  const Core& core_;
  const CanProgress& progress_;
  const MemorySuppliers* const memory_;
  std::vector<TaskId> held_up_by_;
  std::vector<std::uint32_t> mark_;  ///< by task: in which search it was reached
  std::uint32_t search_ = 0;
};

}  // namespace brink
