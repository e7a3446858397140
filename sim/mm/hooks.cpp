// The run's faults.

#include "sim/mm/hooks.hpp"

#include <algorithm>

#include "sim/sched/core_inline.hpp"

namespace brink {

Hooks::Hooks(Core& core, std::vector<std::unique_ptr<Fault>> faults)
    : core_(core), faults_(std::move(faults)) {
  for (const auto& fault : faults_) points_ |= fault->points();
}

HookTask Hooks::running_task() const {
  HookTask task;
  if (!core_.in_task()) return task;
  const Task& me = core_.current();
  task.id = me.id;
  task.comm = me.name();
  task.stack = {me.frames.frames.data(), std::min(me.frames.depth, ShadowStack::depth_max)};
  return task;
}

bool Hooks::listens(std::size_t fault, HookPoint point) const {
  if ((faults_[fault]->points() & point) == 0) return false;
  return !transient_stopped_ || !faults_[fault]->transient();
}

bool Hooks::fail_alloc(AllocHook hook) {
  hook.task = running_task();
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (!listens(i, hook_alloc)) continue;
    if (faults_[i]->transient()) ++transient_draws_;
    const bool fails = faults_[i]->fail_alloc(hook);
    core_.note(EventKind::fault_draw, i << 8 | hook_alloc, fails);
    if (!fails) continue;
    last_is_sticky_ = !faults_[i]->transient();
    return true;
  }
  return false;
}

BioAnswer Hooks::at_bio(BioHook hook) {
  hook.task = running_task();
  BioAnswer answer;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (!listens(i, hook_bio)) continue;
    const BioAnswer one = faults_[i]->at_bio(hook);
    core_.note(EventKind::fault_draw, i << 8 | hook_bio, one.delay << 1 | (one.fail ? 1 : 0));
    answer.delay += one.delay;
    answer.fail = answer.fail || one.fail;
  }
  return answer;
}

std::vector<LockDemand> Hooks::at_lock(LockPoint point, const char* syscall) {
  std::vector<LockDemand> demands;
  LockHook hook;
  hook.task = running_task();
  hook.point = point;
  hook.syscall = syscall;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (!listens(i, hook_lock)) continue;
    auto demand = faults_[i]->at_lock(hook);
    core_.note(EventKind::fault_draw, i << 8 | hook_lock, demand.has_value());
    if (demand) demands.push_back(std::move(*demand));
  }
  return demands;
}

void Hooks::stop_transient() {
  transient_stopped_ = true;
  points_ = 0;
  for (const auto& fault : faults_) {
    if (!fault->transient()) points_ |= fault->points();
  }
}

void Hooks::resume_transient() {
  transient_stopped_ = false;
  for (const auto& fault : faults_) points_ |= fault->points();
}

std::vector<FaultCounters> Hooks::counters() const {
  std::vector<FaultCounters> counters;
  for (const auto& fault : faults_) counters.push_back(fault->counters());
  return counters;
}

}  // namespace brink
