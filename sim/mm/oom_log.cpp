// What the OOM killer prints (mm/oom_kill.c: dump_header, dump_tasks, oom_kill_process,
// Linux 2.6.30, 4.0 and 6.1). Page tables are counted as one: nr_pmds is 0, and users are all 0.

#include "sim/mm/mem_info.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/oom_reaper.hpp"
#include "sim/mm/printk.hpp"

namespace brink {

void OomKiller::dump_header(const OomRequest& request, KernelLog& log, const OomChoice* choice) {
  const Task& me = memory_.core().current();
  const Rules::Texts texts = memory_.rules().texts;
  const bool old = texts == Rules::Texts::v2_6;
  int adjustment = 0;
  for (const TaskView& task : tasks_) {
    if (task.id == me.id) adjustment = old ? task.oom_adj : task.oom_score_adj;
  }
  log.print(format_text("%s invoked oom-killer: gfp_mask=%s, order=%u, %s=%d", me.name(),
                        gfp_log_text(request.gfp, texts).c_str(), request.order,
                        old ? "oom_adj" : "oom_score_adj", adjustment));
  print_stack(log, me, texts);
  if (request.memcg != 0) dump_memcg(request, log, choice);
  if (request.memcg == 0 || old) print_mem_info(log, memory_);
  if (memory_.policies().oom->dump_tasks()) dump_tasks(log);
  if (texts != Rules::Texts::v6_1 || choice == nullptr) return;
  const Memcgs* const groups = memory_.memcgs();
  const bool group = request.memcg != 0;
  const std::string scope = group ? ",oom_memcg=" + groups->path(request.memcg) : ",global_oom";
  const Task& victim = memory_.core().task(choice->victim);
  log.print(
      format_text("oom-kill:constraint=%s,nodemask=(null)%s,task_memcg=%s,task=%s,pid=%d,uid=0",
                  group ? "CONSTRAINT_MEMCG" : "CONSTRAINT_NONE", scope.c_str(),
                  groups != nullptr ? groups->path(groups->of(victim)).c_str() : "/",
                  view_of(choice->victim).comm, static_cast<int>(choice->victim)));
}

/// mem_cgroup_print_oom_info(), or mem_cgroup_print_oom_meminfo(): what is charged against what.
/// Left out: memory+swap, kernel memory, and what the pages are.
void OomKiller::dump_memcg(const OomRequest& request, KernelLog& log,
                           const OomChoice* choice) const {
  const Memcgs& groups = *memory_.memcgs();
  const Task& me = memory_.core().current();
  const Rules::Texts texts = memory_.rules().texts;
  // 2.6.32 names the task that asks, not the one that dies.
  const bool victim = texts != Rules::Texts::v2_6 && choice != nullptr;
  const Task& task = victim ? memory_.core().task(choice->victim) : me;
  const bool names = texts == Rules::Texts::v2_6 || victim;
  if (names && texts != Rules::Texts::v6_1) {
    log.print(format_text("Task in %s killed as a result of limit of %s",
                          groups.path(groups.of(task)).c_str(),
                          groups.path(request.memcg).c_str()));
  }
  log.print(format_text("memory: usage %lukB, limit %lukB, failcnt %lu",
                        kib_of(groups.usage(request.memcg)), kib_of(groups.limit(request.memcg)),
                        groups.failcnt(request.memcg)));
}

void OomKiller::dump_tasks(KernelLog& log) const {
  const Rules::Texts texts = memory_.rules().texts;
  switch (texts) {
    case Rules::Texts::v2_6:
      log.print("[ pid ]   uid  tgid total_vm      rss cpu oom_adj name");
      break;
    case Rules::Texts::v4_0:
      log.print(
          "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name");
      break;
    case Rules::Texts::v6_1:
      log.print("Tasks state (memory values in pages):");
      log.print(
          "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
      break;
  }
  for (const TaskView& task : tasks_) {
    const bool unkillable = task.kthread || (task.init && texts != Rules::Texts::v2_6);
    if (!task.has_mm || unkillable) continue;
    const int id = static_cast<int>(task.id);
    switch (texts) {
      case Rules::Texts::v2_6:
        log.print(format_text("[%5d] %5d %5d %8lu %8lu %3d     %3d %s", id, 0, id, task.total_vm,
                              task.rss, memory_.core().task(task.id).cpu, task.oom_adj, task.comm));
        break;
      case Rules::Texts::v4_0:
        log.print(format_text("[%5d] %5d %5d %8lu %8lu %7lu %7d %8lu         %5d %s", id, 0, id,
                              task.total_vm, task.rss, task.page_tables, 0, task.swap_entries,
                              task.oom_score_adj, task.comm));
        break;
      case Rules::Texts::v6_1:
        log.print(format_text("[%7d] %5d %5d %8lu %8lu %8lu %8lu         %5d %s", id, 0, id,
                              task.total_vm, task.rss, task.page_tables * page_size,
                              task.swap_entries, task.oom_score_adj, task.comm));
        break;
    }
  }
}

void OomKiller::log_kill(const OomRequest& request, KernelLog& log, const OomChoice& choice) const {
  const char* const what = request.memcg != 0 ? "Memory cgroup out of memory" : "Out of memory";
  const TaskView& victim = view_of(choice.victim);
  const TaskView& chosen = choice.chosen == no_task ? victim : view_of(choice.chosen);
  const std::uint64_t points = choice.chosen == no_task ? choice.points : choice.chosen_points;
  const int id = static_cast<int>(victim.id);
  const int chosen_id = static_cast<int>(chosen.id);
  const unsigned long vm = kib_of(victim.total_vm), anon = kib_of(victim.rss);
  switch (memory_.rules().texts) {
    case Rules::Texts::v2_6:
      log.print(format_text("%s: kill process %d (%s) score %lu or a child", what, chosen_id,
                            chosen.comm, points));
      log.print(format_text("Killed process %d (%s)", id, victim.comm));
      return;
    case Rules::Texts::v4_0: {
      std::vector<ZoneView> zones;
      const Pages total = request.memcg != 0 ? memory_.memcgs()->limit(request.memcg)
                                             : memory_.view(GFP_KERNEL, zones).total;
      log.print(format_text("%s: Kill process %d (%s) score %lu or sacrifice child", what,
                            chosen_id, chosen.comm, points * 1000 / total));
      log.print(format_text("Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:0kB",
                            id, victim.comm, vm, anon));
      return;
    }
    case Rules::Texts::v6_1:
      log.print(format_text(
          "%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
          "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:%lukB oom_score_adj:%d",
          what, id, victim.comm, vm, anon, kib_of(victim.page_tables), victim.oom_score_adj));
      return;
  }
}

}  // namespace brink
