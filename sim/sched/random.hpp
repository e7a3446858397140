// The random strategy: every option is as likely as any other where a task or a CPU must change,
// and a task that could go on is preempted now and then.
#pragma once

#include "brink/random.hpp"
#include "sim/sched/strategy.hpp"

namespace brink {

class RandomStrategy final : public Strategy {
 public:
  /// Where a task may be preempted it is, once in so many times: often enough that short races are
  /// met, rarely enough that tasks get somewhere. A guess; must be a power of two.
  static constexpr std::uint32_t preempt_once_in = 16;

  explicit RandomStrategy(std::uint64_t seed) : luck_(seed, stream_id("sched.strategy")) {}

  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) override {
    if (why == Why::point) return preempts() ? below(ready.size()) : ready.size();
    return below(ready.size() + (current != nullptr ? 1 : 0));
  }

  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t) override {
    return below(static_cast<std::uint32_t>(cpus.size()));
  }

  bool asks_at_points() const override { return true; }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(luck_.below(n)); }

  /// Four bits of a word for each question: most are asked here.
  bool preempts() {
    if (bits_left_ == 0) {
      bits_ = luck_.next();
      bits_left_ = 64;
    }
    const bool yes = bits_ % preempt_once_in == 0;
    bits_ /= preempt_once_in;
    bits_left_ -= 4;
    return yes;
  }

  Random luck_;
  std::uint64_t bits_ = 0;
  unsigned bits_left_ = 0;
};

}  // namespace brink
