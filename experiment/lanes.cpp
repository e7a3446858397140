// Adding runs in the order of their index.

#include "experiment/lanes.hpp"

namespace brink {

Lanes::Lanes(const std::vector<SweepPoint>& points) : next_(points.size()), early_(points.size()) {
  for (const SweepPoint& point : points) points_.emplace_back(point.axes);
}

void Lanes::deliver(std::size_t point, std::uint64_t number, Outcome outcome) {
  if (number != next_[point]) {
    early_[point].emplace(number, std::move(outcome));
    ++waiting_;
    return;
  }
  points_[point].add(outcome);
  ++next_[point];
  auto& early = early_[point];
  for (auto next = early.begin(); next != early.end() && next->first == next_[point];) {
    points_[point].add(next->second);
    ++next_[point];
    --waiting_;
    next = early.erase(next);
  }
}

}  // namespace brink
