// Running a sweep: workers over threads, one machine a thread, results that do not depend on how
// many.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "brink/results.hpp"
#include "experiment/determinism.hpp"
#include "experiment/experiment.hpp"

namespace brink {

struct SweepOptions {
  RunFunction run;
  unsigned jobs = 0;  ///< worker threads; 0: as many as the host has
  /// Runs in a million that are executed twice and compared.
  std::uint64_t recheck_ppm = 20'000;
  /// Called on the calling thread about ten times a second, and once at the end.
  std::function<void(const Progress&)> on_progress;
  /// Set from outside to end early, after the runs that are under way.
  const std::atomic<bool>* stop = nullptr;
  /// Real time without a heartbeat after which a run counts as stuck in code that reaches no
  /// primitive.
  std::chrono::milliseconds stuck_after{60'000};
  /// Called on the calling thread with the id of a stuck run; must not return if it is to help.
  /// By default it reports an internal error and ends the process with exit code 3.
  std::function<void(const std::string& run_id)> on_stuck;
};

/// Runs every point with every seed and judges the expectations. Worker threads read no clock. If a
/// run differs between two executions the sweep stops: `determinism_differences` is then 1 and
/// `determinism_report` says where. Rethrows what a run threw.
ExperimentResult run_sweep(const Experiment& experiment, const SweepOptions& options);

}  // namespace brink
