// The scheduler core of one machine: simulated CPUs with clocks of their own, virtual time, tasks
// on fibers, timers, and the choices of who runs next (kernel/sched/core.c and kernel/time,
// Linux 4.0, in outline). Left out: run queues for each CPU, priorities and shares within a
// scheduling class, throttling of real-time tasks, load balancing.
//
// Machine time is the earliest clock of a busy CPU, or the next timer if all are idle. A CPU runs
// its task to the task's next primitive; there the strategy may let another CPU step or another
// task run. A CPU is never more than one tick ahead of machine time when it is given a step.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "brink/assert.hpp"
#include "brink/costs.hpp"
#include "brink/scheduling.hpp"
#include "brink/units.hpp"
#include "sim/sched/core_observer.hpp"
#include "sim/sched/core_storage.hpp"
#include "sim/sched/fiber_pool.hpp"
#include "sim/sched/strategy.hpp"
#include "sim/sched/task.hpp"

namespace brink {

/// What kind of place a task is at.
enum class Point : std::uint8_t { primitive, might_sleep, cond_resched, user };

struct CoreConfig {
  std::uint32_t cpus = 1;  ///< 1 … 64
  std::uint32_t hz = 250;  ///< ticks a second: how often a CPU looks whether others want it
  Preempt preempt = Preempt::voluntary;
  Costs costs;
  Nanos time_limit = never;
  bool count_cpu_time = false;      ///< cpu_time() is wanted, which costs a little
  Nanos soft_lockup_limit = never;  ///< CoreObserver::held_cpu() is told beyond it
  std::atomic<std::uint64_t>* heartbeat =
      nullptr;  ///< if set, counts steps, a few thousand at a time
};

class Core final : public FiberBody {
 public:
  /// `strategy` and `pool` must outlive the core. One core is one world: it is not reused.
  Core(const CoreConfig& config, Strategy& strategy, FiberPool& pool = FiberPool::this_thread());
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // --- From outside of tasks.

  /// A new task, READY at once. `comm` is cut to 15 bytes, as in the kernel. Tasks may spawn too.
  Task& spawn(std::string_view comm, TaskBody body, SchedClass sched_class = SchedClass::normal);

  /// Runs until quiet, stopped or at the limit. Tasks that are left keep their stacks, for whoever
  /// wants to look at them, until abort() or the destructor.
  RunEnd run();

  /// Ends every task that is left: each is resumed once, in order of id, and its frames unwind.
  void abort();

  void set_observer(CoreObserver* observer);
  void set_sink(TraceSink* sink);
  /// Replaces the strategy from the next choice on (settling phase, policy twins).
  void set_strategy(Strategy& strategy);

  // --- From anywhere.

  /// Ends run() at the next point.
  void stop() { stop_for(RunEnd::stopped); }

  /// The running CPU's clock inside a task, machine time otherwise.
  Nanos now() const { return cpu_ != nullptr ? cpu_->clock : machine_time_; }
  Nanos machine_time() const { return machine_time_; }
  Nanos tick() const { return tick_; }
  bool aborting() const { return aborting_; }
  const Costs& costs() const { return config_.costs; }
  const CoreConfig& config() const { return config_; }

  /// How long a task has run on a CPU so far; 0 unless it is counted.
  Nanos cpu_time(const Task& task) const;
  /// Tasks that have not ended.
  std::uint32_t live() const { return live_; }
  std::uint32_t task_count() const { return task_count_; }
  Task& task(TaskId id) { return *storage_.tasks[id]; }
  const Task& task(TaskId id) const { return *storage_.tasks[id]; }

  /// Points at which the core had something to decide; grows for as long as the model does
  /// anything.
  std::uint64_t steps() const { return steps_; }

  /// How often a task had to let others step, on its own CPU or on others; unchanged over a stretch
  /// of a task's code in which nobody else did anything. (On a simple machine the task's own
  /// switches say the same.)
  std::uint64_t turns() const { return turns_; }

  /// True if no task runs or is READY.
  bool idle() const;
  /// When the next timer is due, stale ones included; `never` if there is none.
  Nanos next_due() const { return due_; }
  /// Functions that timers have yet to call, the time limit's own included.
  std::size_t pending_calls() const { return storage_.calls.size() - storage_.free_calls.size(); }

  /// Adds an event to the run's hash.
  void note(EventKind kind, std::uint64_t a, std::uint64_t b) {
    hash_.add(kind, a, b);
    if (sink_ != nullptr) [[unlikely]]
      sink_->event(now(), kind, a, b);
  }
  std::uint64_t hash() const { return hash_.value(); }
  const ChoiceLog& choices() const { return storage_.choices; }

  /// A timer that calls a function.
  struct Timer {
    std::uint32_t slot = 0;
    std::uint32_t sequence = 0;
  };

  /// Calls `function` when machine time reaches `when`, as an interrupt would: it may wake tasks
  /// and set timers and spawn tasks, and must not park.
  Timer at(Nanos when, TimerFunction function, void* context, std::uint64_t argument);
  /// False if it has fired already, or was never set.
  bool cancel(Timer timer);

  /// Calls `what` whenever the task has parked, still in its context: it may wake tasks and must
  /// not park (wq_worker_sleeping()).
  void tell_when_parked(Task& task, TaskBody what);

  /// Makes a parked task READY; nothing if it is not parked.
  void wake(Task& task, Wake how = Wake::woken);

  // --- From the running task (core_inline.hpp has the hot ones). Each throws WorldAbort once the
  // world has ended.

  Task& current() const { return *cpu_->current; }
  bool in_task() const { return cpu_ != nullptr; }

