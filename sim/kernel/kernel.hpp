// Processes, and what happens to them: the facade of sim/kernel. It spawns processes, takes them
// through system calls and out of the world, and is what the OOM killer sees of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fs/ext4/ext4.hpp"
#include "sim/kernel/process.hpp"
#include "sim/kernel/syscall_table.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

/// An allocation of KernelCalls: what its handle stands for.
struct KernelObject {
  enum class Kind : std::uint8_t { none, pages, slab };
  Kind kind = Kind::none;
  std::uint8_t order = 0;
  std::uint32_t generation = 0;
  Pfn page = no_page;
  SlabObject object;
  Process* owner = nullptr;  ///< who allocated it
};

class Kernel final : public OomHost, public PanicSink, public TaskWork, public LockResolver {
 public:
  Kernel(Memory& memory, Vfs& vfs);
  ~Kernel() override;

  // --- Boot.

  /// Spawns init, which runs `setup` before any other process: it fills the reserve of bios,
  /// mounts, and spawns whoever is there from the start. Afterwards it stays, and cannot be killed.
  void boot(std::function<void()> setup);
  /// Makes a process; its task is READY at once. Not before boot().
  Process& spawn(const ProcessConfig& config);
  /// Who is to be told of each forked process.
  void on_fork(std::function<void(const Process& child)> sink) { on_fork_ = std::move(sink); }

  // --- For watchers and reports.

  /// Since when the task is in its system call, page fault or exit; `never` if it is in none.
  Nanos obliged_since(const Task& task) const;
  /// What it is in; "" if nothing.
  const char* syscall_of(const Task& task) const;
  const SyscallTable& syscalls() const { return table_; }
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }
  /// Failure-handling defects that system calls left behind, in order: "lock held at return …".
  const std::vector<std::string>& bugs() const { return bugs_; }
  const std::string& panic_reason() const { return panic_reason_; }
  void set_wait_view(const WaitView* waits) { waits_ = waits; }

  // --- OomHost, PanicSink.
  void task_views(std::vector<TaskView>& out) override;
  void kill(TaskId victim) override;
  void panic(const std::string& reason) override;
  const WaitView* waits() const override { return waits_; }

  // --- TaskWork.
  void add(File& file) override;

  // --- LockResolver: `name#instance` is the mmap_sem of that process.
  Lock* find_lock(std::string_view instance) override;

  // --- For the system calls.

  /// do_fork(): the child's process id, or -EAGAIN or -ENOMEM (fork.cpp).
  std::int64_t fork(Process& parent, Syscalls::Child child);
  /// do_wait(): the process id of a child that has ended, -ECHILD, or -EINTR.
  std::int64_t wait(Process& parent, int* status);

  Core& core() const { return core_; }
  Memory& memory() const { return memory_; }
  Vfs& vfs() const { return vfs_; }
  SyscallTable& table() { return table_; }
  void bug(const std::string& what) { bugs_.push_back(what); }

  /// The process owes an answer from now on: of a system call, or of what is entered like one.
  void begin(Process& process, Sys number);
  void enter(Process& process, Sys number);
  /// Back to user mode with this result, which it returns; or not at all, if the process must die:
  /// throws ProcessEnd.
  std::int64_t leave(Process& process, std::int64_t result);
  /// The same on the way out of an interrupt or a fault: only looks for a fatal signal.
  void check_signals(Process& process);

  std::uint64_t keep(const KernelObject& object);
  KernelObject* object(std::uint64_t handle);
  void forget(std::uint64_t handle);
  /// Whether something that the process allocated (KernelCalls) is still there.
  bool owns_objects(const Process& process) const { return process.objects != 0; }

  /// Processes that are not reaped yet, init left out.
  std::uint32_t live_processes() const { return live_; }

 private:
  static void run_init(void* kernel);
  static void run_process(void* process);
  void run(Process& process);
  void do_exit(Process& process);
  void exit_files(Process& process);
  // fork.cpp
  int copy_process(Process& parent, Process& child);
  int copy_mm(Process& parent, Process& child);
  int copy_parts(Process& parent, Process& child);
  bool allocate(SlabObject& part, const char* cache, Site site);
  void free_part(SlabObject& part);
  void close_all(Process& process);
  void exit_parts(Process& process);
  void exit_notify(Process& process);
  void release_task(Process& process);
  std::uint32_t max_threads() const;
  void run_task_work(Process& process);
  void tell_error(const Process& process, int error) const;
  void check_locks(const Process& process, const char* where);

  Core& core_;
  Memory& memory_;
  Vfs& vfs_;
  SyscallTable table_;
  std::function<void()> setup_;
  std::function<void(const Process& child)> on_fork_;
  std::uint32_t live_ = 0;
  std::unique_ptr<Process> init_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::string> bugs_;
  std::string panic_reason_;
  const WaitView* waits_ = nullptr;
  SlabCache& taskstats_;
  std::vector<KernelObject> objects_;
  std::vector<std::uint32_t> free_objects_;
};

}  // namespace brink
