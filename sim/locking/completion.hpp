// Waiting until somebody says that a thing is done (kernel/sched/completion.c, Linux 4.0). It
// remembers what nobody has waited for yet.
#pragma once

#include <cstdint>

#include "sim/locking/wait_queue.hpp"

namespace brink {

class Completion final : public WaitQueue {
 public:
  explicit Completion(Core& core, const LazyText& name = {}, WaitKind kind = WaitKind::wakers)
      : WaitQueue(core, name, kind) {}

  void wait_for() { static_cast<void>(wait_for(WaitMode::uninterruptible)); }
  /// 0, or -EINTR or -ETIME if a signal that `mode` admits, or `deadline`, came first.
  [[nodiscard]] int wait_for(WaitMode mode, Nanos deadline = never);
  /// Takes one complete() if there is one left.
  [[nodiscard]] bool try_wait();

  /// Lets one task go on: from tasks and timers; not a choice point.
  void complete() noexcept;
  /// Lets every task go on, now and until reinit().
  void complete_all() noexcept;
  void reinit() { done_ = 0; }

  bool done() const { return done_ != 0; }

  /// `completion NAME`.
  std::string describe() const override { return "completion " + name(); }

 private:
  static constexpr std::uint32_t all = ~std::uint32_t{0};

  std::uint32_t done_ = 0;
};

}  // namespace brink
