// The plain strategy: oldest READY task first, CPUs in the order of their clocks, preemption only at
// the end of a tick. Fair, and without a choice that depends on luck.
#pragma once

#include "sim/sched/strategy.hpp"

namespace brink {

class FifoStrategy final : public Strategy {
 public:
  std::uint32_t pick_task(const ReadyQueue&, const Task*, Why) override { return 0; }

  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t) override {
    std::uint32_t earliest = 0;
    for (std::uint32_t i = 1; i < cpus.size(); ++i) {
      if (cpus[i].clock < cpus[earliest].clock) earliest = i;
    }
    return earliest;
  }

  bool takes_defaults() const override { return true; }
  bool asks_at_points() const override { return false; }
};

}  // namespace brink
