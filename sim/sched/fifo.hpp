// The plain strategy: oldest READY task first, CPUs in the order of their clocks, preemption only
// at the end of a tick. Fair, and without a choice that depends on luck.
#pragma once

#include "sim/sched/strategy.hpp"

namespace brink {

class FifoStrategy final : public Strategy {
 public:
  std::uint32_t pick_task(const ReadyQueue& ready, const Task*, Why why) override {
    return default_choice(why, ready.size());
  }

  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t) override {
    return default_cpu(cpus);
  }

  bool takes_defaults() const override { return true; }
  bool asks_at_points() const override { return false; }
};

}  // namespace brink
