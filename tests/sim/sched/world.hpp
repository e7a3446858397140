// A core whose tasks are closures, and a strategy that answers as a test tells it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "sim/sched/core_inline.hpp"
#include "sim/sched/fifo.hpp"
#include "sim/sched/waiters.hpp"

namespace brink {

struct World {
  explicit World(Strategy& strategy, const CoreConfig& config = {}) : core(config, strategy) {}
  ~World() { core.abort(); }

  Task& spawn(std::function<void()> body, const char* comm = "task",
              SchedClass sched_class = SchedClass::normal) {
    bodies.push_back(std::make_unique<std::function<void()>>(std::move(body)));
    return core.spawn(comm, {call, bodies.back().get()}, sched_class);
  }
  Task& spawn(std::function<void()> body, SchedClass sched_class) {
    return spawn(std::move(body), "task", sched_class);
  }

  static void call(void* body) { (*static_cast<std::function<void()>*>(body))(); }

  Core core;
  std::vector<std::unique_ptr<std::function<void()>>> bodies;
};

inline CoreConfig cpus(std::uint32_t count, Preempt preempt = Preempt::voluntary) {
  CoreConfig config;
  config.cpus = count;
  config.preempt = preempt;
  return config;
}

/// Something to wait for: wakes its oldest waiter when told to.
class Gate final : public Waitable {
 public:
  explicit Gate(Core& core) : Waitable(WaitKind::wakers), core_(core) {}

  Wake wait(WaitMode mode = WaitMode::uninterruptible) { return wait_until(never, mode); }

  Wake wait_until(Nanos deadline, WaitMode mode = WaitMode::uninterruptible) {
    Task& me = core_.current();
    waiters_.push(me);
    const Wake woke =
        deadline == never ? core_.park(*this, mode) : core_.park_until(*this, mode, deadline);
    if (woke != Wake::woken) waiters_.remove(me);
    return woke;
  }

  void open() {
    while (!waiters_.empty()) {
      Task& task = waiters_.pop();
      if (task.state != TaskState::parked) continue;
      return core_.wake(task);
    }
  }

  void blockers(const Task&, BlockerSink& sink) const override { sink.anyone(); }
  std::string describe() const override { return "gate"; }

 private:
  Core& core_;
  Waiters waiters_;
};

/// Every event of a run.
struct Events final : TraceSink {
  struct Event {
    Nanos time;
    EventKind kind;
    std::uint64_t a, b;
  };
  void event(Nanos time, EventKind kind, std::uint64_t a, std::uint64_t b) override {
    events.push_back({time, kind, a, b});
  }
  std::vector<Event> events;
};

}  // namespace brink
