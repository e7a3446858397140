// Every schedule of a small program, one run each, depth first: the explorer lets each run repeat
// the last one up to its latest choice that had options left, take the next of them, and go on with
// first options. With a bound on preemptions (Musuvathi and Qadeer, PLDI 2007) that ends early
// enough.
//
// A preemption is: to take another task at a point where the current one could go on, or to let
// another CPU step while the one that stepped last has a task. A task that has gone round a poll
// loop is offered again only when all others that can run have polled too, or loops would make
// schedules without end.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/sched/replay.hpp"
#include "sim/sched/strategy.hpp"

namespace brink {

/// One run of an exploration.
class DfsStrategy final : public Strategy {
 public:
  /// The run begins with the choices of `prefix`, of which every one must be within the bound.
  explicit DfsStrategy(std::uint32_t preemptions, Schedule prefix = {});

  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) override;
  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) override;
  bool asks_at_points() const override { return true; }
  void poll_round(const Task& task) override;

  /// How the next run begins, after this one; none if this was the last.
  std::optional<Schedule> next() const;
  /// Throws ReplayMismatch if the run did not fit its prefix.
  void check() const;

 private:
  struct Option {
    const Task* task;
    bool preempts;
  };
  struct Choice {
    std::uint32_t taken;
    std::uint32_t usual;
    std::uint32_t next;  ///< the option to try after it; none_left if there is none
  };
  static constexpr std::uint32_t none_left = ~std::uint32_t{0};

  std::uint32_t choose(std::uint32_t usual);
  bool allowed(const Option& option, bool all_polled) const;
  bool polled(const Task& task) const;

  ScheduleFollower follower_;
  std::uint32_t preemptions_left_;
  std::vector<Option> options_;  ///< of the choice at hand
  std::vector<Choice> choices_;
  std::vector<bool> polled_;  ///< by task: has gone round a loop, and others have not yet
};

/// Goes through all schedules, of one program that is deterministic but for them.
class DfsExplorer {
 public:
  explicit DfsExplorer(std::uint32_t preemptions) : preemptions_(preemptions) {}

  /// The strategy for the next run, valid until the next call; null when every schedule has been
  /// run. Throws ReplayMismatch if the last run did not do what the same choices led to before.
  DfsStrategy* next();

  /// Runs handed out so far.
  std::uint64_t runs() const { return runs_; }

 private:
  const std::uint32_t preemptions_;
  std::optional<DfsStrategy> run_;
  std::uint64_t runs_ = 0;
};

}  // namespace brink
