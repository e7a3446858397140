// Since when each task has been stuck, and what opened again.

#include "sim/watch/closure_marks.hpp"

#include <algorithm>
#include <utility>

#include "sim/watch/acts.hpp"
#include "sim/watch/evidence.hpp"

namespace brink {

bool ClosureMarks::update(const CanProgress& progress, Nanos now) {
  if (marks_.size() < core_.task_count()) marks_.resize(core_.task_count());
  bool obliged_stuck = false;
  for (const TaskId id : progress.tasks()) {
    Mark& mark = marks_[id];
    const bool stuck = !progress.can(id);
    if (!stuck && !mark.stuck) continue;
    const Task& task = core_.task(id);
    if (mark.stuck && (!stuck || went_on(task, mark))) open(id, now);
    if (!stuck) continue;
    if (!mark.stuck) {
      ++stuck_;
      mark = {now,
              core_.choices().count(),
              task.progress_at,
              task.loop_since,
              task.loop_rounds,
              true,
              false,
              false};
    }
    mark.obliged = obligations_.obliged_since(task) != never;
    obliged_stuck = obliged_stuck || mark.obliged;
  }
  record_stall();
  return obliged_stuck;
}

/// Whether it has got something since, or left a loop, even if it is stuck again.
bool ClosureMarks::went_on(const Task& task, const Mark& mark) {
  return task.progress_at != mark.progress_at || task.loop_since != mark.loop_since;
}

void ClosureMarks::exited(const Task& task, Nanos now) {
  if (stuck(task.id)) open(task.id, now);
}

bool ClosureMarks::confirmed(const Task& task) const {
  if (!asks_again(task)) return true;
  std::uint64_t since = marks_[task.id].rounds;
  if (task.inner_loop != nullptr) since = std::max(since, task.inner_entered);
  return task.loop_rounds >= since + 2;
}

bool ClosureMarks::just_confirmed(const Task& task) {
  Mark& mark = marks_[task.id];
  if (mark.confirmed || !asks_again(task) || !confirmed(task)) return false;
  mark.confirmed = true;
  return true;
}

/// What opens at the same time is one stall, as long as its oldest part.
void ClosureMarks::open(TaskId id, Nanos now) {
  Mark& mark = marks_[id];
  mark.stuck = false;
  --stuck_;
  if (!mark.obliged) return;
  const Nanos length = now > mark.at ? now - mark.at : 0;
  ++opening_.tasks;
  if (opening_.task != no_task && length <= opening_.length) return;
  opening_.at = mark.at;
  opening_.length = length;
  opening_.task = id;
}

void ClosureMarks::record_stall() {
  const Stall stall = std::exchange(opening_, {});
  if (stall.task == no_task) return;
  if (stalls_.size() < stalls_max) {
    stalls_.push_back(stall);
    return;
  }
  ++shorter_;
  const auto shortest =
      std::min_element(stalls_.begin(), stalls_.end(),
                       [](const Stall& a, const Stall& b) { return a.length < b.length; });
  if (shortest->length < stall.length) *shortest = stall;
}

std::vector<Finding> ClosureMarks::findings() {
  record_stall();
  std::vector<Finding> found;
  for (const Stall& stall : stalls_) {
    std::string text = Evidence::name(core_.task(stall.task)) + " could not progress";
    if (stall.tasks > 1) text += ", nor could " + std::to_string(stall.tasks - 1) + " others";
    found.push_back(
        {Finding::Kind::stall, stall.at, stall.length, text + ", until it opened again"});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Finding& a, const Finding& b) { return a.at < b.at; });
  if (shorter_ != 0 && !found.empty()) {
    found.back().text += " (and " + std::to_string(shorter_) + " shorter stalls)";
  }
  return found;
}

}  // namespace brink
