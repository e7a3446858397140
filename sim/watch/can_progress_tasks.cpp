// Which tasks there are at the beginning of an evaluation, and who of them serves others.

#include <algorithm>

#include "sim/watch/acts.hpp"
#include "sim/watch/can_progress.hpp"

namespace brink {

void CanProgress::collect_tasks() {
  std::erase_if(live_, [this](TaskId id) {
    if (core_.task(id).state != TaskState::dead) return false;
    index_[id] = dead;
    return true;
  });
  index_.resize(core_.task_count(), dead);
  for (; seen_ < core_.task_count(); ++seen_) {
    if (core_.task(seen_).state != TaskState::dead) live_.push_back(seen_);
  }
  const auto count = static_cast<std::uint32_t>(live_.size());
  for (std::uint32_t i = 0; i < count; ++i) index_[live_[i]] = i;
  facts_.assign(count, {});
  rested_.resize(core_.task_count());
  daemons_.clear();
  for (std::uint32_t i = 0; i < count; ++i) note_daemon(i);
  killers_.clear();
  killable_.clear();
  polls_.clear();
  graph_.reset(first_task_ + 2 * count);
  std::size_t slots = std::max<std::size_t>(16, lock_nodes_.size());
  while (slots < 2 * std::size_t{count}) slots *= 2;
  lock_nodes_.assign(slots, {});
}

void CanProgress::note_daemon(std::uint32_t index) {
  const Task& task = core_.task(live_[index]);
  facts_[index].idle = is_idle(task);
  facts_[index].daemon = is_kernel_daemon(task);
  if (!facts_[index].daemon) return;
  if (facts_[index].idle) {
    rested(task.id, core_.now());
  } else {
    daemons_.push_back(index);
  }
}

void CanProgress::rested(TaskId task, Nanos when) {
  if (task >= rested_.size()) rested_.resize(core_.task_count());
  rested_[task] = when + 1;
}

/// Inside of its outermost loop it is in another, which it leaves when that one opens: by whom it
/// waits for, or because it asks for memory again and there is some.
void CanProgress::add_inner_poll(const Task& task, std::uint32_t index) {
  const Node moves = moves_node(index);
  const Node asked = graph_.add_node();
  graph_.add_support(asked, moves);
  if (memory_ != nullptr) {
    ++memory_waits_;
    graph_.add_support(memory_node_, moves);
  }
  polls_.push_back(moves);
  add_wait(task, *task.inner_loop, asked, index, false);
}

}  // namespace brink
