// The hung task detector (kernel/hung_task.c, Linux 4.0): once every timeout it looks for tasks in
// TASK_UNINTERRUPTIBLE whose switch count has not moved since it last looked. So it reports a task
// after one to two timeouts, and never one that naps in a loop. At most ten reports, as in Linux;
// what hangs at the end is known all the same. Left out: the panic option, and tasks that are
// frozen.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "brink/outcome.hpp"
#include "sim/sched/core.hpp"

namespace brink {

class HungTasks {
 public:
  static constexpr std::size_t warnings_max = 10;  // sysctl_hung_task_warnings

  HungTasks(const Core& core, Nanos timeout) : core_(core), timeout_(timeout) {}

  /// khungtaskd's look, once every timeout, at these tasks. Adds a finding for each task that hangs
  /// and did not before, and lengthens those that go on.
  /// Returns whom it has warned of.
  std::vector<TaskId> check(std::span<const TaskId> tasks, Nanos now,
                            std::vector<Finding>& findings);

  /// Tasks that were found hanging and have not moved since.
  std::vector<TaskId> still_hung() const;

 private:
  struct Seen {
    std::uint64_t switches = 0;
    bool hung = false;
    std::uint32_t finding = ~std::uint32_t{0};
  };

  static bool uninterruptible(const Task& task);

  const Core& core_;
  const Nanos timeout_;
  std::vector<Seen> seen_;  ///< by task id
  std::size_t warnings_ = 0;
};

}  // namespace brink
