// The choices of a depth-first exploration, and its way from one schedule to the next.

#include "sim/sched/dfs.hpp"

#include <algorithm>

namespace brink {

DfsStrategy::DfsStrategy(std::uint32_t preemptions, Schedule prefix)
    : follower_(std::move(prefix)), preemptions_left_(preemptions) {}

void DfsStrategy::poll_round(const Task& task) {
  if (polled_.size() <= task.id) polled_.resize(task.id + 1);
  polled_[task.id] = true;
}

bool DfsStrategy::polled(const Task& task) const {
  return task.id < polled_.size() && polled_[task.id];
}

bool DfsStrategy::allowed(const Option& option, bool all_polled) const {
  if (option.preempts && preemptions_left_ == 0) return false;
  return all_polled || !polled(*option.task);
}

std::uint32_t DfsStrategy::pick_task(const ReadyQueue& ready, const Task* current, Why why) {
  options_.clear();
  // Who polls offers its CPU.
  const bool preempts = why == Why::point && !polled(*current);
  const Task* task = &ready.oldest();
  for (std::uint32_t i = 0; i < ready.size(); ++i, task = task->next) {
    options_.push_back({task, preempts});
  }
  if (current != nullptr) options_.push_back({current, false});
  return choose(default_choice(why, ready.size()));
}

std::uint32_t DfsStrategy::pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) {
  options_.clear();
  const bool could_go_on = current < cpus.size() && !polled(*cpus[current].task);
  for (std::uint32_t i = 0; i < cpus.size(); ++i) {
    options_.push_back({cpus[i].task, could_go_on && i != current});
  }
  return choose(default_cpu(cpus));
}

std::uint32_t DfsStrategy::choose(std::uint32_t usual) {
  const auto count = static_cast<std::uint32_t>(options_.size());
  const bool all_polled = std::all_of(options_.begin(), options_.end(),
                                      [this](const Option& o) { return polled(*o.task); });
  // The order in which they are tried: the default, then the others.
  const auto place = [usual, count](std::uint32_t i) {
    return i == 0 ? usual : i <= usual ? i - 1 : i;
  };
  std::uint32_t taken = none_left;
  std::uint32_t next = none_left;
  const bool follow = !follower_.at_end();
  const std::uint32_t wanted = follow ? follower_.next(count, usual) : none_left;
  for (std::uint32_t i = 0; i < count && next == none_left; ++i) {
    const std::uint32_t option = place(i);
    if (!allowed(options_[option], all_polled)) continue;
    if (taken != none_left) {
      next = option;
    } else if (!follow || option == wanted) {
      taken = option;
    }
  }
  if (taken == none_left) {
    follower_.misfit("option " + std::to_string(wanted) + " is beyond the bound on preemptions");
    taken = usual;
  }
  if (options_[taken].preempts && preemptions_left_ != 0) --preemptions_left_;
  if (all_polled) std::fill(polled_.begin(), polled_.end(), false);
  choices_.push_back({taken, usual, next});
  return taken;
}

std::optional<Schedule> DfsStrategy::next() const {
  std::size_t last = choices_.size();
  while (last != 0 && choices_[last - 1].next == none_left) --last;
  if (last == 0) return std::nullopt;
  Schedule prefix{true, last, {}};
  for (std::size_t i = 0; i < last; ++i) {
    const std::uint32_t choice = i + 1 == last ? choices_[i].next : choices_[i].taken;
    if (choice != choices_[i].usual) prefix.departures.push_back({i, choice});
  }
  return prefix;
}

void DfsStrategy::check() const {
  follower_.check();
  if (follower_.at_end()) return;
  throw ReplayMismatch(follower_.made(), "the run ended before its prefix did");
}

DfsStrategy* DfsExplorer::next() {
  if (!run_) {
    run_.emplace(preemptions_);
  } else {
    run_->check();
    const std::optional<Schedule> prefix = run_->next();
    if (!prefix) return nullptr;
    run_.emplace(preemptions_, *prefix);
  }
  ++runs_;
  return &*run_;
}

}  // namespace brink
