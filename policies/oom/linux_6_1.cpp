// linux_6_1: the OOM killer of Linux 6.1 (mm/oom_kill.c, and the questions of
// __alloc_pages_may_oom() in mm/page_alloc.c). The worst process itself dies, gets half of the min
// mark at most, and keeps others alive only until its memory is gone or the reaper has given it up
// (MMF_OOM_SKIP). Nobody naps after a kill.
//
// Left out: memory cgroups and memory.oom.group, cpusets and NUMA policies, tasks that swapoff or
// KSM volunteered, OOM notifiers, process_mrelease().

#include "policies/builtin.hpp"
#include "policies/oom/candidates.hpp"

namespace brink {
namespace {

/// The least that a score can be: LONG_MIN says that the task must not be killed.
constexpr std::int64_t unscored = INT64_MIN;

/// oom_badness(): may be negative.
std::int64_t badness(const TaskView& task, Pages total) {
  if (unkillable(task) || !task.has_mm || task.oom_score_adj == oom_score_adj_min || task.skip ||
      task.vfork) {
    return unscored;
  }
  return static_cast<std::int64_t>(task.rss + task.swap_entries + task.page_tables) +
         task.oom_score_adj * static_cast<std::int64_t>(total / 1000);
}

/// task_will_free_mem(): killed or exiting, and its memory has not been taken already.
bool will_free(const TaskView& task) {
  return task.has_mm && !task.dumping_core && !task.skip && (task.fatal_signal || task.exiting);
}

class Linux61 final : public OomPolicy {
 public:
  explicit Linux61(Params& params)
      : sysctls_(params, true),
        timeout_(params),
        reaps_(params.boolean("reaper", true,
                              "a kernel thread takes the victim's memory if it does not exit by "
                              "itself (aac453635549, 4.6)")),
        reaper_delay_(params.duration("reaper_delay", 2 * seconds, 0, 3'600 * seconds,
                                      "how long after the kill the reaper begins "
                                      "(OOM_REAPER_DELAY; e4a38402c36e, 5.18)")) {}

  OomGate gate(const OomRequest& request) const override {
    // A fault is tried again without a kill; __GFP_NOFAIL goes on whatever it hears.
    if (request.page_fault) return OomGate::pretend;
    const OomGate no = has(request.gfp, Gfp::nofail) ? OomGate::pretend : OomGate::refuse;
    if (request.order > costly_order) return no;
    if (has_any(request.gfp, Gfp::retry_mayfail | Gfp::thisnode)) return no;
    if (has_any(request.gfp, Gfp::dma | Gfp::dma32)) return no;
    return OomGate::kill;
  }

  OomChoice choose(const OomView& view) const override {
    const TaskView* current = find(view, view.request.task);
    if (current != nullptr && will_free(*current)) {
      const auto kind = current->victim ? OomChoice::Kind::pretend : OomChoice::Kind::kill;
      return {kind, current->id, 0};
    }
    // Light reclaim is no reason to kill, only a task that is dying anyway gets its rights.
    if (!has(view.request.gfp, Gfp::fs)) return {OomChoice::Kind::pretend, no_task, 0};
    if (sysctls_.panics(view.request)) return {OomChoice::Kind::panic, no_task, 0};
    if (sysctls_.kill_allocating_task && view.request.memcg == 0 && current != nullptr &&
        current->has_mm && !unkillable(*current) && current->oom_score_adj != oom_score_adj_min) {
      return {OomChoice::Kind::kill, current->id, 0};
    }
    return select(view);
  }

  Nanos would_kill(const OomView& view) const override {
    return timeout_.would_kill(view, [this](const OomView& at) { return choose(at).kind; });
  }
  VictimRights rights() const override { return VictimRights::half_min; }
  bool rights_outlive_memory() const override { return true; }
  OomNap nap() const override { return OomNap::none; }
  Nanos reaper_delay() const override { return reaps_ ? reaper_delay_ : never; }
  bool dump_tasks() const override { return sysctls_.dump_tasks; }

 private:
  /// select_bad_process(): processes in the order in which they were created. The last among equals
  /// stays.
  OomChoice select(const OomView& view) const {
    const TaskView* chosen = nullptr;
    std::int64_t chosen_points = unscored;
    for (const TaskView& task : view.tasks) {
      if (unkillable(task)) continue;
      if (task.victim) {
        if (task.skip || !timeout_.lasts(task, view.now)) continue;
        return {OomChoice::Kind::wait, task.id, 0};
      }
      const std::int64_t points = badness(task, view.memory.total);
      if (points == unscored || points < chosen_points) continue;
      chosen = &task;
      chosen_points = points;
    }
    if (chosen == nullptr) return {OomChoice::Kind::nobody, no_task, 0};
    const auto points = static_cast<std::uint64_t>(std::max<std::int64_t>(chosen_points, 0));
    return {OomChoice::Kind::kill, chosen->id, points};
  }

  const OomSysctls sysctls_;
  const VictimTimeout timeout_;
  const bool reaps_;
  const Nanos reaper_delay_;
};

}  // namespace

std::unique_ptr<OomPolicy> make_linux_6_1_oom(Params& params) {
  return std::make_unique<Linux61>(params);
}

}  // namespace brink
