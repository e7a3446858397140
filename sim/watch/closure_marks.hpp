// Since when each task has been unable to progress, and the stalls: sets that closed and opened
// again.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/outcome.hpp"
#include "sim/sched/core.hpp"
#include "sim/watch/can_progress.hpp"

namespace brink {

class ClosureMarks {
 public:
  /// The longest stalls are kept, the others counted.
  static constexpr std::size_t stalls_max = 32;

  ClosureMarks(const Core& core, const Obligations& obligations)
      : core_(core), obligations_(obligations) {
    stalls_.reserve(stalls_max);
  }

  /// Takes over what `progress` has just computed. True if an obliged task is stuck.
  bool update(const CanProgress& progress, Nanos now);
  /// A task has ended, so whatever held it up has opened; the next update() says with whom.
  void exited(const Task& task, Nanos now);

  /// Whether it could not progress when last looked at.
  bool stuck(TaskId task) const { return task < marks_.size() && marks_[task].stuck; }
  bool any_stuck() const { return stuck_ != 0; }
  /// Since when, and after how many choices; only if stuck().
  Nanos since(TaskId task) const { return marks_[task].at; }
  std::uint64_t since_choice(TaskId task) const { return marks_[task].choice; }

  /// Whether what the rules say of a stuck task is beyond doubt. One that polls for something other
  /// than memory or a lock may find it done already: it must have asked anew since it became stuck,
  /// and as it may have been asking just then, that is two rounds.
  bool confirmed(const Task& task) const;
  /// True once: when the round that confirms it has been made.
  bool just_confirmed(const Task& task);

  std::vector<Finding> findings();

 private:
  struct Mark {
    Nanos at = 0;
    std::uint64_t choice = 0;
    Nanos progress_at = 0;     ///< of the task, when it became stuck
    Nanos loop_since = 0;      ///< likewise
    std::uint64_t rounds = 0;  ///< likewise
    bool stuck = false;
    bool obliged = false;
    bool confirmed = false;
  };
  struct Stall {
    Nanos at = 0, length = 0;
    TaskId task = no_task;
    std::uint32_t tasks = 0;
  };

  static bool went_on(const Task& task, const Mark& mark);
  void open(TaskId task, Nanos now);
  void record_stall();

  const Core& core_;
  const Obligations& obligations_;
  std::vector<Mark> marks_;  ///< by task id
  std::size_t stuck_ = 0;
  Stall opening_;  ///< what opens at the same time
  std::vector<Stall> stalls_;
  std::uint64_t shorter_ = 0;
};

}  // namespace brink
