// A group that is out of room (mm/memcontrol.c: mem_cgroup_oom(), mem_cgroup_oom_synchronize() and
// mem_cgroup_out_of_memory(), Linux 2.6.32, 4.0 and 6.1; mem_cgroup_handle_oom(), 2.6.34 to 3.11).
// Whom to kill is the OOM policy's choice, among the group's tasks. Left out: notifiers, and user
// space that listens to them: where the killer is disabled nobody comes.

#include <algorithm>
#include <utility>

#include "brink/site_list.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

// --- One task at a time sees to the OOM of a group, of all in it, and of none that these are in.

bool Memcgs::oom_trylock(MemcgId group) {
  for (std::size_t i = 1; i < groups_.size(); ++i) {
    if (groups_[i].oom_locked && within(static_cast<MemcgId>(i), group)) return false;
  }
  for (std::size_t i = 1; i < groups_.size(); ++i) {
    if (within(static_cast<MemcgId>(i), group)) groups_[i].oom_locked = true;
  }
  return true;
}

void Memcgs::oom_unlock(MemcgId group) {
  for (std::size_t i = 1; i < groups_.size(); ++i) {
    if (within(static_cast<MemcgId>(i), group)) groups_[i].oom_locked = false;
  }
}

bool Memcgs::kill(MemcgId group, Gfp gfp) {
  OomRequest request;
  request.task = memory_.core().current().id;
  request.gfp = gfp;
  request.memcg = group;
  return memory_.oom().kill_in_memcg(request);
}

/// On memcg_oom_waitq, until somebody gives a page back or is through with the OOM path.
void Memcgs::sleep(MemcgId group, MemoryWait& wait) {
  if (margin(group) != 0) return;
  Core& core = memory_.core();
  Task& me = core.current();
  if (me.signalled(WaitMode::killable)) return;
  waiters_.push_back({&me, group});
  static_cast<void>(core.park(wait, WaitMode::killable));
  std::erase_if(waiters_, [&me](const Waiter& waiter) { return waiter.task == &me; });
}

/// memcg_oom_recover(): wakes those who wait for it, for what it is in, or for what is in it.
void Memcgs::recover(MemcgId group) noexcept {
  if (waiters_.empty()) [[likely]]
    return;
  for (const Waiter& waiter : waiters_) {
    if (within(group, waiter.group) || within(waiter.group, group))
      memory_.core().wake(*waiter.task);
  }
}

/// mem_cgroup_handle_oom(): false if the task is to die.
bool Memcgs::handle_in_charge(MemcgId over, MemoryWait& wait) {
  Core& core = memory_.core();
  const Task& me = core.current();
  const bool locked = oom_trylock(over);
  if (locked && may_kill(over)) {
    static_cast<void>(kill(over, wait.attempt().gfp));
  } else {
    sleep(over, wait);
  }
  if (locked) oom_unlock(over);
  recover(over);
  if (me.has(TIF_MEMDIE) || me.has(FATAL_SIGNAL)) return false;
  core.sleep(core.tick());
  return true;
}

bool Memcgs::insists(MemcgId group) const {
  switch (memory_.rules().memcg_oom) {
    case Rules::MemcgOom::kill_and_fail:
    case Rules::MemcgOom::fault_end: return false;
    case Rules::MemcgOom::wait: return true;
    case Rules::MemcgOom::charge: break;
  }
  return may_kill(group);
}

bool Memcgs::out_of_room(MemcgId over, MemoryWait& wait, bool& passed) {
  PerTask& me = of_id(memory_.core().current());
  const Gfp gfp = wait.attempt().gfp;
  switch (memory_.rules().memcg_oom) {
    case Rules::MemcgOom::kill_and_fail:
      static_cast<void>(kill(over, gfp));
      for (std::size_t i = 1; i < groups_.size(); ++i) {
        if (within(static_cast<MemcgId>(i), over)) groups_[i].last_oom = memory_.core().now();
      }
      return false;
    case Rules::MemcgOom::wait: return handle_in_charge(over, wait);
    case Rules::MemcgOom::fault_end:
      if (me.user_fault) me.in_oom = over;
      return false;
    case Rules::MemcgOom::charge: break;
  }
  if (!may_kill(over)) {
    if (me.user_fault) me.in_oom = over;
    return false;
  }
  passed = margin(over) != 0 || kill(over, gfp);
  return passed;
}

// --- Faults.

void Memcgs::begin_fault(const Task& task, bool user) {
  PerTask& me = of_id(task);
  me.user_fault = user;
  me.in_oom = me.failed = root_memcg;
}

MemcgId Memcgs::failed(const Task& task) const {
  return task.id < tasks_.size() ? tasks_[task.id].failed : root_memcg;
}

bool Memcgs::end_of_fault(MemoryWait& wait) {
  Core& core = memory_.core();
  PerTask& me = of_id(core.current());
  if (me.in_oom == root_memcg) {
    // mem_cgroup_oom_called(): the charge has killed not long ago.
    const Nanos last = groups_[me.group].last_oom;
    const bool recent = last != never && core.now() < last + 100 * ms;
    if (me.failed == root_memcg || !recent) return false;
    core.sleep(core.tick());
    return true;
  }
  const MemcgId over = std::exchange(me.in_oom, root_memcg);
  const bool locked = oom_trylock(over);
  if (locked && may_kill(over)) {
    static_cast<void>(kill(over, wait.attempt().gfp));
  } else {
    sleep(over, wait);
  }
  if (locked) {
    oom_unlock(over);
    recover(over);
  }
  return true;
}

// --- The kill.

/// True if somebody was killed, or dies already. That nobody can be killed is no reason to panic.
bool OomKiller::kill_in_memcg(const OomRequest& request) {
  Core& core = memory_.core();
  Task& me = core.current();
  const OomView now = view(request);
  const bool known = std::any_of(tasks_.begin(), tasks_.end(),
                                 [&me](const TaskView& task) { return task.id == me.id; });
  if (me.has(FATAL_SIGNAL) || me.has(PF_EXITING)) {
    if (known) mark(me);
    return true;
  }
  const OomChoice choice = memory_.policies().oom->choose(now);
  core.charge(core.costs().oom_scan_task * (tasks_.size() + 1));
  switch (choice.kind) {
    case OomChoice::Kind::wait:
    case OomChoice::Kind::pretend: return true;
    case OomChoice::Kind::nobody: return false;
    case OomChoice::Kind::panic: panic(request, choice.kind);
    case OomChoice::Kind::kill: break;
  }
  Task& victim = core.task(choice.victim);
  if (victim.has(FATAL_SIGNAL) || victim.has(PF_EXITING)) {
    mark(victim);
  } else {
    kill_victim(request, choice, victim);
  }
  return true;
}

}  // namespace brink
