// Scores and sacrifices that several OOM policies share (mm/oom_kill.c, Linux 2.6.36 to 4.16).

#include "policies/oom/candidates.hpp"

namespace brink {

std::uint64_t rss_badness(const TaskView& task, Pages total) {
  if (unkillable(task) || !task.has_mm || task.oom_score_adj == oom_score_adj_min) return 0;
  auto points = static_cast<std::int64_t>(task.rss + task.swap_entries + task.page_tables);
  if (task.admin) points -= points * 3 / 100;
  points += task.oom_score_adj * static_cast<std::int64_t>(total / 1000);
  return points > 0 ? static_cast<std::uint64_t>(points) : 1;
}

OomChoice sacrifice_child(const OomView& view, const TaskView& task, std::uint64_t points) {
  OomChoice choice{OomChoice::Kind::kill, task.id, points, task.id, points};
  if (will_free_memory(task)) return choice;
  std::uint64_t worst = 0;
  for (const TaskView& child : view.tasks) {
    if (child.parent != task.id || shares_memory(child, task)) continue;
    const std::uint64_t child_points = rss_badness(child, view.memory.total);
    if (child_points <= worst) continue;
    worst = child_points;
    choice.victim = child.id;
    choice.points = child_points;
  }
  return choice;
}

}  // namespace brink
