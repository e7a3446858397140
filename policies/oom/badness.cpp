// badness: the OOM killer of Linux 4.0 (mm/oom_kill.c, and the questions that
// __alloc_pages_may_oom() of mm/page_alloc.c asks first). One victim at a time: while an earlier
// one is still there, nobody else dies, which is half of every lockup between a victim and a lock.
//
// Left out: memory cgroups, cpusets and NUMA policies, tasks that swapoff or KSM volunteered, OOM
// notifiers, and threads: a task here is a process with a memory map of its own.

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

constexpr int never_killed = -1000;  // OOM_SCORE_ADJ_MIN

/// oom_unkillable_task().
bool unkillable(const TaskView& task) { return task.init || task.kthread; }

/// task_will_free_mem(): exiting, and not held up by a core dump.
bool will_free_memory(const TaskView& task) { return task.exiting && !task.dumping_core; }

/// oom_badness(): pages that killing the task would free, adjusted. 0 if it must not be killed.
std::uint64_t badness(const TaskView& task, Pages total) {
  if (unkillable(task) || !task.has_mm || task.oom_score_adj == never_killed) return 0;
  auto points = static_cast<std::int64_t>(task.rss + task.swap_entries + task.page_tables);
  if (task.admin) points -= points * 3 / 100;
  points += task.oom_score_adj * static_cast<std::int64_t>(total / 1000);
  return points > 0 ? static_cast<std::uint64_t>(points) : 1;
}

const TaskView* find(const OomView& view, TaskId id) {
  for (const TaskView& task : view.tasks) {
    if (task.id == id) return &task;
  }
  return nullptr;
}

/// oom_kill_process(): the worst child dies for its parent, so that least work is lost; first in
/// the list among equals. The parent itself only if no child can be killed.
OomChoice sacrifice(const OomView& view, const TaskView& task, std::uint64_t points) {
  OomChoice choice{OomChoice::Kind::kill, task.id, points};
  if (will_free_memory(task)) return choice;
  std::uint64_t worst = 0;
  for (const TaskView& child : view.tasks) {
    if (child.parent != task.id) continue;
    const std::uint64_t child_points = badness(child, view.memory.total);
    if (child_points <= worst) continue;
    worst = child_points;
    choice.victim = child.id;
    choice.points = child_points;
  }
  return choice;
}

/// select_bad_process(): tasks in the order in which they were created. The first among equals
/// stays.
OomChoice select(const OomView& view) {
  const TaskView* chosen = nullptr;
  std::uint64_t chosen_points = 0;
  for (const TaskView& task : view.tasks) {
    if (unkillable(task)) continue;
    // A victim that has not let go of its memory yet, or a task on its way out, is worth waiting
    // for.
    if (task.victim) return {OomChoice::Kind::wait, task.id, 0};
    if (!task.has_mm) continue;
    if (will_free_memory(task)) return {OomChoice::Kind::wait, task.id, 0};
    const std::uint64_t points = badness(task, view.memory.total);
    if (points <= chosen_points) continue;
    chosen = &task;
    chosen_points = points;
  }
  if (chosen == nullptr) return {OomChoice::Kind::nobody, no_task, 0};
  return sacrifice(view, *chosen, chosen_points);
}

class Badness final : public OomPolicy {
 public:
  explicit Badness(Params& params)
      : panic_(params.boolean("panic_on_oom", false,
                              "panic instead of killing, as vm.panic_on_oom = 1")),
        kill_allocating_task_(params.boolean(
            "kill_allocating_task", false,
            "kill the task that asks, without a search, as vm.oom_kill_allocating_task")) {}

  OomGate gate(const OomRequest& request) const override {
    // pagefault_out_of_memory() goes past the allocator's questions, __GFP_NOFAIL is excused them.
    if (request.page_fault || has(request.gfp, Gfp::nofail)) return OomGate::kill;
    // Killing does not make large blocks, nor low memory.
    if (request.order > costly_order) return OomGate::refuse;
    if (has_any(request.gfp, Gfp::dma | Gfp::dma32)) return OomGate::refuse;
    // Reclaim was light: there may be file system memory to free, only not by this task.
    if (!has(request.gfp, Gfp::fs)) return OomGate::pretend;
    if (has(request.gfp, Gfp::thisnode)) return OomGate::refuse;
    return OomGate::kill;
  }

  OomChoice choose(const OomView& view) const override {
    const TaskView* current = find(view, view.request.task);
    if (current != nullptr && current->has_mm &&
        (current->fatal_signal || will_free_memory(*current))) {
      // It is dying anyway: it gets a victim's rights, and asks again in vain if it has them.
      const auto kind = current->victim ? OomChoice::Kind::wait : OomChoice::Kind::kill;
      return {kind, current->id, 0};
    }
    if (panic_) return {OomChoice::Kind::nobody, no_task, 0};
    if (kill_allocating_task_ && current != nullptr && badness(*current, view.memory.total) != 0) {
      return sacrifice(view, *current, 0);
    }
    return select(view);
  }

  VictimRights rights() const override { return VictimRights::everything; }

 private:
  const bool panic_;
  const bool kill_allocating_task_;
};

}  // namespace

std::unique_ptr<OomPolicy> make_badness(Params& params) {
  return std::make_unique<Badness>(params);
}

}  // namespace brink
