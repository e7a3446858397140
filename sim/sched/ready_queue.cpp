// Where the stretches of a long list of READY tasks end.

#include "sim/sched/ready_queue.hpp"

namespace brink {

/// A task has been queued in a list that is long, or has become it.
void ReadyQueue::pushed() {
  if (!stretches_.empty()) {
    if (stretches_.back().size == stretch) stretches_.push_back({tail_, 0});
    stretches_.back().last = tail_;
    ++stretches_.back().size;
    return;
  }
  for (Task* task = head_; task != nullptr; task = task->next) {
    if (stretches_.empty() || stretches_.back().size == stretch) stretches_.push_back({task, 0});
    stretches_.back().last = task;
    ++stretches_.back().size;
  }
}

void ReadyQueue::popped() {
  if (--stretches_.front().size == 0) stretches_.erase(stretches_.begin());
  shrink();
}

/// Short stretches are joined, so that there are few.
void ReadyQueue::taken(const Place& place, const Task& task) {
  const auto at = stretches_.begin() + static_cast<std::ptrdiff_t>(place.stretch);
  const auto next = at + 1;
  if (at->last == &task) at->last = place.task;
  if (--at->size == 0) {
    stretches_.erase(at);
  } else if (next != stretches_.end() && at->size + next->size <= stretch) {
    at->last = next->last;
    at->size += next->size;
    stretches_.erase(next);
  }
  shrink();
}

/// A list that has become short is one like any other.
void ReadyQueue::shrink() {
  if (size_ < long_list / 2) stretches_.clear();
}

}  // namespace brink
