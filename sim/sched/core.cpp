// The scheduler core, first half: how worlds and tasks begin and end, and timers. The second half,
// who runs next, is dispatch.cpp.

#include <xmmintrin.h>

#include <algorithm>
#include <utility>

#include "sim/sched/core_inline.hpp"

namespace brink {
constinit thread_local Core* Core::running_ = nullptr;

Core::Core(const CoreConfig& config, Strategy& strategy, FiberPool& pool)
    : tick_(seconds / config.hz),
      storage_(pool.take_storage()),
      pool_(pool),
      config_(config),
      all_cpus_(~std::uint64_t{0} >> (64 - config.cpus)) {
  BRINK_ASSERT(config.cpus >= 1 && config.cpus <= 64 && config.hz >= 1);
  storage_.clear();
  for (std::uint32_t i = 0; i < config.cpus; ++i) cpus_[i] = {nullptr, 0, 0, i, 0, 0};
  set_strategy(strategy);
  if (config.time_limit != never) at(config.time_limit, time_is_up, this, 0);
  // Contexts that differ in a sticky exception flag make every switch between them slow.
  _mm_setcsr(0x1f80);
}

Core::~Core() {
  abort();
  pool_.return_storage(std::move(storage_));
}

void Core::set_observer(CoreObserver* observer) {
  observer_ = observer;
  update_simple();
}

void Core::set_sink(TraceSink* sink) {
  sink_ = sink;
  update_simple();
}

void Core::set_strategy(Strategy& strategy) {
  strategy_ = &strategy;
  defaults_ = strategy.takes_defaults();
  asks_ = !defaults_ && strategy.asks_at_points();
  update_simple();
}

void Core::tell_when_parked(Task& task, TaskBody what) {
  task.on_park = what;
  tells_ = true;
  update_simple();
}

void Core::update_simple() {
  simple_ = config_.cpus == 1 && defaults_ && observer_ == nullptr && sink_ == nullptr &&
            !config_.count_cpu_time && !classes_ && !tells_ && !stopping_ && !aborting_;
  horizon_ = 0;
}

void Core::stop_for(RunEnd why) {
  if (stopping_) return;
  stopping_ = true;
  end_ = why;
  update_simple();
}

Nanos Core::cpu_time(const Task& task) const {
  if (!config_.count_cpu_time) return 0;
  const Cpu& cpu = cpus_[task.cpu];
  const bool running = (busy_ & cpu.mask()) != 0 && cpu.current == &task;
  return task.cpu_time + (running ? cpu.clock - cpu.since : 0);
}

Task& Core::spawn(std::string_view comm, TaskBody body, SchedClass sched_class) {
  const TaskId id = task_count_++;
  if (id == storage_.tasks.size()) storage_.tasks.push_back(std::make_unique<Task>());
  Task& task = *storage_.tasks[id];
  task = Task{};
  task.id = id;
  task.body = body;
  task.sched_class = sched_class;
  if (sched_class == SchedClass::fifo) task.set(RT_TASK);
  const std::size_t length = std::min(comm.size(), task.comm.size() - 1);
  std::copy_n(comm.data(), length, task.comm.data());
  task.comm[length] = '\0';
  task.ready_since = task.progress_at = now();
  task.state = TaskState::runnable;
  arm(task);
  ++live_;
  queue_of(sched_class).push(task);
  horizon_ = 0;
  if (sched_class != SchedClass::normal && !classes_) {
    classes_ = true;
    update_simple();
  }
  if (!defaults_) strategy_->spawned(task);
  return task;
}

void Core::arm(Task& task) {
  // Timers run on the stack of whoever left its CPU last.
  Fiber* running = cpu_ != nullptr       ? cpu_->current->fiber
                   : running_ != nullptr ? host_
                                         : &pool_.main();
  Fiber& fiber = pool_.get(*running);
  fiber.body = this;
  fiber.task = &task;
  fiber.handle = &task.handle;
  task.fiber = &fiber;
  task.handle = fiber.idle_handle;
}

RunEnd Core::run() {
  BRINK_ASSERT(running_ == nullptr && cpu_ == nullptr);
  running_ = this;
  host_ = &pool_.main();
  if (Task* first = choose_next()) switch_fibers(pool_.main(), *first->fiber);
  running_ = nullptr;
  cpu_ = nullptr;
  for (std::uint32_t i = 0; i < config_.cpus; ++i) {
    machine_time_ = std::max(machine_time_, cpus_[i].clock);
  }
  return end_;
}

void Core::abort() {
  if (aborting_) return;
  aborting_ = true;
  update_simple();
  running_ = this;
  cpu_ = &cpus_[0];
  for (TaskId id = 0; id < task_count_; ++id) {
    Task& task = *storage_.tasks[id];
    if (task.state == TaskState::dead) continue;
    cpu_->current = &task;
    switch_fibers(pool_.main(), *task.fiber);
    BRINK_ASSERT(task.state == TaskState::dead);
  }
  cpu_ = nullptr;
  running_ = nullptr;
  BRINK_ASSERT(live_ == 0);
}

void Core::run(Fiber& fiber) {
  Task& task = *fiber.task;
  if (!aborting_) {
    try {
      task.body.run(task.body.argument);
    } catch (const WorldAbort&) {
    }
  }
  end_task(fiber);
}

// --- Timers.

Core::Timer Core::at(Nanos when, TimerFunction function, void* context, std::uint64_t argument) {
  const std::uint32_t slot = storage_.new_call();
  storage_.calls[slot] = {function, context, argument, ++sequence_};
  push_timer(when, slot | call_bit);
  return {slot, sequence_};
}

bool Core::cancel(Timer timer) {
  if (timer.sequence == 0 || storage_.calls[timer.slot].sequence != timer.sequence) return false;
  // The heap's entry stays and finds nobody.
  storage_.free_call(timer.slot);
  return true;
}

void Core::fire_timer() {
  const TimerHeap::Entry entry = storage_.timers.pop();
  due_ = storage_.timers.next();
  if (!live(entry)) return;
  const bool call_function = (entry.target & call_bit) != 0;
  const std::uint32_t slot = entry.target & ~call_bit;
  if (call_function && storage_.calls[slot].function == time_is_up && idle() && !any_live_timer()) {
    return stop_for(RunEnd::quiet);  // Nothing would have happened but the limit itself.
  }
  machine_time_ = std::max(machine_time_, entry.when);
  note(EventKind::time_advance, entry.when, entry.sequence);
  if (!call_function) return make_ready(*storage_.tasks[entry.target], Wake::timeout, entry.when);
  const TimerCall call = storage_.calls[slot];
  storage_.free_call(slot);
  Cpu* const interrupted = std::exchange(cpu_, nullptr);
  call.function(call.context, call.argument);
  cpu_ = interrupted;
}

/// False for a timer that was cancelled, or whose task was woken before.
bool Core::live(const TimerHeap::Entry& entry) const {
  if ((entry.target & call_bit) != 0) {
    return storage_.calls[entry.target & ~call_bit].sequence == entry.sequence;
  }
  return storage_.tasks[entry.target]->timer_sequence == entry.sequence;
}

bool Core::any_live_timer() {
  while (!storage_.timers.empty()) {
    const TimerHeap::Entry entry = storage_.timers.pop();
    if (!live(entry)) continue;
    storage_.timers.push(entry.when, entry.sequence, entry.target);
    break;
  }
  due_ = storage_.timers.next();
  return due_ != never;
}

void Core::time_is_up(void* core, std::uint64_t) {
  static_cast<Core*>(core)->stop_for(RunEnd::time_limit);
}

}  // namespace brink
