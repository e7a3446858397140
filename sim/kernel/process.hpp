// A process: address space, open files, what it runs, and where it is between user mode and its
// exit (struct task_struct and friends, include/linux/sched.h; kernel/exit.c, kernel/signal.c,
// Linux 4.0). Left out: threads of one group, exec (a process is made with its program), users,
// signals other than SIGKILL. What a process that is there from the start is made of is there
// before the run; a forked one is allocated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "brink/machine.hpp"
#include "brink/program.hpp"
#include "brink/random.hpp"
#include "sim/kernel/syscall_table.hpp"
#include "sim/locking/wait_queue.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/lock_demands.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

class Kernel;
struct Process;

/// What a process is made of.
struct ProcessConfig {
  std::string_view comm;
  const Program* program = nullptr;  ///< null: `child`, or else `body`
  Syscalls::Child child;
  void (*body)(Syscalls& sys, void* argument) = nullptr;
  void* argument = nullptr;
  std::uint32_t instance = 0;
  int oom_score_adj = 0;
  int oom_adj = 0;
  int nice = 0;
  SchedClass sched_class = SchedClass::normal;
  bool sys_admin = false, sys_resource = false, sys_rawio = false;
  const Process* parent = nullptr;  ///< null: init
  bool daemon = false;
  Nanos start = 0;  ///< when main() begins
  Rlimits rlimits;
  std::string_view memcg;                   ///< its memory cgroup; empty: the root
  std::shared_ptr<void>* shared = nullptr;  ///< Syscalls::shared(); null: nobody shares it
  Random random;
};

/// What a forked process is made of besides its memory; nothing of one that was spawned.
struct ProcessParts {
  Pfn stack = no_page;
  Pfn pgd = no_page;
  SlabObject task, cred, files, fs, sighand, signal, mm, pid;
};

struct Process;

/// Waiting for a child to end: any of them that still runs may.
class ChildWait final : public WaitQueue {
 public:
  ChildWait(Core& core, const Process& parent)
      : WaitQueue(core, {}, WaitKind::wakers), parent_(parent) {}
  void blockers(const Task& waiter, BlockerSink& sink) const override;
  std::string describe() const override { return "exit of a child"; }

 private:
  const Process& parent_;
};

struct Process {
  Process(Kernel& in, const ProcessConfig& config);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Kernel& kernel;
  Task* task = nullptr;
  TaskId parent = no_task;
  const Program* program;
  const Syscalls::Child child;
  void (*body)(Syscalls& sys, void* argument);
  void* argument;
  const std::uint32_t instance;
  const int oom_score_adj, oom_adj, nice;
  const bool sys_admin, sys_resource, sys_rawio;
  const Nanos start;
  std::shared_ptr<void> own;  ///< what it remembers, if nobody shares it
  std::shared_ptr<void>& shared;
  Nanos started = 0;
  Random random;
  bool init = false;
  bool has_mm = true;  ///< until exit_mm()
  bool ended = false;
  int exit_code = 0;
  AddressSpace mm;
  Files files;
  std::vector<File*> work;  ///< files whose last reference went in this call (task_work)

  ProcessParts parts;
  Process* forked_by = nullptr;    ///< while that one lives; null: init reaps it
  std::vector<Process*> children;  ///< that were forked and are not reaped, the oldest first
  ChildWait child_exit;
  std::uint64_t forks = 0;

  std::uint32_t objects = 0;  ///< of KernelCalls, not freed yet

  // Where it is.
  Sys syscall = Sys::exit;  ///< that it is in
  Nanos entered = never;    ///< since when; `never` in user mode
  Sys failed = Sys::exit;   ///< the last call that failed, until the program has reacted
  int failed_error = 0;     ///< 0: nothing to react to
};

}  // namespace brink
