// What the watcher does by the clock: khungtaskd's looks, the settling phase, the end of a quiet
// machine, and the drain after the last foreground task.

#include <algorithm>

#include "sim/watch/acts.hpp"
#include "sim/watch/watch.hpp"

namespace brink {

void Watch::arm(Nanos when) {
  BRINK_ASSERT(!armed_);
  armed_ = true;
  timer_ = core_.at(std::max(when, core_.machine_time() + 1), tick, this, 0);
}

/// The next look is due at khungtaskd's next one, at the settling phase's next edge, and W from now
/// at the latest, because whoever makes progress from now on cannot be overdue before.
void Watch::arm_next() {
  const Nanos now = core_.machine_time();
  if (config_.hung_task_timeout != 0 && next_hung_check_ <= now) {
    next_hung_check_ = (now / config_.hung_task_timeout + 1) * config_.hung_task_timeout;
  }
  const Nanos edge = settling_.on() ? settling_.ends() : settling_.due(progress_.tasks());
  arm(std::min({next_hung_check_, edge, now + config_.settle}));
}

void Watch::tick(void* watch, std::uint64_t) { static_cast<Watch*>(watch)->tick(); }

void Watch::tick() {
  armed_ = false;
  if (phase_ == Phase::decided) return;
  if (phase_ == Phase::draining) {
    if (drained() || core_.machine_time() >= drain_until_) return core_.stop();
    return arm(core_.machine_time() + 100 * ms);
  }
  if (foreground_ == 0) return;
  renew();
  if (phase_ == Phase::watching && quiet()) decide_quiet();
  if (phase_ != Phase::watching) return;
  const Nanos now = core_.machine_time();
  if (now >= next_hung_check_) {
    for (const TaskId id : hung_.check(progress_.tasks(), now, findings_)) {
      if (host_ != nullptr) host_->task_hung(core_.task(id));
    }
  }
  if (settling_.on() && now >= settling_.ends()) {
    end_settling();
  } else if (!settling_.on() && now >= settling_.due(progress_.tasks())) {
    begin_settling();
  }
  if (phase_ == Phase::watching) arm_next();
}

/// Nothing but this watcher and the time limit would ever do anything again.
bool Watch::quiet() const { return core_.idle() && core_.next_due() >= core_.config().time_limit; }

void Watch::begin_settling() {
  settling_.begin(core_.machine_time(), progress_.tasks());
  if (host_ != nullptr) host_->settling_began();
  if (fair_) core_.set_strategy(*fair_);
}

void Watch::end_settling() {
  decide_conditional();
  if (phase_ == Phase::watching && decide_livelock()) core_.stop();
  if (phase_ != Phase::watching) return;
  settling_.end(core_.machine_time());
  if (host_ != nullptr) host_->settling_ended();
  if (fair_) core_.set_strategy(*config_.usual);
}

// --- The end of a run in which nobody got stuck.

void Watch::complete() {
  phase_ = Phase::draining;
  completed_at_ = core_.now();
  drain_until_ = core_.now() + config_.drain;
  if (armed_) core_.cancel(timer_);
  armed_ = false;
  if (drained()) return core_.stop();
  arm(core_.machine_time() + 100 * ms);
}

/// Whether the kernel has come to rest: its threads have no work, and no I/O is under way. What
/// daemons in user mode do is nobody's business.
bool Watch::drained() const {
  if (core_.pending_calls() > own_calls()) return false;
  for (TaskId id = 0; id < core_.task_count(); ++id) {
    const Task& task = core_.task(id);
    if (task.state == TaskState::dead || !task.has(PF_KTHREAD) || is_idle(task)) continue;
    return false;
  }
  return true;
}

}  // namespace brink
