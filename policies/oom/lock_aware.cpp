// lock_aware: the worst task by the scores of Linux 4.0 among those that can exit. It asks the wait
// graph and never chooses a task that waits, in a way that a signal does not end, for somebody who
// is stuck. A victim that turns out to be stuck keeps nobody else alive. No kernel has this.
//
// Its limits: what a victim will need on its way out (its mmap_sem, locks of files that it closes,
// memory for that) is not foreseen; of a loop for memory it is taken that a victim's rights end it,
// which an empty reserve may belie; and if nobody can exit, nobody dies.

#include "policies/builtin.hpp"
#include "policies/oom/simple_killer.hpp"

namespace brink {
namespace {

class LockAware final : public SimpleKiller {
 public:
  bool dump_tasks() const override { return true; }

 private:
  OomChoice search(const OomView& view) const override {
    const TaskView* chosen = nullptr;
    std::uint64_t chosen_points = 0;
    bool all_stuck = false;
    for (const TaskView& task : view.tasks) {
      if (unkillable(task)) continue;
      const bool leaving = task.victim || (task.has_mm && will_free_memory(task));
      if (leaving && progresses(view, task)) return {OomChoice::Kind::wait, task.id, 0};
      if (leaving || !candidate(task)) continue;
      const std::uint64_t points = rss_badness(task, view.memory.total);
      if (points <= chosen_points) continue;
      if (!exits(view, task)) {
        all_stuck = true;
        continue;
      }
      chosen = &task;
      chosen_points = points;
    }
    if (chosen != nullptr) return {OomChoice::Kind::kill, chosen->id, chosen_points};
    return {all_stuck ? OomChoice::Kind::wait : OomChoice::Kind::nobody, no_task, 0};
  }

  static bool progresses(const OomView& view, const TaskView& task) {
    return view.waits == nullptr || view.waits->can_progress(task.id);
  }
  static bool exits(const OomView& view, const TaskView& task) {
    return view.waits == nullptr || view.waits->can_exit(task.id);
  }
};

}  // namespace

std::unique_ptr<OomPolicy> make_lock_aware(Params&) { return std::make_unique<LockAware>(); }

}  // namespace brink
