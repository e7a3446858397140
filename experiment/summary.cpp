// Summing up an experiment.

#include "experiment/summary.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "experiment/suggest.hpp"

namespace brink {
namespace {

std::string size_text(std::uint64_t bytes) {
  struct Unit {
    const char* name;
    std::uint64_t size;
  };
  constexpr Unit units[] = {{"TiB", 1024 * GiB}, {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}};
  for (const Unit& unit : units) {
    if (bytes >= unit.size && bytes % unit.size == 0) {
      return fmt::format("{} {}", bytes / unit.size, unit.name);
    }
  }
  return fmt::format("{} B", bytes);
}

/// Every fault's counters over all points.
std::vector<FaultCounters> fault_totals(const Experiment& experiment,
                                        const std::vector<PointStatistics>& points) {
  std::vector<FaultCounters> totals(experiment.points.front().faults->size());
  for (const PointStatistics& point : points) {
    const std::vector<FaultCounters>& faults = point.result().faults;
    for (std::size_t i = 0; i < std::min(faults.size(), totals.size()); ++i) {
      totals[i].asked += faults[i].asked;
      totals[i].filtered += faults[i].filtered;
      totals[i].fired += faults[i].fired;
    }
  }
  return totals;
}

void judge_faults(const Experiment& experiment, const std::vector<PointStatistics>& points,
                  ExperimentResult& result) {
  const std::vector<FaultPlan>& plans = *experiment.points.front().faults;
  result.faults_configured = !plans.empty();
  const std::vector<FaultCounters> totals = fault_totals(experiment, points);
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const FaultCounters& fault = totals[i];
    result.faults_injected |= fault.fired > 0;
    if (fault.fired > 0 || result.runs == 0) continue;
    std::string why;
    if (fault.asked == 0) why = "nothing happened where it listens";
    if (fault.asked > 0 && fault.filtered == fault.asked) {
      why = fmt::format("its filters excluded all of the {} occasions", fault.asked);
    }
    if (why.empty()) continue;  // It had its chances, and its luck said no.
    result.warnings.push_back(warning_text(
        plans[i].where, fmt::format("fault {} ({}) never fired: {}", i, plans[i].row->name, why)));
  }
}

/// The system calls that an expression asks after.
void collect_syscalls(const Expr& expr, std::set<std::string>& names) {
  const bool asks = expr.op != Expr::Op::number && expr.parts.empty();
  if (asks && expr.metric.family == Metric::Family::error) names.insert(expr.metric.first);
  for (const Expr& part : expr.parts) collect_syscalls(part, names);
}

void warn_of_unknown_syscalls(const Experiment& experiment, ExperimentResult& result) {
  std::set<std::string> seen;
  for (const PointResult& point : result.points) {
    for (const auto& entry : point.errnos) seen.insert(entry.first);
  }
  for (const ExpectLine& line : experiment.expectations) {
    std::set<std::string> asked;
    collect_syscalls(line.condition, asked);
    for (const std::string& name : asked) {
      if (seen.contains(name) || result.runs == 0) continue;
      result.warnings.push_back(
          warning_text(line.where, "no run returned from a system call \"" + name + "\"" +
                                       suggestion(name, {seen.begin(), seen.end()})));
    }
  }
}

}  // namespace

std::string machine_text(const MachineConfig& machine) {
  std::string text = fmt::format("{} CPU{}, {} of memory ({} reserved)", machine.cpus,
                                 machine.cpus == 1 ? "" : "s", size_text(machine.memory),
                                 size_text(machine.reserved));
  if (machine.swap > 0) {
    text += fmt::format(", {} of swap on {}", size_text(machine.swap), machine.swap_device);
  } else {
    text += ", no swap";
  }
  return text + fmt::format(", HZ {}, strategy {}", machine.hz, machine.scheduler.strategy);
}

ExperimentResult summarise(const Experiment& experiment,
                           const std::vector<PointStatistics>& points) {
  ExperimentResult result;
  result.name = experiment.name;
  result.question = experiment.question;
  result.digest = experiment.digest;
  const SweepPoint& first = experiment.points.front();
  const bool one_kernel =
      std::all_of(experiment.points.begin(), experiment.points.end(),
                  [&](const SweepPoint& point) { return point.kernel == first.kernel; });
  result.kernel = one_kernel ? first.kernel : "several";
  result.machine = machine_text(first.spec.machine);
  result.warnings = experiment.warnings;
  for (const Axis& axis : experiment.sweep.axes) result.axes.push_back(axis.name);
  std::vector<const PointStatistics*> all;
  for (const PointStatistics& point : points) {
    result.points.push_back(point.result());
    result.runs += point.result().runs;
    all.push_back(&point);
  }
  for (const ExpectLine& line : experiment.expectations) {
    result.expectations.push_back(judge(line, all));
  }
  judge_faults(experiment, points, result);
  warn_of_unknown_syscalls(experiment, result);
  return result;
}

}  // namespace brink
