// khungtaskd's look at each task.

#include "sim/watch/hung_task.hpp"

namespace brink {

bool HungTasks::uninterruptible(const Task& task) {
  return task.state == TaskState::parked && task.wait_mode == WaitMode::uninterruptible &&
         task.wait->kind() != WaitKind::idle;
}

std::vector<TaskId> HungTasks::check(std::span<const TaskId> tasks, Nanos now,
                                     std::vector<Finding>& findings) {
  std::vector<TaskId> warned;
  seen_.resize(core_.task_count());
  for (const TaskId id : tasks) {
    const Task& task = core_.task(id);
    Seen& seen = seen_[id];
    if (!uninterruptible(task)) continue;
    if (task.switches == 0) continue;  // It has never run yet.
    if (task.switches != seen.switches) {
      seen = {task.switches, false, ~std::uint32_t{0}};
      continue;
    }
    const Nanos length = now > task.parked_since ? now - task.parked_since : 0;
    if (seen.hung) {
      if (seen.finding < findings.size()) findings[seen.finding].length = length;
      continue;
    }
    seen.hung = true;
    if (warnings_ == warnings_max) continue;
    ++warnings_;
    warned.push_back(id);
    seen.finding = static_cast<std::uint32_t>(findings.size());
    findings.push_back({Finding::Kind::hung_task, now, length,
                        "INFO: task " + std::string(task.name()) + ":" + std::to_string(id) +
                            " blocked for more than " + std::to_string(timeout_ / seconds) +
                            " seconds: " + task.wait->describe()});
  }
  return warned;
}

std::vector<TaskId> HungTasks::still_hung() const {
  std::vector<TaskId> hung;
  for (TaskId id = 0; id < seen_.size(); ++id) {
    const Task& task = core_.task(id);
    if (seen_[id].hung && uninterruptible(task) && task.switches == seen_[id].switches) {
      hung.push_back(id);
    }
  }
  return hung;
}

}  // namespace brink
