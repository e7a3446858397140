// From the statistics of the points to the result of the experiment.
#pragma once

#include <vector>

#include "brink/results.hpp"
#include "experiment/experiment.hpp"
#include "experiment/metrics.hpp"

namespace brink {

/// Judges the expectations and adds what can only be seen after the runs: faults that never fired,
/// metrics of system calls that nobody made.
ExperimentResult summarise(const Experiment& experiment,
                           const std::vector<PointStatistics>& points);

/// "2 CPUs, 100 MiB of memory (0 B reserved), 128 MiB of swap on disk, HZ 250"
std::string machine_text(const MachineConfig& machine);

}  // namespace brink
