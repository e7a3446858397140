// fork and wait (kernel/fork.c: copy_process, and the part of kernel/exit.c that ends a child for
// its parent, Linux 4.0), in the kernel's order; whatever fails undoes all that came before. Left
// out: clone's flags (nothing is shared), namespaces, audit, performance events, delay accounting,
// I/O contexts, seccomp, cgroups; the users' counts of processes (RLIMIT_NPROC counts all of them).
// The stack and the task_struct of a process that nobody waits for go at its end, not at the switch
// after it.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "brink/site_list.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/mm/memcg.hpp"

namespace brink {
namespace {

constexpr unsigned thread_size_order = 2;  // 16 KiB

constexpr const char* task_struct = "task_struct";
constexpr const char* cred_jar = "cred_jar";
constexpr const char* files_cache = "files_cache";
constexpr const char* fs_cache = "fs_cache";
constexpr const char* sighand_cache = "sighand_cache";
constexpr const char* signal_cache = "signal_cache";
constexpr const char* mm_struct = "mm_struct";
constexpr const char* pid_cache = "pid";

}  // namespace

void ChildWait::blockers(const Task&, BlockerSink& sink) const {
  for (const Process* child : parent_.children) sink.task(*child->task);
}

/// fork_init(): thread stacks may take an eighth of memory.
std::uint32_t Kernel::max_threads() const {
  return static_cast<std::uint32_t>(
      std::max<Pages>(20, memory_.zones().managed() / (8u << thread_size_order)));
}

bool Kernel::allocate(SlabObject& part, const char* cache, Site site) {
  part = memory_.alloc_object(memory_.slab_cache(cache), site);
  return static_cast<bool>(part);
}

void Kernel::free_part(SlabObject& part) {
  if (part) memory_.free_object(part);
  part = {};
}

std::int64_t Kernel::fork(Process& parent, Syscalls::Child entry) {
  const Frame frame(*parent.task, "do_fork");
  ProcessConfig config;
  config.comm = parent.task->name();
  config.child = std::move(entry);
  config.instance = parent.instance;
  config.oom_score_adj = parent.oom_score_adj;
  config.shared = &parent.shared;
  config.rlimits = parent.mm.limits();
  config.random = Random(parent.random.next(), stream_id("fork", ++parent.forks));
  auto made = std::make_unique<Process>(*this, config);
  const int error = copy_process(parent, *made);
  if (error != 0) {
    close_all(*made);
    made->mm.drop();
    exit_parts(*made);
    release_task(*made);
    return error;
  }
  Process& child = *processes_.emplace_back(std::move(made));
  child.parent = parent.task->id;
  child.forked_by = &parent;
  child.started = core_.now();
  parent.children.push_back(&child);
  child.task = &core_.spawn(config.comm, {run_process, &child}, parent.task->sched_class);
  child.task->process = &child;
  if (parent.task->has(DAEMON)) child.task->set(DAEMON);
  if (Memcgs* const groups = memory_.memcgs()) groups->join(*child.task, groups->of(*parent.task));
  if (on_fork_) on_fork_(child);
  return static_cast<std::int64_t>(child.task->id);
}

int Kernel::copy_process(Process& parent, Process& child) {
  const Frame frame(*parent.task, "copy_process");
  ++live_;
  ProcessParts& parts = child.parts;
  if (!allocate(parts.task, task_struct, site::fork_task)) return -ENOMEM;
  parts.stack = memory_.alloc_pages(site::fork_stack, thread_size_order);
  if (parts.stack == no_page) return -ENOMEM;
  // The child itself is counted already.
  if (live_ > parent.mm.limits().nproc) return -EAGAIN;
  if (!allocate(parts.cred, cred_jar, site::fork_cred)) return -ENOMEM;
  if (live_ > max_threads()) return -EAGAIN;
  if (const int error = copy_parts(parent, child)) return error;
  if (const int error = copy_mm(parent, child)) return error;
  return allocate(parts.pid, pid_cache, site::fork_pid) ? 0 : -ENOMEM;
}

/// copy_files(), copy_fs(), copy_sighand(), copy_signal().
int Kernel::copy_parts(Process& parent, Process& child) {
  ProcessParts& parts = child.parts;
  if (!allocate(parts.files, files_cache, site::fork_files)) return -ENOMEM;
  if (const int error = child.files.copy_from(parent.files)) return error;
  if (!allocate(parts.fs, fs_cache, site::fork_fs)) return -ENOMEM;
  if (!allocate(parts.sighand, sighand_cache, site::fork_sighand)) return -ENOMEM;
  return allocate(parts.signal, signal_cache, site::fork_signal) ? 0 : -ENOMEM;
}

/// dup_mm().
int Kernel::copy_mm(Process& parent, Process& child) {
  const Frame frame(*parent.task, "copy_mm");
  if (!allocate(child.parts.mm, mm_struct, site::fork_mm)) return -ENOMEM;
  child.parts.pgd = memory_.alloc_pages(site::fork_pgd);
  if (child.parts.pgd == no_page) return -ENOMEM;
  return child.mm.copy_from(parent.mm);
}

// --- The end of a child.

/// What goes with the memory and the files of a process.
void Kernel::exit_parts(Process& process) {
  ProcessParts& parts = process.parts;
  if (parts.pgd != no_page) memory_.free_pages(parts.pgd, 0);
  parts.pgd = no_page;
  free_part(parts.mm);
  free_part(parts.files);
  free_part(parts.fs);
}

/// exit_notify(): whose child it is reaps it; its own children are init's from now on.
void Kernel::exit_notify(Process& process) {
  for (Process* const child : process.children) {
    child->forked_by = nullptr;
    child->parent = init_->task->id;
    if (child->ended) release_task(*child);
  }
  process.children.clear();
  if (process.forked_by == nullptr) return release_task(process);
  process.forked_by->child_exit.wake_up_all();
}

void Kernel::release_task(Process& process) {
  ProcessParts& parts = process.parts;
  free_part(parts.sighand);
  free_part(parts.signal);
  free_part(parts.pid);
  free_part(parts.cred);
  if (parts.stack != no_page) memory_.free_pages(parts.stack, thread_size_order);
  parts.stack = no_page;
  free_part(parts.task);
  --live_;
}

std::int64_t Kernel::wait(Process& parent, int* status) {
  const Frame frame(*parent.task, "do_wait");
  std::vector<Process*>& children = parent.children;
  const auto zombie = [&] {
    return std::find_if(children.begin(), children.end(),
                        [](const Process* child) { return child->ended; });
  };
  if (children.empty()) return -ECHILD;
  const auto any = [&] { return zombie() != children.end(); };
  if (parent.child_exit.wait_event_interruptible(any) != 0) return -EINTR;
  Process& child = **zombie();
  children.erase(zombie());
  child.forked_by = nullptr;
  if (status != nullptr) *status = child.exit_code;
  const auto id = static_cast<std::int64_t>(child.task->id);
  release_task(child);
  return id;
}

}  // namespace brink
