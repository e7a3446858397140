// What a blocker must be able to do before a wait goes on. A task that is inside of an unlimited
// loop releases what it took before the loop only once it has left it; what it took inside of it,
// it releases as it goes round.
#pragma once

#include "sim/sched/task.hpp"

namespace brink {

/// True if `task` can do what others wait for at `wait` without leaving its unlimited loop: it took
/// the lock inside of it, or stands in the lock's queue. (Of what is no Lock, only the thing itself
/// knows, and says so by BlockerSink::inner().)
bool acts_inside_loop(const Task& task, const Waitable& wait);

/// True if the task only stands in the queue of this lock, before or behind the others. One that
/// holds it as well waits for itself.
bool queues_for(const Task& task, const Waitable& wait);

/// True if it holds this lock together with others, for reading.
bool shares(const Task& task, const Waitable& wait);

/// True if a loop for this polls for something that is neither memory nor handed over: its task may
/// find that done, by whomever, when it next asks.
bool is_poll(const Waitable* loop);

/// True if the task is in such a loop, innermost or outermost.
inline bool asks_again(const Task& task) { return is_poll(task.loop) || is_poll(task.inner_loop); }

/// True if a task in this state goes on by itself: it runs, has a timer, or a signal that ends its
/// wait.
inline bool goes_on(const Task& task) {
  return task.state == TaskState::runnable || task.timer_sequence != 0 ||
         task.signalled(task.wait_mode);
}

/// A thread of the kernel that serves others and never ends.
inline bool is_kernel_daemon(const Task& task) { return task.has(PF_KTHREAD) && task.has(DAEMON); }

/// True if it waits for work, or, a daemon of the kernel with nothing in hand, for its period to
/// pass.
inline bool is_idle(const Task& task) {
  if (task.state != TaskState::parked || task.loop != nullptr) return false;
  if (task.wait->kind() == WaitKind::idle) return true;
  return task.wait->kind() == WaitKind::timer && is_kernel_daemon(task) && task.locks == nullptr;
}

}  // namespace brink
