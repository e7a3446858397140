// The smallest closed set that holds an obliged task.

#include "sim/watch/closed_set.hpp"

#include <algorithm>

#include "sim/watch/acts.hpp"

namespace brink {

/// Collects the blockers of a wait that are stuck.
class ClosedSet::Sink final : public BlockerSink {
 public:
  Sink(const CanProgress& progress, const Waitable& wait, bool all, std::vector<TaskId>& causes)
      : progress_(progress), wait_(wait), all_(all), causes_(causes) {}

  void task(const Task& blocker) override {
    add(blocker, blocker.loop != nullptr && acts_inside_loop(blocker, wait_));
  }
  void inner(const Task& blocker) override { add(blocker, true); }
  void event() override {}
  void anyone() override {}
  void begin_any() override { bracketed_ = true; }
  void end_any() override { bracketed_ = false; }

  /// Who stands first in the lock's queue before the waiter.
  TaskId ahead = no_task;

 private:
  void add(const Task& blocker, bool inside) {
    if (blocker.state == TaskState::dead || is_idle(blocker)) return;
    if (wait_.kind() == WaitKind::lock && queues_for(blocker, wait_)) {
      if (ahead == no_task && !progress_.moves(blocker.id)) ahead = blocker.id;
      return;
    }
    if (inside ? progress_.moves(blocker.id) : progress_.can(blocker.id)) return;
    // Where all must act, the first that cannot is enough.
    if (!all_ || bracketed_ || causes_.empty()) causes_.push_back(blocker.id);
  }

  const CanProgress& progress_;
  const Waitable& wait_;
  const bool all_;
  bool bracketed_ = false;
  std::vector<TaskId>& causes_;
};

std::vector<TaskId> ClosedSet::smallest(const std::function<bool(const Task&)>& obliged) {
  mark_.assign(core_.task_count(), 0);
  search_ = 0;
  std::vector<TaskId> best, set;
  for (const TaskId id : progress_.tasks()) {
    if (progress_.can(id) || !obliged(core_.task(id))) continue;
    const std::size_t size_max = best.empty() ? progress_.tasks().size() : best.size() - 1;
    if (reach(id, size_max, set)) best = set;
  }
  std::sort(best.begin(), best.end());
  return best;
}

bool ClosedSet::reach(TaskId from, std::size_t size_max, std::vector<TaskId>& set) {
  ++search_;
  set.assign(1, from);
  mark_[from] = search_;
  std::vector<TaskId> causes;
  for (std::size_t at = 0; at < set.size(); ++at) {
    if (set.size() > size_max) return false;
    find_causes(core_.task(set[at]), causes);
    held_up_by_[set[at]] = causes.empty() ? no_task : causes.front();
    for (const TaskId cause : causes) {
      if (mark_[cause] == search_) continue;
      mark_[cause] = search_;
      set.push_back(cause);
    }
  }
  return set.size() <= size_max;
}

void ClosedSet::find_causes(const Task& task, std::vector<TaskId>& causes) {
  causes.clear();
  // One that does not move is stuck whatever its loop asks for.
  if (!progress_.moves(task.id) && task.wait != nullptr)
    return wait_causes(task, *task.wait, causes);
  if (task.loop != nullptr) wait_causes(task, *task.loop, causes);
}

void ClosedSet::wait_causes(const Task& task, const Waitable& wait, std::vector<TaskId>& causes) {
  Sink sink(progress_, wait, needs_all(wait.kind()), causes);
  if (wait.kind() == WaitKind::lock) {
    wait.blockers(task, sink);
    // Behind a reader a reader waits only because of who waits between the two.
    if (!causes.empty() && sink.ahead != no_task && shares(core_.task(causes.front()), wait)) {
      causes.push_back(sink.ahead);
    }
    return;
  }
  if (wait.kind() != WaitKind::memory) return wait.blockers(task, sink);
  if (memory_->sticky(task)) return;
  memory_->dying(sink);
  memory_->reclaimers(sink);
}

}  // namespace brink
