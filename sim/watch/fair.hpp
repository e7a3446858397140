// The strategy of the settling phase: oldest first, CPUs by their clocks. The usual strategy goes
// on seeing what it would see and being asked what it would be asked, so that it keeps its books
// and a replayed schedule stays in step; its answers do not count.
#pragma once

#include "sim/sched/strategy.hpp"

namespace brink {

class FairStrategy final : public Strategy {
 public:
  explicit FairStrategy(Strategy& usual) : usual_(usual) {}

  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) override {
    static_cast<void>(usual_.pick_task(ready, current, why));
    return default_choice(why, ready.size());
  }

  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) override {
    static_cast<void>(usual_.pick_cpu(cpus, current));
    return default_cpu(cpus);
  }

  bool asks_at_points() const override { return false; }
  void spawned(const Task& task) override { usual_.spawned(task); }
  void poll_round(const Task& task) override { usual_.poll_round(task); }

 private:
  Strategy& usual_;
};

}  // namespace brink
