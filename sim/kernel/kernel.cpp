// Processes from spawn to the return to user mode; the view that the OOM killer has of them.

#include "sim/kernel/kernel.hpp"

#include <cerrno>

#include "sim/kernel/calls.hpp"
#include "sim/locking/lock.hpp"
#include "sim/mm/memcg.hpp"

namespace brink {
namespace {

std::string mm_name(const void* process) {
  const Process& self = *static_cast<const Process*>(process);
  return self.task != nullptr ? std::string(self.task->name()) + "/" + std::to_string(self.task->id)
                              : "?";
}

}  // namespace

Process::Process(Kernel& in, const ProcessConfig& config)
    : kernel(in),
      program(config.program),
      child(config.child),
      body(config.body),
      argument(config.argument),
      instance(config.instance),
      oom_score_adj(config.oom_score_adj),
      oom_adj(config.oom_adj),
      nice(config.nice),
      sys_admin(config.sys_admin),
      sys_resource(config.sys_resource),
      sys_rawio(config.sys_rawio),
      start(config.start),
      shared(config.shared != nullptr ? *config.shared : own),
      random(config.random),
      mm(in.memory(), {mm_name, this}),
      files(in.memory()),
      child_exit(in.core(), *this) {
  mm.set_limits(config.rlimits);
}

Kernel::Kernel(Memory& memory, Vfs& vfs)
    : core_(memory.core()), memory_(memory), vfs_(vfs), taskstats_(memory.slab_cache("taskstats")) {
  memory_.set_oom_host(*this);
  vfs_.set_task_work(*this);
  memory_.locks().lock_class("mm.mmap_sem").set_resolver(*this);
}

Kernel::~Kernel() = default;

// --- Boot and spawn.

void Kernel::boot(std::function<void()> setup) {
  setup_ = std::move(setup);
  ProcessConfig config;
  config.comm = "init";
  init_ = std::make_unique<Process>(*this, config);
  init_->init = true;
  init_->task = &core_.spawn("init", {run_init, this});
  init_->task->process = init_.get();
  init_->task->set(DAEMON);
}

void Kernel::run_init(void* kernel) {
  Kernel& self = *static_cast<Kernel*>(kernel);
  self.setup_();
  self.setup_ = nullptr;
  for (;;) static_cast<void>(self.core_.park(idle_wait, WaitMode::interruptible));
}

Process& Kernel::spawn(const ProcessConfig& config) {
  BRINK_ASSERT(init_ != nullptr && (config.program != nullptr || config.body != nullptr));
  Process& process = *processes_.emplace_back(std::make_unique<Process>(*this, config));
  process.parent = config.parent != nullptr ? config.parent->task->id : init_->task->id;
  ++live_;
  process.started = core_.now();
  process.task = &core_.spawn(config.comm, {run_process, &process}, config.sched_class);
  process.task->process = &process;
  if (config.daemon) process.task->set(DAEMON);
  if (!config.memcg.empty()) {
    memory_.memcgs()->join(*process.task, memory_.memcgs()->find(config.memcg));
  }
  return process;
}

void Kernel::run_process(void* process) {
  Process& self = *static_cast<Process*>(process);
  self.kernel.run(self);
}

void Kernel::run(Process& process) {
  if (core_.now() < process.start) core_.sleep_until(process.start);
  bool killed = false;
  {
    ProcessCalls calls(process);
    try {
      if (process.program != nullptr) {
        process.exit_code = process.program->main(calls);
      } else if (process.child) {
        process.exit_code = process.child(calls);
      } else {
        process.body(calls, process.argument);
      }
    } catch (const ProcessEnd&) {
      killed = true;
    }
    calls.ended(killed);
  }
  do_exit(process);
}

// --- System calls.

void Kernel::begin(Process& process, Sys number) {
  process.syscall = number;
  process.entered = core_.now();
  memory_.failures().enter_syscall(*process.task, table_.name(number));
}

void Kernel::enter(Process& process, Sys number) {
  BRINK_ASSERT(process.entered == never);
  if (process.failed_error != 0) {
    // The program goes on as if nothing had happened.
    table_.count(process.failed, process.failed_error, Reaction::ignored);
    process.failed_error = 0;
  }
  begin(process, number);
  core_.charge(core_.costs().syscall);
  core_.point(Point::primitive);
}

std::int64_t Kernel::leave(Process& process, std::int64_t result) {
  Task& task = *process.task;
  if (!process.work.empty()) run_task_work(process);
  const char* const name = table_.name(process.syscall);
  check_locks(process, name);
  check_signals(process);
  const int error = result < 0 && result > -4096 ? static_cast<int>(-result) : 0;
  FailureLedger& failures = memory_.failures();
  if (error == 0 && task.failures != nullptr && !task.failures->empty()) {
    for (SuperBlock* sb : vfs_.super_blocks()) sb->settle_success(task);
  }
  if (failures.settle_syscall(task, name, result)) {
    bug(std::string(name) +
        " reported success although an allocation had failed and its effect was lost");
  }
  core_.note(EventKind::syscall_return,
             std::uint64_t{task.id} << 16 | static_cast<std::uint64_t>(process.syscall),
             static_cast<std::uint64_t>(result));
  table_.count(process.syscall, error);
  ++memory_.counters().syscalls;
  if (error != 0) {
    tell_error(process, error);
    process.failed = process.syscall;
    process.failed_error = error;
  }
  task.progress_at = core_.now();
  process.entered = never;
  core_.point(Point::user);
  check_signals(process);
  return result;
}

/// An errno is worth telling unless it is what a lookup of nothing returns.
void Kernel::tell_error(const Process& process, int error) const {
  Story* const story = memory_.story();
  if (story == nullptr || error == ENOENT) [[likely]]
    return;
  story->tell(std::string(process.task->name()) + ":" + std::to_string(process.task->id) + ": " +
              table_.name(process.syscall) + " returns " + errno_name(error));
}

void Kernel::check_signals(Process& process) {
  if (!process.task->has(FATAL_SIGNAL)) return;
  // User space does not see what the call came to.
  memory_.failures().settle_killed(*process.task);
  process.exit_code = 128 + 9;
  throw ProcessEnd{};
}

void Kernel::check_locks(const Process& process, const char* where) {
  if (process.task->locks == nullptr) [[likely]]
    return;
  for (const std::string& lock : held_locks(*process.task)) {
    bug("lock held at return from " + std::string(where) + ": " + lock);
  }
}

// --- Watchers.

Nanos Kernel::obliged_since(const Task& task) const {
  return task.process != nullptr ? task.process->entered : never;
}

const char* Kernel::syscall_of(const Task& task) const {
  const Process* const process = task.process;
  return process != nullptr && process->entered != never ? table_.name(process->syscall) : "";
}

// --- The OOM killer.

void Kernel::task_views(std::vector<TaskView>& out) {
  for (TaskId id = 0; id < core_.task_count(); ++id) {
    const Task& task = core_.task(id);
    if (task.state == TaskState::dead) continue;
    TaskView view;
    view.id = id;
    view.comm = task.name();
    view.kthread = task.has(PF_KTHREAD);
    view.victim = task.has(TIF_MEMDIE);
    view.exiting = task.has(PF_EXITING);
    view.fatal_signal = task.has(FATAL_SIGNAL);
    view.cpu_time = core_.cpu_time(task);
    if (const Process* const process = task.process) {
      view.parent = process->parent;
      view.rss = process->mm.rss();
      view.swap_entries = process->mm.swap_entries();
      view.page_tables = process->mm.page_tables();
      view.total_vm = process->mm.total_vm();
      view.oom_score_adj = process->oom_score_adj;
      view.oom_adj = process->oom_adj;
      view.nice = process->nice;
      view.mm = process->mm.id();
      view.admin = process->sys_admin;
      view.resource = process->sys_resource;
      view.rawio = process->sys_rawio;
      view.skip = process->mm.oom_skip();
      view.has_mm = process->has_mm;
      view.init = process->init;
      view.started = process->started;
    }
    out.push_back(view);
  }
}

void Kernel::kill(TaskId victim) {
  Task& task = core_.task(victim);
  BRINK_ASSERT(task.process != nullptr && !task.process->init);
  task.set(FATAL_SIGNAL);
  task.set(TIF_SIGPENDING);
  if (task.state == TaskState::parked && task.wait_mode != WaitMode::uninterruptible) {
    core_.wake(task, Wake::signal);
  }
}

void Kernel::panic(const std::string& reason) {
  if (panic_reason_.empty()) panic_reason_ = reason;
  core_.stop();
}

Lock* Kernel::find_lock(std::string_view instance) {
  for (const auto& process : processes_) {
    if (!process->has_mm || process->task == nullptr) continue;
    const std::string name =
        std::string(process->task->name()) + "#" + std::to_string(process->instance);
    if (name == instance) return &process->mm.mmap_sem();
  }
  return nullptr;
}

// --- What KernelCalls has allocated.

std::uint64_t Kernel::keep(const KernelObject& object) {
  std::uint32_t slot = 0;
  if (free_objects_.empty()) {
    slot = static_cast<std::uint32_t>(objects_.size());
    objects_.emplace_back();
  } else {
    slot = free_objects_.back();
    free_objects_.pop_back();
  }
  ++object.owner->objects;
  const std::uint32_t generation = objects_[slot].generation + 1;
  objects_[slot] = object;
  objects_[slot].generation = generation;
  return std::uint64_t{generation} << 32 | slot;
}

KernelObject* Kernel::object(std::uint64_t handle) {
  const auto slot = static_cast<std::uint32_t>(handle);
  if (slot >= objects_.size() || objects_[slot].generation != handle >> 32) return nullptr;
  return objects_[slot].kind != KernelObject::Kind::none ? &objects_[slot] : nullptr;
}

void Kernel::forget(std::uint64_t handle) {
  const auto slot = static_cast<std::uint32_t>(handle);
  objects_[slot].kind = KernelObject::Kind::none;
  --objects_[slot].owner->objects;
  free_objects_.push_back(slot);
}

}  // namespace brink
