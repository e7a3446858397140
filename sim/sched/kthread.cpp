// How kernel threads idle, are kicked, and end.

#include "sim/sched/kthread.hpp"

#include "sim/sched/core_inline.hpp"

namespace brink {

Kthread::Kthread(Core& core, std::string_view comm, TaskBody body)
    : core_(core), body_(body), task_(&core.spawn(comm, {start, this})) {
  task_->set(PF_KTHREAD);
  task_->set(DAEMON);
  exit_.of(*task_);
}

void Kthread::start(void* kthread) {
  Kthread& self = *static_cast<Kthread*>(kthread);
  self.body_.run(self.body_.argument);
  self.exit_.ended = true;
  while (!self.exit_.waiters.empty()) self.core_.wake(self.exit_.waiters.pop());
}

bool Kthread::wait_for_kick(Nanos deadline) {
  core_.charge(1);
  core_.might_sleep();
  while (!kicked_ && !stopping_) {
    if (core_.now() >= deadline) return false;
    idle_ = true;
    if (deadline == never) {
      core_.park(idle_wait, WaitMode::interruptible);
    } else {
      core_.park_until(idle_wait, WaitMode::interruptible, deadline);
    }
    idle_ = false;
  }
  kicked_ = false;
  return true;
}

void Kthread::kick() noexcept {
  if (core_.aborting()) return;
  kicked_ = true;
  if (!idle_) return;
  if (core_.in_task()) core_.charge(core_.costs().wakeup);
  core_.wake(*task_);
}

void Kthread::stop() {
  core_.charge(1);
  core_.might_sleep();
  stopping_ = true;
  kick();
  while (!exit_.ended) {
    exit_.waiters.push(core_.current());
    core_.park(exit_, WaitMode::uninterruptible);
  }
}

}  // namespace brink
