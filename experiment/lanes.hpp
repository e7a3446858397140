// Where outcomes come together: a lane for each point of the sweep, in which runs are added in the
// order of their index, whichever worker finished them and when.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "experiment/experiment.hpp"
#include "experiment/metrics.hpp"

namespace brink {

/// Not locked: the runner calls it under its own lock.
class Lanes {
 public:
  explicit Lanes(const std::vector<SweepPoint>& points);

  /// Takes run `number` of a point; adds it, and those that waited for it.
  void deliver(std::size_t point, std::uint64_t number, Outcome outcome);

  /// Outcomes that wait for an earlier one: what bounds memory.
  std::size_t waiting() const { return waiting_; }

  const std::vector<PointStatistics>& points() const { return points_; }

 private:
  std::vector<PointStatistics> points_;
  std::vector<std::uint64_t> next_;
  std::vector<std::map<std::uint64_t, Outcome>> early_;
  std::size_t waiting_ = 0;
};

}  // namespace brink
