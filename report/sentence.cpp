// The sentence that a report begins with.

#include <fmt/core.h>

#include <algorithm>

#include "report/text.hpp"
#include "report/text_report.hpp"

namespace brink {
namespace {

double lockup_share(const PointResult& point) {
  return point.runs == 0 ? 0 : static_cast<double>(point.lockups) / static_cast<double>(point.runs);
}

double enomem_share(const PointResult& point) {
  return point.runs == 0
             ? 0
             : static_cast<double>(point.enomem_syscalls) / static_cast<double>(point.runs);
}

/// "184 of 200 runs locked up (all proved) and no system call returned ENOMEM"
std::string both_axes(const PointResult& point) {
  std::string text =
      fmt::format("{} of {} runs locked up", grouped(point.lockups), grouped(point.runs));
  if (point.lockups > 0 && point.lockups_proved == point.lockups) text += " (all proved)";
  if (point.lockups_proved < point.lockups) {
    text += fmt::format(" ({} proved)", grouped(point.lockups_proved));
  }
  if (point.enomem_syscalls == 0) return text + " and no system call returned ENOMEM";
  text += fmt::format(" and {} system call{} returned ENOMEM", grouped(point.enomem_syscalls),
                      point.enomem_syscalls == 1 ? "" : "s");
  const std::uint64_t given_up = point.enomem[static_cast<std::size_t>(Cause::give_up)];
  if (given_up == point.enomem_syscalls) return text + " because the policy gave up";
  return text + fmt::format(" ({} because the policy gave up)", grouped(given_up));
}

}  // namespace

std::string sentence(const ExperimentResult& result) {
  std::vector<const PointResult*> points;
  for (const PointResult& point : result.points) {
    if (point.runs > 0) points.push_back(&point);
  }
  if (points.empty()) return "There were no runs.";
  if (points.size() == 1) {
    const std::string where = axes_phrase(points[0]->axes);
    return (where.empty() ? "" : "With " + where + ", ") + both_axes(*points[0]) + ".";
  }
  // The two ends of the argument: where most runs lock up, and where most ENOMEM is returned; if
  // that is the same place, where fewest runs lock up.
  const auto by_lockups = [](const PointResult* a, const PointResult* b) {
    if (lockup_share(*a) != lockup_share(*b)) return lockup_share(*a) < lockup_share(*b);
    return enomem_share(*a) > enomem_share(*b);
  };
  const auto by_enomem = [](const PointResult* a, const PointResult* b) {
    return enomem_share(*a) < enomem_share(*b);
  };
  const auto [least, most] = std::minmax_element(points.begin(), points.end(), by_lockups);
  auto other = std::max_element(points.begin(), points.end(), by_enomem);
  if (other == most || (*other)->enomem_syscalls == 0) other = least;
  return fmt::format("With {}, {}; with {}, {}.", axes_phrase((*most)->axes), both_axes(**most),
                     axes_phrase((*other)->axes), both_axes(**other));
}

bool as_expected(const ExperimentResult& result) {
  return !result.partial && result.determinism_differences == 0 &&
         std::all_of(result.expectations.begin(), result.expectations.end(),
                     [](const Expectation& expectation) { return expectation.ok; });
}

}  // namespace brink
