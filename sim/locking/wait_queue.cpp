// Parking on a wait queue and waking from it, and completions.

#include "sim/locking/wait_queue.hpp"

#include <algorithm>

#include "sim/locking/completion.hpp"

namespace brink {

int WaitQueue::sleep(WaitMode mode, Nanos deadline, bool exclusive) {
  Task& me = core_.current();
  if (me.signalled(mode)) return -EINTR;
  if (core_.now() >= deadline) return -ETIME;
  Waiting record{exclusive};
  me.wait_data = &record;
  waiters_.push(me);
  const Wake woke =
      deadline == never ? core_.park(*this, mode) : core_.park_until(*this, mode, deadline);
  if (record.listed) waiters_.remove(me);
  switch (woke) {
    case Wake::woken: return 0;
    case Wake::timeout: return -ETIME;
    case Wake::signal: return -EINTR;
  }
  return 0;
}

void WaitQueue::wake_up(std::uint32_t exclusive) noexcept {
  if (core_.aborting()) [[unlikely]] return;
  Waiters stay;
  while (!waiters_.empty()) {
    Task& task = waiters_.pop();
    Waiting& record = *static_cast<Waiting*>(task.wait_data);
    // One whose wait has ended otherwise must not use up a wake-up.
    const bool wake = task.state == TaskState::parked && (!record.exclusive || exclusive != 0);
    if (!wake) {
      stay.push(task);
      continue;
    }
    if (record.exclusive) --exclusive;
    record.listed = false;
    if (core_.in_task()) core_.charge(core_.costs().wakeup);
    core_.wake(task);
  }
  waiters_ = stay;
}

void WaitQueue::retract_waker(const Task& task) {
  const auto at = std::find(wakers_.begin(), wakers_.end(), &task);
  if (at != wakers_.end()) wakers_.erase(at);
}

void WaitQueue::blockers(const Task&, BlockerSink& sink) const {
  if (kind() == WaitKind::io) return sink.event();
  if (wakers_.empty()) return sink.anyone();
  for (const Task* waker : wakers_) sink.task(*waker);
}

// --- Completions.

int Completion::wait_for(WaitMode mode, Nanos deadline) {
  const int error = wait([this] { return done(); }, mode, deadline, true);
  if (error == 0 && done_ != all) --done_;
  return error;
}

bool Completion::try_wait() {
  core().step(1);
  if (done_ == 0) return false;
  if (done_ != all) --done_;
  return true;
}

void Completion::complete() noexcept {
  if (done_ != all) ++done_;
  wake_up(1);
}

void Completion::complete_all() noexcept {
  done_ = all;
  wake_up_all();
}

}  // namespace brink
