// The scheduler core, second half: parking, waking, and who runs next on which CPU.

#include <algorithm>
#include <array>
#include <bit>

#include "sim/sched/core_inline.hpp"

namespace brink {

// --- Scheduling classes.

inline Task& Core::take_candidate(std::uint32_t index) {
  const ReadyQueue& queue = candidates();
  return queue_of(queue.oldest().sched_class).take(index);
}

inline Core::Claim Core::claim_on(const Task& current) const {
  const ReadyQueue& ready = candidates();
  if (ready.empty()) return Claim::none;
  if (!classes_) return Claim::turn;
  const SchedClass best = ready.oldest().sched_class;
  if (best < current.sched_class) return Claim::precedence;
  return best == current.sched_class && best != SchedClass::fifo ? Claim::turn : Claim::none;
}

// --- Giving up the CPU.

Wake Core::park_slow(const Waitable& wait, WaitMode mode) {
  throw_if_aborting();
  Task& me = *cpu_->current;
  BRINK_ASSERT(me.preempt_count == 0);
  mark_switch_point(true);
  me.park(wait, mode, cpu_->clock);
  if (observer_ != nullptr) observer_->parked(me);
  if (tells_ && me.on_park.run != nullptr) [[unlikely]]
    me.on_park.run(me.on_park.argument);
  leave_cpu(me);
  return me.wake;
}

/// Gives up the CPU where the choice of who is next is not simple.
void Core::leave_cpu(Task& me) {
  count_cpu_time(*cpu_, me);
  cpu_->current = nullptr;
  busy_ &= ~cpu_->mask();
  leave(me);
}

void Core::yield_slow() {
  throw_if_aborting();
  charge(config_.costs.yield);
  mark_switch_point(true);
  place_ready_tasks();
  Task& me = *cpu_->current;
  const ReadyQueue& ready = candidates();
  if (ready.empty() || ready.oldest().sched_class > me.sched_class) {
    return point(Point::cond_resched);
  }
  const bool equals = ready.oldest().sched_class == me.sched_class;
  yield_to(ask_task(equals ? &me : nullptr, equals ? Why::yielded : Why::freed));
}

void Core::yield_to(std::uint32_t choice) {
  Cpu& cpu = *cpu_;
  Task& me = *cpu.current;
  if (choice != candidates().size()) {
    me.ready_since = cpu.clock;
    count_cpu_time(cpu, me);
    Task& next = take_candidate(choice);
    queue_of(me.sched_class).push(me);
    assign(cpu, next);
  }
  leave(me);
}

void Core::point_slow(Point kind) {
  throw_if_aborting();
  ++steps_;
  if (steps_ % 1024 == 0 && config_.heartbeat != nullptr) [[unlikely]] {
    config_.heartbeat->store(steps_, std::memory_order_relaxed);
  }
  Cpu& cpu = *cpu_;
  mark_switch_point(may_preempt(kind));
  place_ready_tasks();
  const bool tick = cpu.clock >= cpu.next_tick;
  const Claim claim = claim_on(*cpu.current);
  // A tick that falls where the task may not be preempted stays pending.
  if (tick && claim == Claim::none) cpu.next_tick = cpu.clock + tick_;
  const bool now = asks_ || tick || claim == Claim::precedence;
  if (claim == Claim::none || !now || !may_preempt(kind)) return leave(*cpu.current);
  if (tick) cpu.next_tick = cpu.clock + tick_;
  if (claim == Claim::precedence) return yield_to(ask_task(nullptr, Why::freed));
  yield_to(ask_task(cpu.current, tick ? Why::tick : Why::point));
}

inline void Core::mark_switch_point(bool could_switch) {
  Cpu& cpu = *cpu_;
  if (cpu.clock - cpu.could_switch > config_.soft_lockup_limit) [[unlikely]] {
    if (observer_ != nullptr) observer_->held_cpu(*cpu.current, cpu.could_switch);
  }
  if (could_switch) cpu.could_switch = cpu.clock;
}

bool Core::may_preempt(Point kind) const {
  if (cpu_->current->preempt_count != 0) return false;
  switch (kind) {
    case Point::user:
    case Point::cond_resched: return true;
    case Point::might_sleep: return config_.preempt != Preempt::none;
    case Point::primitive: return config_.preempt == Preempt::full;
  }
  return false;
}

// --- Choices.

inline std::uint32_t Core::ask_task(const Task* current, Why why) {
  const ReadyQueue& queue = candidates();
  const std::uint32_t ready = queue.size();
  const std::uint32_t options = ready + (current != nullptr ? 1 : 0);
  if (options == 1) return 0;
  const std::uint32_t usual = default_choice(why, ready);
  const std::uint32_t choice = defaults_ ? usual : strategy_->pick_task(queue, current, why);
  BRINK_ASSERT(choice < options);
  if (choice == usual) {
    storage_.choices.add_default();
  } else {
    storage_.choices.add(choice);
  }
  return choice;
}

std::uint32_t Core::ask_cpu(std::span<const CpuView> cpus, std::uint32_t last) {
  const std::uint32_t usual = default_cpu(cpus);
  const std::uint32_t choice = defaults_ ? usual : strategy_->pick_cpu(cpus, last);
  BRINK_ASSERT(choice < cpus.size());
  if (choice == usual) {
    storage_.choices.add_default();
  } else {
    storage_.choices.add(choice);
  }
  return choice;
}

inline void Core::assign(Cpu& cpu, Task& task) {
  cpu.clock = std::max(cpu.clock, task.ready_since) + config_.costs.context_switch;
  if (cpu.clock >= cpu.next_tick) cpu.next_tick = cpu.clock + tick_;
  cpu.current = &task;
  cpu.since = cpu.could_switch = cpu.clock;
  task.cpu = static_cast<std::uint8_t>(cpu.number);
  ++task.switches;
  busy_ |= cpu.mask();
  note(EventKind::context_switch, task.id, cpu.clock);
}

bool Core::idle() const { return busy_ == 0 && candidates().empty(); }

void Core::place_ready_tasks() {
  while (!candidates().empty() && busy_ != all_cpus_) {
    Cpu& cpu = cpus_[static_cast<std::size_t>(std::countr_one(busy_))];
    assign(cpu, take_candidate(ask_task(nullptr, Why::freed)));
  }
}

Nanos Core::busy_time() const {
  Nanos earliest = never;
  for (std::uint64_t left = busy_; left != 0; left &= left - 1) {
    earliest = std::min(earliest, cpus_[static_cast<std::size_t>(std::countr_zero(left))].clock);
  }
  return earliest;
}

Task* Core::choose_next() {
  for (;;) {
    if (stopping_) return nullptr;
    place_ready_tasks();
    const Nanos busy = busy_time();
    if (due_ <= busy && due_ != never) {
      fire_timer();
      continue;
    }
    if (busy == never) return nullptr;
    machine_time_ = std::max(machine_time_, busy);
    return step_cpu();
  }
}

Task* Core::step_cpu() {
  std::array<CpuView, 64> eligible;
  std::uint32_t count = 0;
  std::uint32_t last = 64;
  for (std::uint64_t left = busy_; left != 0; left &= left - 1) {
    const auto number = static_cast<std::uint32_t>(std::countr_zero(left));
    const Cpu& cpu = cpus_[number];
    if (cpu.clock > machine_time_ + tick_) continue;
    if (&cpu == cpu_) last = count;
    eligible[count++] = {number, cpu.clock, cpu.current};
  }
  const std::uint32_t choice =
      count == 1 ? 0 : ask_cpu({eligible.data(), count}, std::min(last, count));
  cpu_ = &cpus_[eligible[choice].cpu];
  set_horizon();
  return cpu_->current;
}

void Core::set_horizon() {
  const Nanos horizon = std::min(due_, cpu_->next_tick);
  horizon_ = simple_ ? horizon : shared_horizon(horizon);
}

Nanos Core::shared_horizon(Nanos horizon) const {
  if (stopping_) return 0;
  const std::uint64_t others = busy_ & ~cpu_->mask();
  if (asks_) return others != 0 || !candidates().empty() ? 0 : horizon;
  if (classes_ && claim_on(*cpu_->current) == Claim::precedence) return 0;
  // A strategy that does not ask keeps the CPUs in the order of their clocks.
  for (std::uint64_t left = others; left != 0; left &= left - 1) {
    horizon = std::min(horizon, cpus_[static_cast<std::size_t>(std::countr_zero(left))].clock + 1);
  }
  return horizon;
}

Nanos Core::headroom() const {
  Nanos limit = std::min(due_, cpu_->next_tick);
  const std::uint64_t others = busy_ & ~cpu_->mask();
  for (std::uint64_t left = others; left != 0; left &= left - 1) {
    limit = std::min(limit, cpus_[static_cast<std::size_t>(std::countr_zero(left))].clock + tick_);
  }
  return limit > cpu_->clock ? limit - cpu_->clock : 1;
}

// --- Switching.

/// Lets somebody else run, if anybody can and is not the caller.
void Core::leave(Task& me) {
  host_ = me.fiber;
  Task* next = choose_next();
  if (next == &me) return;
  ++turns_;
  if (next != nullptr) return switch_to(me, *next);
  switch_fibers(*me.fiber, pool_.main());
  throw_if_aborting();
}

void Core::retire(Fiber& fiber) {
  fiber.task->fiber = nullptr;
  fiber.handle = &fiber.idle_handle;
  pool_.put(fiber);
}

void Core::end_task(Fiber& fiber) {
  Task& me = *fiber.task;
  me.state = TaskState::dead;
  --live_;
  if (aborting_) {
    retire(fiber);
    return switch_fibers(fiber, pool_.main());
  }
  mark_switch_point(true);
  if (observer_ != nullptr) observer_->exited(me);
  Task* next = simple_ ? next_simple(*cpu_) : nullptr;
  if (next == nullptr) {
    cpu_->current = nullptr;
    busy_ &= ~cpu_->mask();
    host_ = &fiber;
    next = choose_next();
  }
  // Only now: a timer or the observer may have spawned a task, which needs another fiber.
  retire(fiber);
  switch_fibers(fiber, next != nullptr ? *next->fiber : pool_.main());
}

}  // namespace brink
