// Waiting until somebody says that a condition may hold (include/linux/wait.h and
// kernel/sched/wait.c, Linux 4.0). Tasks that may wake the waiters can be declared; without any, it
// is anyone who can make progress.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cerrno>
#include <cstdint>
#include <string>

#include "sim/sched/core_inline.hpp"
#include "sim/sched/lazy_text.hpp"
#include "sim/sched/waiters.hpp"

namespace brink {

class WaitQueue : public Waitable {
 public:
  /// `kind` is the row of design §4 that a wait here is: `wakers`, or `io` for what real hardware
  /// answers, `commit`, `exit`, `work`, `memory`, `idle` for subclasses that say who blocks.
  explicit WaitQueue(Core& core, const LazyText& name = {}, WaitKind kind = WaitKind::wakers)
      : Waitable(kind), core_(core), name_(name) {}
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  /// Waits until `condition()` holds, which is asked first and after each wake-up.
  template <class Condition>
  void wait_event(Condition&& condition) {
    static_cast<void>(wait(condition, WaitMode::uninterruptible, never, false));
  }
  /// 0, or -EINTR if the task was killed first.
  template <class Condition>
  [[nodiscard]] int wait_event_killable(Condition&& condition) {
    return wait(condition, WaitMode::killable, never, false);
  }
  /// 0, or -EINTR if a signal came first.
  template <class Condition>
  [[nodiscard]] int wait_event_interruptible(Condition&& condition) {
    return wait(condition, WaitMode::interruptible, never, false);
  }
  /// 0, or -ETIME if `deadline` came first.
  template <class Condition>
  [[nodiscard]] int wait_event_until(Condition&& condition, Nanos deadline) {
    return wait(condition, WaitMode::uninterruptible, deadline, false);
  }

  /// All of the above in one: 0, -EINTR or -ETIME. Of `exclusive` waiters a wake_up() wakes only as
  /// many as it is told.
  template <class Condition>
  [[nodiscard]] int wait(Condition&& condition, WaitMode mode, Nanos deadline, bool exclusive) {
    core_.charge(1);
    core_.might_sleep();
    for (;;) {
      if (condition()) return 0;
      const int error = sleep(mode, deadline, exclusive);
      if (error != 0) return condition() ? 0 : error;
    }
  }

  /// Parks the running task once, until the next wake-up: 0, -EINTR or -ETIME.
  [[nodiscard]] int sleep(WaitMode mode, Nanos deadline = never, bool exclusive = false);

  /// Wakes all waiters that are not exclusive, and `exclusive` of those that are. From tasks and
  /// timers; not a choice point. A no-op once the world has ended.
  void wake_up(std::uint32_t exclusive = 1) noexcept;
  void wake_up_all() noexcept { wake_up(~std::uint32_t{0}); }

  bool has_waiters() const { return !waiters_.empty(); }

  /// Says that `task` may wake the waiters. Once somebody is declared, nobody else is counted on.
  void declare_waker(Task& task) { wakers_.push_back(&task); }
  void retract_waker(const Task& task);

  void blockers(const Task& waiter, BlockerSink& sink) const override;
  /// `wait queue NAME`.
  std::string describe() const override { return "wait queue " + name_.str(); }

 protected:
  Core& core() const { return core_; }
  std::string name() const { return name_.str(); }

 private:
  /// What the queue notes about a waiter; lives in its frame.
  struct Waiting {
    bool exclusive;
    bool listed = true;
  };

  Core& core_;
  Waiters waiters_;
  boost::container::small_vector<Task*, 2> wakers_;
  const LazyText name_;
};

}  // namespace brink
