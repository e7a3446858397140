// Priorities of the PCT strategy: those drawn at first are above 2^32, those that a change gives
// are 1 … d - 1, those of pollers are negative.

#include "sim/sched/pct.hpp"

#include <algorithm>

namespace brink {

PctStrategy::PctStrategy(std::uint64_t seed, std::uint32_t depth, std::uint64_t choices)
    : luck_(seed, stream_id("sched.strategy")) {
  BRINK_ASSERT(depth >= 1 && choices >= 1);
  for (std::uint32_t i = 1; i < depth; ++i) changes_.push_back({1 + luck_.below(choices), i});
  std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) {
    return a.choice != b.choice ? a.choice > b.choice : a.priority < b.priority;
  });
}

std::int64_t& PctStrategy::priority(const Task& task) {
  constexpr std::int64_t above_changes = std::int64_t{1} << 32;
  while (priorities_.size() <= task.id) {
    priorities_.push_back(above_changes + static_cast<std::int64_t>(luck_.next() >> 2));
  }
  return priorities_[task.id];
}

bool PctStrategy::goes_first(const Task& a, const Task& b) {
  const std::int64_t of_a = priority(a);
  const std::int64_t of_b = priority(b);
  return of_a != of_b ? of_a > of_b : a.id < b.id;
}

void PctStrategy::count(const Task* running) {
  ++choices_;
  if (running == nullptr) return;  // A change that is due waits for somebody to change.
  while (!changes_.empty() && changes_.back().choice <= choices_) {
    std::int64_t& own = priority(*running);
    own = std::min(own, changes_.back().priority);
    changes_.pop_back();
  }
}

std::uint32_t PctStrategy::pick_task(const ReadyQueue& ready, const Task* current, Why why) {
  count(current);
  if (why == Why::yielded) sink(*current);
  const Task* task = &ready.oldest();
  const Task* best = task;
  std::uint32_t best_index = 0;
  for (std::uint32_t i = 1; i < ready.size(); ++i) {
    task = task->next;
    if (!goes_first(*task, *best)) continue;
    best = task;
    best_index = i;
  }
  return current != nullptr && goes_first(*current, *best) ? ready.size() : best_index;
}

std::uint32_t PctStrategy::pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) {
  count(current < cpus.size() ? cpus[current].task : nullptr);
  std::uint32_t best = 0;
  for (std::uint32_t i = 1; i < cpus.size(); ++i) {
    if (goes_first(*cpus[i].task, *cpus[best].task)) best = i;
  }
  return best;
}

}  // namespace brink
