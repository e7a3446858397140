// A kernel thread (kernel/kthread.c, Linux 4.0): a daemon that sleeps until it is kicked, and that
// can be told to end. Left out: kthreadd, which makes them in the real kernel (sim/kernel has it).
#pragma once

#include <string_view>

#include "sim/sched/core.hpp"
#include "sim/sched/wait.hpp"
#include "sim/sched/waiters.hpp"

namespace brink {

class Kthread {
 public:
  /// Starts it: PF_KTHREAD and DAEMON. It must outlive its core's tasks.
  Kthread(Core& core, std::string_view comm, TaskBody body);
  Kthread(const Kthread&) = delete;
  Kthread& operator=(const Kthread&) = delete;

  Task& task() const { return *task_; }

  // --- From the thread itself.

  /// Idles until kicked, told to stop, or `deadline`; a kick since the last call counts. False when
  /// it was the deadline.
  bool wait_for_kick(Nanos deadline = never);
  /// Whether stop() has been called: the thread should return soon.
  bool should_stop() const { return stopping_; }

  // --- From anybody.

  /// Ends its idling, or the next one. From tasks and timers; not a choice point.
  void kick() noexcept;
  /// Tells it to end, and waits until it has (kthread_stop()).
  void stop();
  bool ended() const { return exit_.ended; }

 private:
  /// Waiting for the thread's end.
  class Exit final : public Waitable {
   public:
    Exit() : Waitable(WaitKind::exit) {}
    void blockers(const Task&, BlockerSink& sink) const override { sink.task(*owner()); }
    std::string describe() const override { return std::string("end of ") + owner()->name(); }
    void of(Task& task) { set_owner(&task); }

    bool ended = false;
    Waiters waiters;
  };

  static void start(void* kthread);

  Core& core_;
  const TaskBody body_;
  Task* const task_;
  Exit exit_;
  bool idle_ = false;
  bool kicked_ = false;
  bool stopping_ = false;
};

}  // namespace brink
