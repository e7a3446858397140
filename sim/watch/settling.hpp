// The settling phase (design §4): when an obliged task has made no progress of its own for W, bad
// luck stops and scheduling becomes fair for another W. What is still closed at its end is proved;
// a poll that went round and round in it is a livelock.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/sched/core.hpp"
#include "sim/watch/obligations.hpp"

namespace brink {

class Settling {
 public:
  /// Rounds in the settling phase from which on a poll without progress is a livelock.
  static constexpr std::uint64_t livelock_rounds = 1'000;

  Settling(const Core& core, const Obligations& obligations, Nanos length)
      : core_(core), obligations_(obligations), length_(length) {}

  bool on() const { return on_; }
  Nanos began() const { return began_; }
  Nanos ends() const { return began_ + length_; }

  /// The earliest time at which somebody will have been obliged for W without progress.
  Nanos due(std::span<const TaskId> tasks) const;

  void begin(Nanos now, std::span<const TaskId> tasks);
  void end(Nanos now);

  /// Of these tasks, those that are obliged and have made no progress since the phase began.
  std::vector<TaskId> stalled(std::span<const TaskId> tasks) const;
  /// Those that have gone round an unlimited loop at least livelock_rounds times in the phase,
  /// without progress; empty if nobody obliged is stalled.
  std::vector<TaskId> livelocked(std::span<const TaskId> tasks) const;

 private:
  Nanos idle_since(const Task& task) const;
  bool progressed(const Task& task) const;

  const Core& core_;
  const Obligations& obligations_;
  const Nanos length_;
  bool on_ = false;
  Nanos began_ = 0;
  Nanos last_end_ = 0;
  struct Before {
    Nanos progress_at = 0;
    Nanos loop_since = 0;
    std::uint64_t rounds = 0;
    bool looped = false;
  };
  std::vector<Before> before_;  ///< by task id: when the phase began
};

}  // namespace brink
