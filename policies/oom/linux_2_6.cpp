// linux_2_6: the OOM killer of Linux 2.6.30 to 2.6.35 (mm/oom_kill.c), with what
// __alloc_pages_internal() of 2.6.30 or __alloc_pages_may_oom() of 2.6.31 and 2.6.32 ask first.
// Scores go by virtual memory, shifted by oom_adj; a child dies for its parent. A victim keeps
// others alive for as long as it has memory.
//
// Left out: memory cgroups, cpusets and NUMA policies, tasks that run swapoff, OOM notifiers. If
// whoever shares the victim's memory has oom_adj -17 the kernel gives up and searches again, and
// finds the same task for ever; here the next worst is tried.

#include <vector>

#include "brink/isqrt.hpp"
#include "policies/builtin.hpp"
#include "policies/oom/candidates.hpp"

namespace brink {
namespace {

constexpr int oom_disable = -17;
/// 2,048 jiffies at 250 Hz (SHIFT_HZ + 3), and 1,024 s: what times are divided by.
constexpr Nanos cpu_unit = 8'192 * ms;
constexpr Nanos run_unit = 1'024 * seconds;

std::uint64_t adjusted(std::uint64_t points, int oom_adj) {
  if (oom_adj < 0) return points >> -oom_adj;
  if (oom_adj > 0 && points == 0) points = 1;
  return points << oom_adj;
}

/// badness().
std::uint64_t vm_badness(const OomView& view, const TaskView& task) {
  if (!task.has_mm) return 0;
  std::uint64_t points = task.total_vm;
  for (const TaskView& child : view.tasks) {
    if (child.parent != task.id || !child.has_mm || shares_memory(child, task)) continue;
    points += child.total_vm / 2 + 1;
  }
  const std::uint64_t cpu_time = task.cpu_time / cpu_unit;
  const std::uint64_t run_time = (view.now - std::min(view.now, task.started)) / run_unit;
  if (cpu_time != 0) points /= isqrt(cpu_time);
  if (run_time != 0) points /= isqrt(isqrt(run_time));
  if (task.nice > 0) points *= 2;
  if (task.admin || task.resource) points /= 4;
  if (task.rawio) points /= 4;
  return adjusted(points, task.oom_adj);
}

class Linux26 final : public OomPolicy {
 public:
  explicit Linux26(Params& params)
      : sysctls_(params, false),
        timeout_(params),
        costly_nofail_(params.boolean("costly_nofail", true,
                                      "requests that must not fail kill for high orders too "
                                      "(2.6.31); until 2.6.30 they fail")) {}

  OomGate gate(const OomRequest& request) const override {
    if (request.page_fault) return OomGate::kill;
    if (!has(request.gfp, Gfp::fs) || has(request.gfp, Gfp::noretry)) return OomGate::bypass;
    const bool excused = costly_nofail_ && has(request.gfp, Gfp::nofail);
    return request.order > costly_order && !excused ? OomGate::refuse : OomGate::kill;
  }

  OomChoice choose(const OomView& view) const override {
    // Its mem_cgroup_out_of_memory() does not look at the sysctls.
    if (sysctls_.panic != 0 && view.request.memcg == 0) return {OomChoice::Kind::panic, no_task, 0};
    const TaskView* current = find(view, view.request.task);
    if (sysctls_.kill_allocating_task && view.request.memcg == 0 && current != nullptr &&
        current->has_mm) {
      const OomChoice choice = kill_process(view, *current, 0);
      if (choice.kind == OomChoice::Kind::kill) return choice;
    }
    return select(view, current);
  }

  Nanos would_kill(const OomView& view) const override {
    return timeout_.would_kill(view, [this](const OomView& at) { return choose(at).kind; });
  }
  VictimRights rights() const override { return VictimRights::everything; }
  bool rights_outlive_memory() const override { return true; }
  OomNap nap() const override { return OomNap::always; }
  bool dump_tasks() const override { return sysctls_.dump_tasks; }
  bool wants_cpu_time() const override { return true; }

 private:
  struct Scored {
    const TaskView* task;
    std::uint64_t points;
  };

  /// select_bad_process() and what follows.
  OomChoice select(const OomView& view, const TaskView* current) const {
    std::vector<Scored> candidates;
    for (const TaskView& task : view.tasks) {
      if (!task.has_mm || task.init) continue;
      if (task.victim && timeout_.lasts(task, view.now)) {
        return {OomChoice::Kind::wait, task.id, 0};
      }
      if (task.exiting && !task.victim) {
        if (&task != current) return {OomChoice::Kind::wait, task.id, 0};
        candidates.push_back({&task, ~std::uint64_t{0}});
        continue;
      }
      if (task.victim || task.oom_adj == oom_disable) continue;
      candidates.push_back({&task, vm_badness(view, task)});
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Scored& a, const Scored& b) { return a.points > b.points; });
    for (const Scored& worst : candidates) {
      const OomChoice choice = kill_process(view, *worst.task, worst.points);
      if (choice.kind == OomChoice::Kind::kill) return choice;
    }
    return {OomChoice::Kind::nobody, no_task, 0};
  }

  /// oom_kill_process(): the first child that may be killed dies, or else the task itself.
  static OomChoice kill_process(const OomView& view, const TaskView& task, std::uint64_t points) {
    const OomChoice choice{OomChoice::Kind::kill, task.id, points, task.id, points};
    if (task.exiting) return choice;
    for (const TaskView& child : view.tasks) {
      if (child.parent != task.id || shares_memory(child, task) || !may_kill(view, child)) continue;
      return {OomChoice::Kind::kill, child.id, vm_badness(view, child), task.id, points};
    }
    return may_kill(view, task) ? choice : OomChoice{OomChoice::Kind::nobody, no_task, 0};
  }

  /// oom_kill_task(): not if anybody who has the same memory is exempt.
  static bool may_kill(const OomView& view, const TaskView& task) {
    if (!task.has_mm || task.init || task.oom_adj == oom_disable) return false;
    return std::none_of(view.tasks.begin(), view.tasks.end(), [&](const TaskView& other) {
      return shares_memory(other, task) && other.oom_adj == oom_disable;
    });
  }

  const OomSysctls sysctls_;
  const VictimTimeout timeout_;
  const bool costly_nofail_;
};

}  // namespace

std::unique_ptr<OomPolicy> make_linux_2_6_oom(Params& params) {
  return std::make_unique<Linux26>(params);
}

}  // namespace brink
