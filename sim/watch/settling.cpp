// Who has been obliged for too long, and what became of it in the settling phase.

#include "sim/watch/settling.hpp"

#include <algorithm>

namespace brink {

/// Since when an obliged task has made no progress; `never` for others, and for those who wait for
/// nothing but time.
Nanos Settling::idle_since(const Task& task) const {
  if (task.state == TaskState::dead) return never;
  const Nanos obliged = obligations_.obliged_since(task);
  if (obliged == never) return never;
  const Waitable* wait = task.effective_wait();
  if (wait != nullptr && wait->kind() == WaitKind::timer) return never;
  return std::max({task.progress_at, obliged, last_end_});
}

Nanos Settling::due(std::span<const TaskId> tasks) const {
  Nanos earliest = never;
  for (const TaskId id : tasks) earliest = std::min(earliest, idle_since(core_.task(id)));
  return earliest > never - length_ ? never : earliest + length_;
}

void Settling::begin(Nanos now, std::span<const TaskId> tasks) {
  on_ = true;
  began_ = now;
  before_.assign(core_.task_count(), {});
  for (const TaskId id : tasks) {
    const Task& task = core_.task(id);
    before_[id] = {task.progress_at, task.loop_since, task.loop_rounds, task.loop != nullptr};
  }
}

void Settling::end(Nanos now) {
  on_ = false;
  last_end_ = now;
}

bool Settling::progressed(const Task& task) const {
  return task.id >= before_.size() || task.progress_at != before_[task.id].progress_at;
}

std::vector<TaskId> Settling::stalled(std::span<const TaskId> tasks) const {
  std::vector<TaskId> found;
  for (const TaskId id : tasks) {
    const Nanos since = idle_since(core_.task(id));
    if (since <= began_ && !progressed(core_.task(id))) found.push_back(id);
  }
  return found;
}

std::vector<TaskId> Settling::livelocked(std::span<const TaskId> tasks) const {
  std::vector<TaskId> found;
  if (!on_ || stalled(tasks).empty()) return found;
  for (const TaskId id : tasks) {
    const Task& task = core_.task(id);
    if (task.loop == nullptr || progressed(task)) continue;
    const Before& before = before_[id];
    const bool same_loop = before.looped && before.loop_since == task.loop_since;
    if (task.loop_rounds - (same_loop ? before.rounds : 0) >= livelock_rounds) found.push_back(id);
  }
  return found;
}

}  // namespace brink