  /// Lets virtual time pass on this CPU. Not a choice point.
  void charge(Nanos cost) { cpu_->clock += cost; }

  /// A place where another CPU may step, or another task run where preemption allows it.
  void point(Point kind) {
    if (cpu_->clock >= horizon_) [[unlikely]]
      point_slow(kind);
  }
  void step(Nanos cost) {
    charge(cost);
    point(Point::primitive);
  }
  void might_sleep() { point(Point::might_sleep); }
  void cond_resched() { point(Point::cond_resched); }

  /// Offers the CPU; returns at once if the strategy lets the task carry on.
  void yield();

  /// Parks the running task until wake(), or until a signal that `mode` admits.
  Wake park(const Waitable& wait, WaitMode mode);
  /// The same, or until machine time reaches `deadline`.
  Wake park_until(const Waitable& wait, WaitMode mode, Nanos deadline);
  Wake sleep_until(Nanos deadline, WaitMode mode = WaitMode::uninterruptible);
  Wake sleep(Nanos duration, WaitMode mode = WaitMode::uninterruptible);

  /// One more fruitless round of a poll loop of the running task.
  void poll_round() {
    strategy_->poll_round(current());
    if (observer_ != nullptr) observer_->polled(current());
  }

  /// How long the running CPU may go on before an event, its tick, or the bound on how far CPUs may
  /// drift apart; at least 1. Bulk steps size themselves by it.
  Nanos headroom() const;

  void run(Fiber& fiber) override;

 private:
  struct Cpu {
    Task* current;
    Nanos clock;
    Nanos next_tick;
    std::uint32_t number;
    Nanos since;         ///< when its task got it
    Nanos could_switch;  ///< when it last was where its task could have been switched away
    std::uint64_t mask() const { return std::uint64_t{1} << number; }
  };

  void stop_for(RunEnd why);
  void arm(Task& task);
  void end_task(Fiber& fiber);
  void retire(Fiber& fiber);
  void throw_if_aborting() const {
    if (aborting_) [[unlikely]]
      throw WorldAbort{};
  }

  void push_timer(Nanos when, std::uint32_t target);
  void fire_timer();
  bool live(const TimerHeap::Entry& entry) const;
  bool any_live_timer();
  Task* sole_sleeper(Nanos& clock);
  static void time_is_up(void* core, std::uint64_t);

  /// What READY tasks may want of a CPU that has a task: nothing, their turn, or that it be given
  /// up to a higher class.
  enum class Claim : std::uint8_t { none, turn, precedence };

  void make_ready(Task& task, Wake how, Nanos time);
  ReadyQueue& queue_of(SchedClass sched_class);
  /// The READY tasks of the highest class that has any; no others are chosen from.
  const ReadyQueue& candidates() const;
  Task& take_candidate(std::uint32_t index);
  Claim claim_on(const Task& current) const;
  void point_slow(Point kind);
  bool may_preempt(Point kind) const;
  void mark_switch_point(bool could_switch);
  Wake park_slow(const Waitable& wait, WaitMode mode);
  void yield_slow();
  void yield_to(std::uint32_t choice);

  /// Who runs after the running task, which is parked, queued or dead; null if nobody can.
  Task* choose_next();
  Task* next_simple(Cpu& cpu);
  void place_ready_tasks();
  void assign(Cpu& cpu, Task& task);
  void count_cpu_time(const Cpu& cpu, Task& task) {
    if (config_.count_cpu_time) task.cpu_time += cpu.clock - cpu.since;
  }
  Task* step_cpu();
  std::uint32_t ask_cpu(std::span<const CpuView> cpus, std::uint32_t last);
  std::uint32_t ask_task(const Task* current, Why why);
  Nanos busy_time() const;
  void set_horizon();
  Nanos shared_horizon(Nanos horizon) const;
  void update_simple();
  void leave(Task& me);
  void leave_cpu(Task& me);
  void switch_to(Task& from, Task& to);

  // The switching path reads the core from here and not from `this`: that one comes from the stack
  // that was just switched to, at the end of a chain of loads which would then bound every switch.
  [[gnu::tls_model("initial-exec")]] static constinit thread_local Core* running_;

  Cpu* cpu_ = nullptr;  ///< that steps; null outside of tasks
  Nanos horizon_ = 0;   ///< below this clock, a point has nothing to decide
  Nanos due_ = never;   ///< when the next timer is due
  Nanos tick_;
  std::uint64_t busy_ = 0;  ///< bit mask of CPUs with a task
  EventHash hash_;
  TraceSink* sink_ = nullptr;
  CoreObserver* observer_ = nullptr;
  Strategy* strategy_;
  std::uint32_t sequence_ = 0;
  std::uint32_t live_ = 0;
  std::uint32_t task_count_ = 0;
  bool simple_ = false;   ///< one CPU, default choices, nobody listening, and not about to stop
  bool classes_ = false;  ///< some task is not of the normal class
  bool defaults_ = false;
  bool asks_ = false;
  bool tells_ = false;  ///< somebody wants to know when some task parks
  bool stopping_ = false;
  bool aborting_ = false;
  RunEnd end_ = RunEnd::quiet;
  std::uint64_t steps_ = 0;
  std::uint64_t turns_ = 0;
  Nanos machine_time_ = 0;
  CoreStorage storage_;
  FiberPool& pool_;
  Fiber* host_ = nullptr;  ///< on whose stack the core decides who runs next
  const CoreConfig config_;
  const std::uint64_t all_cpus_;
  std::array<Cpu, 64> cpus_;  // Only the first config_.cpus are set.
};

}  // namespace brink
