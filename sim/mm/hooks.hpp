// The run's faults, and the points where the model asks them (design §5, kernel reference §5). A
// point that no fault listens at costs one test.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "brink/hook.hpp"
#include "brink/outcome.hpp"
#include "sim/sched/core.hpp"

namespace brink {

class Hooks {
 public:
  Hooks(Core& core, std::vector<std::unique_ptr<Fault>> faults);

  /// Whether any fault listens at the point.
  bool listens(HookPoint point) const { return (points_ & point) != 0; }

  /// Whether this request fails by bad luck. Asked once a request, before anything is tried for it.
  /// `hook.task` is filled in here.
  bool fail_alloc(AllocHook hook);

  /// What the request to a device meets: delays add up, one failure is enough.
  BioAnswer at_bio(BioHook hook);

  /// The locks that the running task must take here, in the order of the faults.
  std::vector<LockDemand> at_lock(LockPoint point, const char* syscall = "");

  /// Whether the last request that failed did so by a fault that fails for ever.
  bool last_is_sticky() const { return last_is_sticky_; }

  /// How often faults have been asked that may answer otherwise the next time.
  std::uint64_t transient_draws() const { return transient_draws_; }

  /// Silences all of them until resume_transient(): what exists before the first system call is
  /// there whatever the run's luck.
  void silence() { points_ = 0; }
  /// Silences the faults that do not last (settling phase), and lets them go on after it.
  void stop_transient();
  void resume_transient();

  std::vector<FaultCounters> counters() const;

 private:
  HookTask running_task() const;
  bool listens(std::size_t fault, HookPoint point) const;

  Core& core_;
  std::vector<std::unique_ptr<Fault>> faults_;
  std::uint32_t points_ = 0;
  bool transient_stopped_ = false;
  bool last_is_sticky_ = false;
  std::uint64_t transient_draws_ = 0;
};

}  // namespace brink
