// A simulated task: a fiber that the simulated CPUs run (struct task_struct, include/linux/sched.h,
// Linux 4.0). It carries what the scheduler and the watchers need; what upper rungs hang on a task
// they find through its opaque pointers, as the kernel does. Left out: priorities within a
// scheduling class, affinity, cgroups.
#pragma once

#include <array>
#include <cstdint>

#include "brink/scheduling.hpp"
#include "brink/units.hpp"
#include "sim/sched/wait.hpp"

namespace brink {

struct Fiber;
struct Process;
struct HeldLock;
struct FailureList;

enum class TaskState : std::uint8_t {
  runnable,  ///< running on a CPU, or READY
  parked,    ///< on exactly one wait
  dead,
};

/// The PF_* and TIF_* bits that model code reads.
enum TaskFlag : std::uint32_t {
  PF_KTHREAD = 1u << 0,        ///< a kernel thread: no address space, not killable
  PF_MEMALLOC = 1u << 1,       ///< allocating memory to free memory: may use the whole reserve
  PF_EXITING = 1u << 2,        ///< in do_exit()
  PF_KSWAPD = 1u << 3,         ///< is kswapd
  PF_FSTRANS = 1u << 4,        ///< inside a filesystem transaction
  PF_LESS_THROTTLE = 1u << 5,  ///< writes to clean memory: throttled less
  PF_WQ_WORKER = 1u << 6,      ///< works for a work queue
  TIF_MEMDIE = 1u << 8,        ///< chosen by the OOM killer (3.x, 4.0)
  TIF_SIGPENDING = 1u << 9,    ///< a signal waits for delivery
  FATAL_SIGNAL = 1u << 10,     ///< SIGKILL is pending
  RT_TASK = 1u << 11,          ///< of a real-time scheduling class (rt_task())
  DAEMON = 1u << 16,           ///< the run does not wait for this task to end
};

/// The names of the model functions that a task is inside of, outermost first: the simulated
/// backtrace. Deeper frames than fit are counted, not kept.
struct ShadowStack {
  static constexpr std::uint32_t depth_max = 24;
  std::uint32_t depth = 0;
  std::array<const char*, depth_max> frames;  // Only the first `depth` are set.

  void push(const char* function) {
    if (depth < depth_max) frames[depth] = function;
    ++depth;
  }
  void pop() { --depth; }
};

/// What a task runs: a plain function, so that spawning costs no allocation.
struct TaskBody {
  void (*run)(void* argument);
  void* argument;
};

struct alignas(64) Task {
  // One cache line holds all that parking, waking and switching touch.
  Task* next = nullptr;            ///< in the queue of READY tasks
  Task* wait_next = nullptr;       ///< in the one queue of waiters that it is in (waiters.hpp)
  void* handle = nullptr;          ///< what its fiber is continued by (switch.hpp)
  const Waitable* wait = nullptr;  ///< what it is parked on; null unless parked
  TaskId id = no_task;
  TaskState state = TaskState::dead;
  WaitMode wait_mode = WaitMode::uninterruptible;
  Wake wake = Wake::woken;
  std::uint8_t cpu = 0;
  std::uint32_t timer_sequence = 0;  ///< of the pending sleep or timeout; 0 if none
  std::uint32_t preempt_count = 0;   ///< spinlocks held; no preemption while it is not 0
  union {
    Nanos parked_since = 0;  ///< if it is parked
    Nanos ready_since;       ///< if it is READY
  };
  std::uint64_t switches = 0;  ///< voluntary and involuntary, as khungtaskd counts them

  HeldLock* locks = nullptr;  ///< sim/locking: what it holds, the latest first
  Nanos progress_at = 0;  ///< last progress of its own: request met or refused, lock granted …

  const Waitable* loop = nullptr;  ///< the outermost unlimited one that it is in: what it waits for
  std::uint64_t loop_rounds = 0;   ///< rounds of that loop since its last progress
  Nanos loop_since = 0;
  const Waitable* inner_loop = nullptr;  ///< the innermost inside of that one, if any
  std::uint64_t inner_entered = 0;       ///< loop_rounds when it began

  Fiber* fiber = nullptr;
  void* wait_data = nullptr;  ///< what the queue of waiters notes about it
  std::uint32_t flags = 0;
  SchedClass sched_class = SchedClass::normal;
  FailureList* failures = nullptr;  ///< sim/mm: allocation failures on their way to a fate
  Process* process = nullptr;       ///< sim/kernel; null for kernel threads
  Nanos cpu_time = 0;               ///< on a CPU, its present turn left out (Core::cpu_time())

  TaskBody body{};
  TaskBody on_park{};  ///< called whenever it parks, if set (Core::tell_when_parked())
  std::array<char, 16> comm{};
  ShadowStack frames;

  void park(const Waitable& on, WaitMode mode, Nanos now) {
    state = TaskState::parked;
    wait = &on;
    wait_mode = mode;
    parked_since = now;
  }
  void unpark(Wake how) {
    state = TaskState::runnable;
    wake = how;
    wait = nullptr;
    timer_sequence = 0;
  }

  bool has(TaskFlag flag) const { return (flags & flag) != 0; }
  void set(TaskFlag flag) { flags |= flag; }
  void clear(TaskFlag flag) { flags &= ~static_cast<std::uint32_t>(flag); }
  const char* name() const { return comm.data(); }
  /// Whether a signal is pending that ends a wait of this mode (signal_pending_state()).
  bool signalled(WaitMode mode) const {
    switch (mode) {
      case WaitMode::uninterruptible: return false;
      case WaitMode::killable: return has(FATAL_SIGNAL);
      case WaitMode::interruptible: return (flags & (FATAL_SIGNAL | TIF_SIGPENDING)) != 0;
    }
    return false;
  }
  /// What it waits for by design §4: its outermost unlimited loop, else what it is parked on.
  const Waitable* effective_wait() const { return loop != nullptr ? loop : wait; }
};

/// Declares, for as long as it lives, that the task is inside a function of the modelled kernel.
class Frame {
 public:
  Frame(Task& task, const char* function) : task_(task) { task_.frames.push(function); }
  ~Frame() { task_.frames.pop(); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

 private:
  Task& task_;
};

}  // namespace brink
