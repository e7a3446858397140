// The two waits that belong to no object: for virtual time, and for work to do.

#include "sim/sched/wait.hpp"

namespace brink {
namespace {

class TimerWait final : public Waitable {
 public:
  TimerWait() : Waitable(WaitKind::timer) {}
  void blockers(const Task&, BlockerSink& sink) const override { sink.event(); }
  std::string describe() const override { return "timer"; }
};

class IdleWait final : public Waitable {
 public:
  IdleWait() : Waitable(WaitKind::idle) {}
  void blockers(const Task&, BlockerSink& sink) const override { sink.anyone(); }
  std::string describe() const override { return "work to do"; }
};

const TimerWait the_timer_wait;
const IdleWait the_idle_wait;

}  // namespace

const Waitable& timer_wait = the_timer_wait;
const Waitable& idle_wait = the_idle_wait;

}  // namespace brink
