// The keys of a [[memcg]], and those of a [[task]] that are not its program's own.

#include <algorithm>

#include "experiment/machine_reader.hpp"

namespace brink {
namespace {

Rlimits read_rlimits(Params params) {
  Rlimits limits;
  const auto read = [&params](const char* key, std::uint64_t& limit, const char* meaning) {
    const std::uint64_t given = params.size(key, 0, 0, 16 * TiB, meaning);
    if (params.has(key)) limit = given;
  };
  read("as", limits.as, "RLIMIT_AS: all that is mapped; without the key there is no limit");
  read("data", limits.data, "RLIMIT_DATA: the heap; likewise");
  read("stack", limits.stack, "RLIMIT_STACK: an area that grows down; likewise");
  read("memlock", limits.memlock, "RLIMIT_MEMLOCK: what is locked in memory; likewise");
  const std::int64_t processes = params.integer("nproc", 0, {0, 1'000'000},
                                                "RLIMIT_NPROC: processes of the machine; likewise");
  if (params.has("nproc")) limits.nproc = static_cast<std::uint64_t>(processes);
  params.done();
  return limits;
}

/// oom_adj and oom_score_adj are one thing on two scales (fs/proc/base.c, Linux 4.0).
void read_oom_adjustment(Params& params, TaskConfig& task) {
  constexpr int disable = -17, adj_max = 15, score_max = 1'000;
  task.oom_score_adj = static_cast<int>(
      params.integer("oom_score_adj", 0, {-score_max, score_max}, "as /proc/PID/oom_score_adj"));
  task.oom_adj = static_cast<int>(
      params.integer("oom_adj", 0, {disable, adj_max},
                     "as /proc/PID/oom_adj, the scale before 2.6.36: each kernel sees either key "
                     "on its own scale"));
  if (params.has("oom_adj") && params.has("oom_score_adj")) {
    params.reject("oom_adj", "is the same as oom_score_adj on another scale: set one of them");
  }
  if (params.has("oom_adj")) {
    task.oom_score_adj = task.oom_adj == adj_max ? score_max : task.oom_adj * score_max / -disable;
  } else {
    task.oom_adj =
        task.oom_score_adj == score_max ? adj_max : task.oom_score_adj * -disable / score_max;
  }
}

void read_credentials(Params& params, TaskConfig& task) {
  task.nice = static_cast<int>(params.integer(
      "nice", 0, {-20, 19}, "its nice value, which the OOM killer before 2.6.36 looks at"));
  const char* const meaning = "it has that capability, as root has; OOM killers may spare it";
  task.sys_admin = params.boolean("sys_admin", false, meaning);
  task.sys_resource = params.boolean("sys_resource", false, meaning);
  task.sys_rawio = params.boolean("sys_rawio", false, meaning);
}

}  // namespace

MemcgConfig read_memcg(Params& params, MemcgConfigs memcgs) {
  const auto known = [memcgs](const std::string& name) {
    return std::any_of(memcgs.begin(), memcgs.end(),
                       [&name](const MemcgConfig& memcg) { return memcg.name == name; });
  };
  MemcgConfig memcg;
  memcg.name = params.text("name", "", "what tasks and later memory cgroups call it; required");
  if (known(memcg.name)) params.reject("name", "there is such a memory cgroup already");
  memcg.limit = params.size("limit", 64 * MiB, page_size, 16 * TiB,
                            "how much its tasks' pages may be together: anonymous memory, page "
                            "cache and tmpfs");
  memcg.parent = params.text("parent", "",
                             "an earlier [[memcg]] that it is in, whose limit counts for its tasks "
                             "as well; without it, the root, which has none");
  if (!memcg.parent.empty() && !known(memcg.parent)) {
    params.reject("parent", "no earlier [[memcg]] is called \"" + memcg.parent + "\"");
  }
  memcg.oom_kill_disable = params.boolean(
      "oom_kill_disable", false,
      "as in memory.oom_control: nobody is killed at its limit, user space is to make room, and "
      "never does; without effect where rules.memcg_oom is kill_and_fail, which has no such thing");
  params.done();
  return memcg;
}

TaskConfig read_task_keys(Params& params) {
  TaskConfig task;
  task.program =
      params.text("program", "", "what it runs: a row of `brink list programs`; required");
  task.count = static_cast<std::uint32_t>(
      params.integer("count", 1, {1, 100'000}, "how many processes run it"));
  task.daemon = params.boolean("daemon", false, "the run does not wait for it to end");
  task.rlimits = read_rlimits(params.table("rlimits", "limits of each process (setrlimit)"));
  read_oom_adjustment(params, task);
  read_credentials(params, task);
  task.sched_class = static_cast<SchedClass>(
      params.choice("sched", static_cast<std::size_t>(task.sched_class), {"fifo", "normal", "idle"},
                    "its scheduling class: while a task of a higher one wants a CPU, none of a "
                    "lower one gets it; "
                    "fifo is real-time without throttling"));
  task.parent = params.text("parent", "",
                            "the program of an earlier [[task]], whose first process is its "
                            "parent; without it, init is");
  task.memcg = params.text("memcg", "",
                           "the [[memcg]] that it and its children belong to; without it, none");
  task.start = params.duration("start", 0, 0, year, "virtual time at which it starts");
  return task;
}

}  // namespace brink
