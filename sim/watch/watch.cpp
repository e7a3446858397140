// What the watcher does when tasks park, poll and end.

#include "sim/watch/watch.hpp"

#include "sim/watch/acts.hpp"
#include "sim/watch/evidence.hpp"

namespace brink {
namespace {

/// Whether what ends the task's wait may be something that another task does without a lock.
bool waits_for_others(const Task& task) {
  if (task.state == TaskState::dead) return false;
  if (task.loop != nullptr) return true;
  if (goes_on(task) || is_idle(task)) return false;
  const WaitKind kind = task.wait->kind();
  return kind != WaitKind::lock && kind != WaitKind::timer && kind != WaitKind::io;
}

}  // namespace

Watch::Watch(Core& core, const WatchConfig& config, const Obligations& obligations,
             MemorySuppliers* memory, SettlingHost* host)
    : core_(core),
      config_(config),
      obligations_(obligations),
      memory_(memory),
      host_(host),
      progress_(core, obligations, memory),
      chain_(core, memory),
      marks_(core, obligations),
      hung_(core, config.hung_task_timeout),
      settling_(core, obligations, config.settle) {
  if (config.usual != nullptr) fair_.emplace(*config.usual);
  if (config.hung_task_timeout != 0) next_hung_check_ = config.hung_task_timeout;
  core_.set_observer(this);
}

Watch::~Watch() {
  core_.set_observer(nullptr);
  if (armed_) core_.cancel(timer_);
}

Watch::PerTask& Watch::of(const Task& task) {
  if (task.id >= tasks_.size()) tasks_.resize(core_.task_count());
  return tasks_[task.id];
}

void Watch::foreground(const Task& task) {
  PerTask& mine = of(task);
  if (mine.foreground) return;
  mine.foreground = true;
  if (++foreground_ == 1 && phase_ == Phase::watching && !armed_) arm_next();
}

bool Watch::obliged(const Task& task) const { return obligations_.obliged_since(task) != never; }

/// Timers with a function that wake nobody: the time limit's and our own.
std::size_t Watch::own_calls() const {
  return (core_.config().time_limit != never ? 1u : 0u) + (armed_ ? 1u : 0u);
}

// --- Events.

void Watch::parked(Task& task) {
  if (phase_ != Phase::watching) {
    if (phase_ == Phase::draining && drained()) core_.stop();
    return;
  }
  if (!armed_ && foreground_ != 0) arm_next();
  if (is_idle(task)) {
    // It no longer counts for those who wait for no one in particular, nor as a bystander.
    progress_.rested(task.id, core_.now());
    if (undeclared_ || conditional_) renew();
    return;
  }
  PerTask& mine = of(task);
  const bool same_loop =
      task.loop != nullptr && task.loop == mine.loop && task.loop_since == mine.loop_since;
  if (goes_on(task) && (task.loop == nullptr ? !marks_.stuck(task.id) : same_loop)) return;
  look_at(task);
}

void Watch::polled(Task& task) {
  if (phase_ != Phase::watching || task.loop == nullptr) return;
  PerTask& mine = of(task);
  const bool same_inner = task.inner_loop == nullptr || task.inner_loop == mine.inner_loop;
  const bool same_loop = task.loop == mine.loop && task.loop_since == mine.loop_since && same_inner;
  if (same_loop && marks_.stuck(task.id)) {
    // Worse it cannot get; but only now is it certain.
    if (marks_.just_confirmed(task)) renew();
    return;
  }
  const std::uint64_t stamp = memory_ != nullptr ? memory_->stamp() : 0;
  if (same_loop && stamp == mine.stamp) return;
  mine.stamp = stamp;
  look_at(task);
}

/// The task has begun to wait for something. As long as it can progress, so can all that could
/// before.
void Watch::look_at(Task& task) {
  PerTask& mine = of(task);
  mine.loop = task.loop;
  mine.loop_since = task.loop_since;
  mine.inner_loop = task.inner_loop;
  if (!mine.listed && waits_for_others(task)) {
    mine.listed = true;
    waiting_.push_back(task.id);
  }
  if (marks_.stuck(task.id) || !chain_.proves(task)) return renew();
  undeclared_ = undeclared_ || chain_.used_anyone();
}

/// Whether nobody can have hoped for a task that has ended: it holds no lock, and all that wait,
/// wait for locks. So the end of one task among many costs nothing.
bool Watch::nobody_needs(const Task& gone) {
  if (gone.locks != nullptr || undeclared_ || conditional_) return false;
  while (!waiting_.empty() && !waits_for_others(core_.task(waiting_.back()))) {
    of(core_.task(waiting_.back())).listed = false;
    waiting_.pop_back();
  }
  return waiting_.empty();
}

void Watch::exited(Task& task) {
  const bool stuck = marks_.any_stuck();
  marks_.exited(task, core_.now());
  if (of(task).foreground && --foreground_ == 0 && phase_ == Phase::watching) return complete();
  if (phase_ == Phase::watching) {
    if (stuck || !nobody_needs(task)) renew();
    return;
  }
  if (phase_ == Phase::draining && drained()) core_.stop();
}

void Watch::ran_out() {
  if (phase_ == Phase::watching) renew();
}

void Watch::renew() {
  progress_.evaluate(own_calls());
  undeclared_ = progress_.undeclared_waits() != 0;
  chain_.set_anyone(no_task);
  for (const TaskId id : progress_.tasks()) {
    const Task& task = core_.task(id);
    if (task.loop != nullptr || !goes_on(task) || is_kernel_daemon(task)) continue;
    chain_.set_anyone(id);
    break;
  }
  conditional_ = marks_.update(progress_, core_.now());
  if (!conditional_) return;
  progress_.add_bystanders();
  if (obliged_stuck()) decide_closed(true);
}

bool Watch::obliged_stuck() const {
  for (const TaskId id : progress_.tasks()) {
    if (!progress_.can(id) && obliged(core_.task(id))) return true;
  }
  return false;
}

void Watch::held_cpu(Task& task, Nanos since) {
  const Nanos length = core_.now() - since;
  if (!findings_.empty()) {
    Finding& last = findings_.back();
    // The same stretch goes on.
    if (last.kind == Finding::Kind::soft_lockup && last.at == since && soft_.back() == task.id) {
      last.length = length;
      return;
    }
  }
  soft_.push_back(task.id);
  findings_.push_back({Finding::Kind::soft_lockup, since, length,
                       "BUG: soft lockup - CPU#" + std::to_string(task.cpu) + " stuck for " +
                           std::to_string(length / seconds) + "s! [" + Evidence::name(task) + "]"});
}

// --- The view that policies have.

bool Watch::Waits::can_progress(TaskId task) const {
  if (!watch_.progress_.busy()) {
    watch_.progress_.evaluate(watch_.own_calls(), CanProgress::Kills::ignored);
  }
  return watch_.progress_.can(task);
}

/// SIGKILL ends a wait that is not uninterruptible, and a victim's rights one for memory.
bool Watch::Waits::can_exit(TaskId id) const {
  const Task& task = watch_.core_.task(id);
  if (task.state == TaskState::dead || can_progress(id)) return true;
  const Waitable* const wait = task.effective_wait();
  if (wait != nullptr && wait->kind() == WaitKind::memory) return true;
  const bool signal_ends = task.state == TaskState::parked && task.loop == nullptr &&
                           task.wait_mode != WaitMode::uninterruptible;
  return signal_ends && !task.has(PF_KTHREAD);
}

TaskId Watch::Waits::waits_for(TaskId id) const {
  const Task& task = watch_.core_.task(id);
  const Waitable* wait = task.state == TaskState::dead ? nullptr : task.effective_wait();
  return wait != nullptr && wait->owner() != nullptr ? wait->owner()->id : no_task;
}

}  // namespace brink
