// Who runs next: the oracle that the core asks wherever the machine leaves a choice.
#pragma once

#include <cstdint>
#include <span>

#include "brink/units.hpp"
#include "sim/sched/ready_queue.hpp"
#include "sim/sched/task.hpp"

namespace brink {

/// Why a task is chosen.
enum class Why : std::uint8_t {
  freed,    ///< the CPU has no task: there is nobody to carry on
  yielded,  ///< the current task offers its CPU
  tick,     ///< the current task has used up its tick
  point,    ///< the current task is at a place where it may be preempted
};

/// The choice that is not logged: carry on at a point, else take the oldest.
constexpr std::uint32_t default_choice(Why why, std::uint32_t ready) {
  return why == Why::point ? ready : 0;
}

/// A CPU that has a task to run, as strategies see it.
struct CpuView {
  std::uint32_t cpu;
  Nanos clock;
  const Task* task;
};

/// The choice of CPU that is not logged: whose clock is earliest, and of these the lowest number.
constexpr std::uint32_t default_cpu(std::span<const CpuView> cpus) {
  std::uint32_t earliest = 0;
  for (std::uint32_t i = 1; i < cpus.size(); ++i) {
    if (cpus[i].clock < cpus[earliest].clock) earliest = i;
  }
  return earliest;
}

class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Which READY task a CPU takes: an index into `ready` (never empty), or ready.size() for
  /// carrying on with `current`. `current` is null exactly if `why` is `freed`. Asked only if there
  /// are at least two options; each time it is asked is one choice in the log.
  virtual std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) = 0;

  /// Which of several CPUs steps next: an index into `cpus`, which hold every busy CPU that is at
  /// most one tick ahead of machine time, lowest number first. `current` is the index of the one
  /// that stepped last, or cpus.size().
  virtual std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t current) = 0;

  /// True if it always takes the default: the oldest READY task at a yield, a tick or on a free
  /// CPU, no preemption before the tick, and the CPU whose clock is earliest. It is then not asked.
  virtual bool takes_defaults() const { return false; }

  /// True if it wants to be asked at every point (Why::point, and pick_cpu at every step) rather
  /// than only where a task or a CPU must change.
  virtual bool asks_at_points() const = 0;

  /// A task came into being.
  virtual void spawned(const Task&) {}

  /// A task went round a poll loop without success. A strategy with priorities must let the others
  /// run, or the loop would starve whoever could end it.
  virtual void poll_round(const Task&) {}
};

}  // namespace brink
