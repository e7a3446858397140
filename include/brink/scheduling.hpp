// How the scheduler of a machine is set up.
#pragma once

#include <cstdint>
#include <string>

namespace brink {

/// Where the kernel may take a CPU from a task that could go on (CONFIG_PREEMPT_*).
enum class Preempt : std::uint8_t {
  none,       ///< in user mode, when it sleeps, and at cond_resched()
  voluntary,  ///< also at might_sleep()
  full,       ///< everywhere but under a spinlock
};

/// Who goes before whom: while a task of a higher class wants a CPU, none of a lower one gets it.
/// Within the first a task keeps its CPU until it sleeps or yields; within the others all take
/// turns.
enum class SchedClass : std::uint8_t {
  fifo,    ///< SCHED_FIFO without throttling (sched_rt_runtime_us = -1), all of one priority
  normal,  ///< SCHED_NORMAL
  idle,    ///< SCHED_IDLE, whose share of 3 in 1024 is taken for none
};

/// How the scheduler's choices are made.
struct SchedulerConfig {
  std::string strategy = "random";
  std::uint32_t pct_depth = 3;        ///< `pct`: bug depth d, that is d - 1 priority changes
  std::uint64_t pct_steps = 100'000;  ///< `pct`: over how many choices they are spread
  std::uint32_t dfs_preemptions = 2;  ///< `dfs`: bound on preemptions
  /// `replay`: a recorded schedule, hex. `dfs`: the choices that the schedule begins with, hex.
  std::string choices;
};

}  // namespace brink
