// What the OOM policies share: who can be killed at all, who is on the way out, the sysctls, and
// the timeout that Tetsuo Handa proposed in 2015 and that no kernel has.
#pragma once

#include <algorithm>

#include "brink/params.hpp"
#include "brink/policy.hpp"

namespace brink {

inline constexpr int oom_score_adj_min = -1000;

/// oom_unkillable_task().
inline bool unkillable(const TaskView& task) { return task.init || task.kthread; }

/// task_will_free_mem() of 4.0: exiting, and not held up by a core dump.
inline bool will_free_memory(const TaskView& task) { return task.exiting && !task.dumping_core; }

inline bool shares_memory(const TaskView& a, const TaskView& b) {
  return a.mm != ~std::uint32_t{0} && a.mm == b.mm;
}

inline const TaskView* find(const OomView& view, TaskId id) {
  for (const TaskView& task : view.tasks) {
    if (task.id == id) return &task;
  }
  return nullptr;
}

/// oom_badness() of 2.6.36 to 4.16: pages that killing the task would free, adjusted. 0 if it must
/// not be killed.
std::uint64_t rss_badness(const TaskView& task, Pages total);

/// oom_kill_process() of 2.6.36 to 4.16: the worst child dies for its parent, so that least work is
/// lost; first in the list among equals. The parent itself only if no child can be killed.
OomChoice sacrifice_child(const OomView& view, const TaskView& task, std::uint64_t points);

/// vm.panic_on_oom, vm.oom_kill_allocating_task, vm.oom_dump_tasks.
struct OomSysctls {
  OomSysctls(Params& params, bool dumps)
      : panic(params.integer("panic_on_oom", 0, {0, 2},
                             "panic instead of killing, as vm.panic_on_oom: 1 if the whole machine "
                             "is out of memory, 2 if a memory cgroup is as well")),
        kill_allocating_task(params.boolean(
            "kill_allocating_task", false,
            "kill the task that asks, without a search, as vm.oom_kill_allocating_task")),
        dump_tasks(params.boolean("dump_tasks", dumps,
                                  "the kernel's log has a table of all tasks for each kill, as "
                                  "vm.oom_dump_tasks")) {}
  /// check_panic_on_oom().
  bool panics(const OomRequest& request) const {
    return panic != 0 && (panic == 2 || request.memcg == 0);
  }
  const std::int64_t panic;
  const bool kill_allocating_task;
  const bool dump_tasks;
};

/// How long an earlier victim keeps others alive.
class VictimTimeout {
 public:
  explicit VictimTimeout(Params& params)
      : timeout_(params.duration("timeout", 0, 0, 3'600 * seconds,
                                 "how long after a kill the victim may still be there before "
                                 "another is chosen; 0: for ever, as in every kernel")) {}

  /// Whether the victim is still worth waiting for.
  bool lasts(const TaskView& victim, Nanos now) const {
    return timeout_ == 0 || now < victim.victim_since + timeout_;
  }
  /// When choose(), which waits now, would kill if only time passed: once it has waited long enough
  /// for each victim, unless it waits for something else too. `choose_at` answers for a time.
  template <class Choose>
  Nanos would_kill(const OomView& view, Choose&& choose_at) const {
    if (choose_at(view) == OomChoice::Kind::kill) return view.now;
    if (timeout_ == 0) return never;
    OomView later = view;
    for (const TaskView& task : view.tasks) {
      if (task.victim) later.now = std::max(later.now, task.victim_since + timeout_);
    }
    if (later.now == view.now) return never;
    return choose_at(later) == OomChoice::Kind::kill ? later.now : never;
  }

 private:
  const Nanos timeout_;
};

}  // namespace brink
