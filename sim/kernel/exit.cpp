// The end of a process (kernel/exit.c, Linux 4.0), in the kernel's order. Nothing comes back before
// exit_mm(); what blocks there or earlier keeps a victim's memory. Left out: core dumps, IPC undo,
// namespaces, cgroups, tracing.

#include "brink/site_list.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/mm/lock_demands.hpp"
#include "sim/vfs/open.hpp"

namespace brink {

void Kernel::do_exit(Process& process) {
  Task& task = *process.task;
  Frame frame(task, "do_exit");
  begin(process, Sys::exit);
  core_.step(core_.costs().syscall);
  {
    Frame signals(task, "exit_signals");
    const LockDemands demands(memory_, LockPoint::exit_signals);
    task.set(PF_EXITING);
  }
  {
    const LockDemands demands(memory_, LockPoint::exit_mm);
    process.mm.exit();
    process.has_mm = false;
    memory_.changed();  // The OOM killer sees it no more.
  }
  {
    const LockDemands demands(memory_, LockPoint::exit_files);
    exit_files(process);
    run_task_work(process);
    exit_parts(process);
  }
  {
    // A message for whoever collects statistics; without memory there is none.
    Frame statistics(task, "taskstats_exit");
    const SlabObject object = memory_.alloc_object(taskstats_, site::exit_taskstats);
    if (object) {
      memory_.free_object(object);
    } else {
      memory_.failures().settle_last(Fate::degraded);
    }
  }
  memory_.unmark_oom_victim(task, true);
  check_locks(process, "exit");
  memory_.failures().settle_killed(task);
  process.entered = never;
  process.ended = true;
  exit_notify(process);
  if (Story* story = memory_.story()) [[unlikely]] {
    const bool killed = process.exit_code == 128 + 9;
    story->tell(std::string(task.name()) + ":" + std::to_string(task.id) +
                (killed ? " is gone, killed"
                        : " has exited with status " + std::to_string(process.exit_code)));
  }
}

/// exit_files(): closes what is open; the files end when task_work runs.
void Kernel::exit_files(Process& process) {
  Frame frame(*process.task, "exit_files");
  close_all(process);
}

void Kernel::close_all(Process& process) {
  for (int fd = process.files.next(0); fd >= 0; fd = process.files.next(fd)) {
    vfs_.fput(*process.files.take(fd));
    core_.cond_resched();
  }
  process.files.free_table();
}

void Kernel::add(File& file) {
  Process* const process = core_.current().process;
  BRINK_ASSERT(process != nullptr);
  process->work.push_back(&file);
}

/// task_work_run(): the last references to files that were closed meanwhile.
void Kernel::run_task_work(Process& process) {
  Frame frame(*process.task, "task_work_run");
  while (!process.work.empty()) {
    File& file = *process.work.back();
    process.work.pop_back();
    end_file(vfs_, file);
  }
}

}  // namespace brink
