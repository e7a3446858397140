// A machine from its parts to its outcome.

#include "sim/machine.hpp"

#include "sim/block/cdrom.hpp"
#include "sim/fs/procfs/procfs.hpp"
#include "sim/mm/hooks.hpp"
#include "sim/mm/overcommit.hpp"

namespace brink {
namespace {

CoreConfig core_config(const RunSpec& spec) {
  CoreConfig config;
  config.cpus = spec.machine.cpus;
  config.hz = spec.machine.hz;
  config.preempt = spec.machine.preempt;
  config.costs = spec.machine.costs;
  config.time_limit = spec.machine.time_limit;
  config.count_cpu_time = spec.oom_policy->wants_cpu_time();
  config.soft_lockup_limit = spec.machine.soft_lockup_limit;
  config.heartbeat = spec.heartbeat;
  return config;
}

MemorySetup memory_setup(const RunSpec& spec) {
  MemorySetup setup;
  setup.config.memory = spec.machine.memory;
  setup.config.reserved = spec.machine.reserved;
  setup.config.arch = spec.machine.arch;
  setup.config.min_free_kbytes = spec.machine.min_free_kbytes;
  setup.config.watermark_scale_factor = spec.machine.watermark_scale_factor;
  setup.config.swap = spec.machine.swap;
  setup.config.cpus = spec.machine.cpus;
  setup.config.overcommit = static_cast<OvercommitMode>(spec.machine.overcommit_memory);
  setup.config.overcommit_ratio = spec.machine.overcommit_ratio;
  setup.config.vfs_cache_pressure = spec.machine.vfs_cache_pressure;
  setup.config.single_step = spec.machine.single_step;
  setup.config.visit_exhausted = spec.machine.single_step;
  setup.config.keep_failures = spec.keep_failures;
  setup.config.memcgs = spec.machine.memcgs;
  setup.rules = spec.rules;
  setup.site_rule = spec.site_rule;
  setup.slab_spec = spec.slab_spec;
  setup.policies.alloc = spec.alloc_policy.get();
  setup.policies.oom = spec.oom_policy.get();
  setup.policies.reclaim = spec.reclaim_policy.get();
  setup.policies.switch_at = spec.switch_policy_at;
  setup.policies.alloc_then = spec.alloc_policy_then.get();
  if (spec.make_faults) setup.faults = spec.make_faults(spec.seed);
  return setup;
}

WatchConfig watch_config(const RunSpec& spec, Strategy& usual) {
  WatchConfig config;
  config.settle = spec.machine.settle;
  config.hung_task_timeout = spec.machine.hung_task_timeout;
  config.usual = &usual;
  return config;
}

const char* name(EventKind kind) {
  switch (kind) {
    case EventKind::context_switch: return "context_switch";
    case EventKind::lock_grant: return "lock_grant";
    case EventKind::alloc_answer: return "alloc_answer";
    case EventKind::page_list: return "page_list";
    case EventKind::fault_draw: return "fault_draw";
    case EventKind::time_advance: return "time_advance";
    case EventKind::syscall_return: return "syscall_return";
  }
  return "";
}

}  // namespace

Machine::Machine(const RunSpec& spec)
    : spec_(spec),
      strategy_(spec),
      core_(core_config(spec), strategy_.get()),
      locks_(core_, {spec.machine.lockdep, this}),
      pools_(core_, spec.machine.cpus),
      memory_(core_, locks_, memory_setup(spec)),
      block_(memory_),
      vfs_(memory_, block_),
      kernel_(memory_, vfs_),
      suppliers_(kernel_),
      obligations_(kernel_),
      watch_(core_, watch_config(spec, strategy_.get()), obligations_, &suppliers_, this),
      story_(core_),
      log_(core_, spec.rules.texts) {
  memory_.set_bug_sink(*this);
  if (spec.tell_story) memory_.set_story(&story_);
  kernel_.set_wait_view(&watch_.waits());
  if (spec.keep_log) memory_.set_log(&log_);
  if (spec.on_event || !spec.proc_files.empty()) core_.set_sink(this);
}

/// Whatever is left unwinds while all parts are still there.
Machine::~Machine() { core_.abort(); }

Outcome Machine::run() {
  boot();
  const RunEnd end = core_.run();
  if (proc_.empty()) read_proc();
  WatchResult result = watch_.finish(end, other_endings());
  strategy_.check(core_);

  Outcome outcome;
  outcome.run_id = spec_.run_id;
  outcome.verdict = result.verdict;
  outcome.reason = std::move(result.reason);
  outcome.has_lockup = result.has_lockup;
  outcome.lockup = std::move(result.lockup);
  outcome.findings = std::move(result.findings);
  memory_.failures().finish(result.stuck, Fate::unresolved);
  fill(outcome);
  return outcome;
}

// --- What others tell the machine.

void Machine::lockdep_report(Finding finding) {
  if (spec_.keep_log) log_.lockdep(finding.text);
  lockdep_findings_.push_back(std::move(finding));
}

void Machine::task_hung(const Task& task) {
  if (!spec_.keep_log) return;
  const std::vector<std::string> locks = held_locks(task);
  log_.hung_task(task, spec_.machine.hung_task_timeout, spec_.machine.lockdep ? &locks : nullptr);
}

void Machine::settling_began() {
  memory_.hooks().stop_transient();
  if (!spec_.tell_story) return;
  story_.tell("settling phase: bad luck that passes stops, scheduling is fair");
}

void Machine::settling_ended() {
  memory_.hooks().resume_transient();
  if (spec_.tell_story) story_.tell("settling phase over");
}

/// A change of tasks lies between two steps: no part of the model is in the middle of anything.
void Machine::event(Nanos time, EventKind kind, std::uint64_t a, std::uint64_t b) {
  if (kind == EventKind::context_switch && time >= spec_.proc_at && proc_.empty()) read_proc();
  if (spec_.on_event) spec_.on_event({name(kind), a, b});
}

void Machine::read_proc() {
  for (const std::string& wanted : spec_.proc_files) {
    for (const ProcFile& file : proc_files()) {
      if (wanted == file.name) proc_.push_back({wanted, core_.now(), file.read(memory_)});
    }
  }
}

std::vector<std::string> proc_file_names() {
  std::vector<std::string> names;
  for (const ProcFile& file : proc_files()) names.emplace_back(file.name);
  return names;
}

Outcome run_machine(const RunSpec& spec) { return Machine(spec).run(); }

}  // namespace brink
