// The part of the scheduler core that primitives inline: parking, waking and yielding. A switch
// that returns through no frame but the primitive's own is the fastest there is (see switch.hpp).
#pragma once

#include <algorithm>

#include "sim/sched/core.hpp"
#include "sim/sched/switch.hpp"

namespace brink {

inline ReadyQueue& Core::queue_of(SchedClass sched_class) {
  switch (sched_class) {
    case SchedClass::fifo: return storage_.ready_fifo;
    case SchedClass::normal: break;
    case SchedClass::idle: return storage_.ready_idle;
  }
  return storage_.ready;
}

inline const ReadyQueue& Core::candidates() const {
  if (!classes_ || !storage_.ready.empty()) [[likely]] {
    return classes_ && !storage_.ready_fifo.empty() ? storage_.ready_fifo : storage_.ready;
  }
  return !storage_.ready_fifo.empty() ? storage_.ready_fifo : storage_.ready_idle;
}

[[gnu::always_inline]] inline void Core::make_ready(Task& task, Wake how, Nanos time) {
  if (task.state != TaskState::parked) return;
  task.unpark(how);
  task.ready_since = time;
  if (simple_) [[likely]]
    return storage_.ready.push(task);
  queue_of(task.sched_class).push(task);
  // An idle CPU takes it at once, a strategy that asks may prefer it, and so may its class.
  if (asks_ || classes_ || busy_ != all_cpus_) horizon_ = 0;
}

[[gnu::always_inline]] inline void Core::push_timer(Nanos when, std::uint32_t target) {
  storage_.timers.push(when, sequence_, target);
  if (when >= due_) return;
  due_ = when;
  horizon_ = std::min(horizon_, when);
}

/// The task whose timer is the only one that is due next, woken; null if it is not that simple.
[[gnu::always_inline]] inline Task* Core::sole_sleeper(Nanos& clock) {
  if ((storage_.timers.top_target() & call_bit) != 0) return nullptr;
  const TimerHeap::Entry entry = storage_.timers.pop();
  due_ = storage_.timers.next();
  Task& task = *storage_.tasks[entry.target];
  if (task.timer_sequence != entry.sequence) return nullptr;
  hash_.add(EventKind::time_advance, entry.when, entry.sequence);
  if (due_ == entry.when) {
    make_ready(task, Wake::timeout, entry.when);
    return nullptr;
  }
  task.unpark(Wake::timeout);
  clock = std::max(clock, entry.when);
  return &task;
}

/// On a simple machine most choices are none: the oldest READY task is next and no timer is due, or
/// nobody is READY and the one sleeper whose time has come goes on. Null sends the caller the long
/// way; what that finds is the same.
[[gnu::always_inline]] inline Task* Core::next_simple(Cpu& cpu) {
  Nanos clock = cpu.clock;
  Task* next = nullptr;
  if (storage_.ready.empty()) {
    next = sole_sleeper(clock);
    if (next == nullptr) return nullptr;
  } else {
    if (clock >= due_) return nullptr;
    next = &storage_.ready.pop();
    storage_.choices.add_default(!storage_.ready.empty());
  }
  clock += config_.costs.context_switch;
  if (clock >= cpu.next_tick) cpu.next_tick = clock + tick_;
  cpu.clock = clock;
  cpu.current = next;
  horizon_ = std::min(due_, cpu.next_tick);
  ++next->switches;
  hash_.add(EventKind::context_switch, next->id, clock);
  return next;
}

[[gnu::always_inline]] inline void Core::switch_to(Task& from, Task& to) {
#if defined(__SANITIZE_ADDRESS__)
  switch_fibers(*from.fiber, *to.fiber);
#else
  switch_handles(&from.handle, to.handle);
#endif
  running_->throw_if_aborting();
}

[[gnu::always_inline]] inline Wake Core::park(const Waitable& wait, WaitMode mode) {
  Core& self = *running_;
  if (!self.simple_) return self.park_slow(wait, mode);
  Cpu& cpu = self.cpus_[0];
  Task& me = *cpu.current;
  me.park(wait, mode, cpu.clock);
  Task* next = self.next_simple(cpu);
  if (next == nullptr) [[unlikely]] {
    self.leave_cpu(me);
  } else if (next != &me) {
    self.switch_to(me, *next);
  }
  return me.wake;
}

[[gnu::always_inline]] inline Wake Core::park_until(const Waitable& wait, WaitMode mode,
                                                    Nanos deadline) {
  Core& self = *running_;
  Task& me = *self.cpu_->current;
  me.timer_sequence = ++self.sequence_;
  self.push_timer(deadline, me.id);
  return self.park(wait, mode);
}

[[gnu::always_inline]] inline void Core::yield() {
  Core& self = *running_;
  Cpu& cpu = *self.cpu_;
  const Nanos clock = cpu.clock + self.config_.costs.yield;
  if (clock >= self.horizon_ || !self.simple_) [[unlikely]]
    return self.yield_slow();
  cpu.clock = clock;
  if (self.storage_.ready.empty()) return;
  // A simple machine takes the oldest; what assign() does, less what cannot have changed.
  self.storage_.choices.add_default();
  Task& me = *cpu.current;
  Task& next = self.storage_.ready.rotate(me);
  cpu.clock = clock + self.config_.costs.context_switch;
  cpu.current = &next;
  ++next.switches;
  self.hash_.add(EventKind::context_switch, next.id, cpu.clock);
  self.switch_to(me, next);
}

[[gnu::always_inline]] inline void Core::wake(Task& task, Wake how) {
  make_ready(task, how, now());
}

[[gnu::always_inline]] inline Wake Core::sleep_until(Nanos deadline, WaitMode mode) {
  return park_until(timer_wait, mode, deadline);
}

[[gnu::always_inline]] inline Wake Core::sleep(Nanos duration, WaitMode mode) {
  return sleep_until(now() + duration, mode);
}

}  // namespace brink
