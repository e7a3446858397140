// Probabilistic concurrency testing (Burckhardt and others, ASPLOS 2010): tasks have random,
// distinct priorities; the highest that can run does; at d - 1 random choices the running task
// falls below all that have not fallen. A bug that takes d ordering constraints among n tasks and k
// choices is found with a probability of at least 1 / (n k^(d-1)).
//
// Beyond the paper: a task that goes round a poll loop, or offers its CPU, falls below all others,
// or its loop would starve whoever could end it; and of several CPUs that with the highest task
// steps.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/random.hpp"
#include "sim/sched/strategy.hpp"

namespace brink {

class PctStrategy final : public Strategy {
 public:
  /// `depth` d ≥ 1; the d - 1 changes are spread over the first `choices` k ≥ 1 choices.
  PctStrategy(std::uint64_t seed, std::uint32_t depth, std::uint64_t choices);

  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) override;
  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) override;
  bool asks_at_points() const override { return true; }
  void poll_round(const Task& task) override { sink(task); }

 private:
  struct Change {
    std::uint64_t choice;
    std::int64_t priority;
  };

  /// Counts a choice, and lets the running task fall if a change is due.
  void count(const Task* running);
  void sink(const Task& task) { priority(task) = --lowest_; }
  std::int64_t& priority(const Task& task);
  bool goes_first(const Task& a, const Task& b);

  Random luck_;
  std::vector<Change> changes_;           ///< the next one last
  std::vector<std::int64_t> priorities_;  ///< by task
  std::uint64_t choices_ = 0;
  std::int64_t lowest_ = 0;
};

}  // namespace brink
