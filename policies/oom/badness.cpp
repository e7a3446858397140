// badness: the OOM killer of Linux 4.0 (mm/oom_kill.c, and the questions that
// __alloc_pages_may_oom() of mm/page_alloc.c asks first). One victim at a time: while an earlier
// one is still there, nobody else dies, which is half of every lockup between a victim and a lock.
//
// Left out: memory cgroups, cpusets and NUMA policies, tasks that swapoff or KSM volunteered, OOM
// notifiers, and threads: a task here is a process with a memory map of its own.

#include "policies/builtin.hpp"
#include "policies/oom/candidates.hpp"

namespace brink {
namespace {

class Badness final : public OomPolicy {
 public:
  explicit Badness(Params& params) : sysctls_(params, true), timeout_(params) {}

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
    if (sysctls_.panics(view.request)) return {OomChoice::Kind::panic, no_task, 0};
    if (sysctls_.kill_allocating_task && view.request.memcg == 0 && current != nullptr &&
        rss_badness(*current, view.memory.total) != 0) {
      return sacrifice_child(view, *current, 0);
    }
    return select(view);
  }

  Nanos would_kill(const OomView& view) const override {
    return timeout_.would_kill(view, [this](const OomView& at) { return choose(at).kind; });
  }
  VictimRights rights() const override { return VictimRights::everything; }
  bool dump_tasks() const override { return sysctls_.dump_tasks; }

 private:
  /// select_bad_process(): tasks in the order in which they were created. The first among equals
  /// stays.
  OomChoice select(const OomView& view) const {
    const TaskView* chosen = nullptr;
    std::uint64_t chosen_points = 0;
    for (const TaskView& task : view.tasks) {
      if (unkillable(task)) continue;
      // A victim that has not let go of its memory yet, or a task on its way out, is worth waiting
      // for.
      if (task.victim) {
        if (timeout_.lasts(task, view.now)) return {OomChoice::Kind::wait, task.id, 0};
        continue;
      }
      if (!task.has_mm) continue;
      if (will_free_memory(task)) return {OomChoice::Kind::wait, task.id, 0};
      const std::uint64_t points = rss_badness(task, view.memory.total);
      if (points <= chosen_points) continue;
      chosen = &task;
      chosen_points = points;
    }
    if (chosen == nullptr) return {OomChoice::Kind::nobody, no_task, 0};
    return sacrifice_child(view, *chosen, chosen_points);
  }

  const OomSysctls sysctls_;
  const VictimTimeout timeout_;
};

}  // namespace

std::unique_ptr<OomPolicy> make_badness(Params& params) {
  return std::make_unique<Badness>(params);
}

}  // namespace brink
