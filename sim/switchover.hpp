// One strategy up to a choice, another from there on: the same run up to a place, then another.
#pragma once

#include "sim/sched/strategy.hpp"

namespace brink {

class SwitchoverStrategy final : public Strategy {
 public:
  /// `first` answers choices 0 … `at` - 1, `then` the rest. Where the core asks is as `first` wants
  /// it, or the choices up to `at` would not be the same. Both must outlive this.
  SwitchoverStrategy(Strategy& first, std::uint64_t at, Strategy& then)
      : first_(first), then_(then), left_(at) {}

  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) override {
    return next().pick_task(ready, current, why);
  }
  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) override {
    return next().pick_cpu(cpus, current);
  }
  bool asks_at_points() const override {
    return !first_.takes_defaults() && first_.asks_at_points();
  }
  void spawned(const Task& task) override {
    first_.spawned(task);
    then_.spawned(task);
  }
  void poll_round(const Task& task) override {
    first_.poll_round(task);
    then_.poll_round(task);
  }

 private:
  Strategy& next() {
    if (left_ == 0) return then_;
    --left_;
    return first_;
  }

  Strategy& first_;
  Strategy& then_;
  std::uint64_t left_;
};

}  // namespace brink
