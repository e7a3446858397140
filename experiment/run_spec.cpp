// From a run id to the run: the experiment's point, and over it what the id changes.

#include <algorithm>

#include "experiment/digest.hpp"
#include "experiment/experiment.hpp"

namespace brink {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw ConfigError({"run id", 0, 0}, why); }

void check_origin(const Experiment& experiment, const RunId& id) {
  if (id.name != experiment.name) {
    refuse("it belongs to the experiment " + id.name + ", and " + experiment.document.file +
           " is " + experiment.name);
  }
  const std::string version = id.digest.substr(0, id.digest.find('-'));
  if (version != std::to_string(format_version)) {
    refuse("it has format version " + version + " and this brink has " +
           std::to_string(format_version) + ": the same id would be another run");
  }
  if (id.digest != experiment.digest) {
    refuse("it was made by another state of " + experiment.document.file + ": its digest is " +
           id.digest + ", the file's is " + experiment.digest +
           " (was it run with --set? then explain it with the same --set)");
  }
}

void check_axes(const Experiment& experiment, const RunId& id) {
  for (const Axis& axis : experiment.sweep.axes) {
    const bool named = std::any_of(id.axes.begin(), id.axes.end(),
                                   [&](const auto& entry) { return entry.first == axis.name; });
    if (!named) refuse("it names no value of the axis " + axis.name);
  }
}

bool even_hex(const std::string& text) {
  return text.size() % 2 == 0 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

void apply_schedule(const RunId& id, RunSpec& spec) {
  if (id.schedule.empty()) return;
  if (!even_hex(id.schedule)) refuse("schedule= must be an even number of hex digits");
  SchedulerConfig& scheduler = spec.machine.scheduler;
  if (scheduler.strategy != "dfs") scheduler.strategy = "replay";
  scheduler.choices = id.schedule;
}

void apply_faults(const SweepPoint& point, const RunId& id, RunSpec& spec) {
  for (const std::size_t index : id.faults.value_or(std::vector<std::size_t>{})) {
    if (index >= point.faults->size()) {
      refuse("it names fault " + std::to_string(index) + ", and there are " +
             std::to_string(point.faults->size()));
    }
  }
  spec.make_faults = [plans = point.faults, chosen = id.faults](std::uint64_t seed) {
    return make_faults(*plans, seed, chosen ? &*chosen : nullptr);
  };
}

void apply_policy(const SweepPoint& point, const RunId& id, const Registries& registries,
                  RunSpec& spec) {
  if (!id.policy) return;
  Table table = *point.policy_alloc.table();
  const std::string* own = table.at("name").get<std::string>();
  if (*own != id.policy->name) table.clear();
  for (const auto& [key, value] : id.policy->params) table.insert_or_assign(key, value);
  table.insert_or_assign("name", Value(id.policy->name));
  spec.switch_policy_at = id.policy->question;
  spec.alloc_policy_then =
      make_alloc_policy(registries, id.policy->name, Value(std::move(table)), "policy");
}

RunSpec spec_at(const SweepPoint& point, const RunId& id, const Registries& registries) {
  RunSpec spec = point.spec;
  spec.run_id = run_id_text(id);
  spec.seed = id.seed;
  apply_schedule(id, spec);
  apply_faults(point, id, spec);
  apply_policy(point, id, registries, spec);
  if (id.reschedule) {
    spec.reschedule_at = id.reschedule->choice;
    spec.reschedule_seed = id.reschedule->seed;
  }
  return spec;
}

}  // namespace

std::string id_prefix(const Experiment& experiment, const Axes& axes) {
  return experiment.name + "@" + experiment.digest + (axes.empty() ? "" : ":" + axes_text(axes));
}

RunSpec sweep_spec(const Experiment& experiment, std::size_t point, std::uint64_t number,
                   const std::string& schedule) {
  const SweepPoint& at = experiment.points[point];
  RunSpec spec = at.spec;
  spec.seed = experiment.sweep.seeds.first + number;
  spec.run_id = at.id_prefix + ":seed=" + std::to_string(spec.seed);
  if (!schedule.empty()) {
    spec.run_id += ":schedule=" + schedule;
    spec.machine.scheduler.choices = schedule;
  }
  spec.make_faults = [plans = at.faults](std::uint64_t seed) { return make_faults(*plans, seed); };
  return spec;
}

RunId run_id_of(const Experiment& experiment, std::size_t point, std::uint64_t number) {
  RunId id;
  id.name = experiment.name;
  id.digest = experiment.digest;
  id.axes = experiment.points[point].axes;
  id.seed = experiment.sweep.seeds.first + number;
  return id;
}

RunSpec spec_of(const Experiment& experiment, const RunId& id, const Registries& registries) {
  check_origin(experiment, id);
  check_axes(experiment, id);
  const std::string wanted = id_prefix(experiment, id.axes);
  for (const SweepPoint& point : experiment.points) {
    if (point.id_prefix == wanted) return spec_at(point, id, registries);
  }
  // Values that the sweep does not list, or an axis that it does not have: a point of its own.
  const Value root = with_axes(experiment.document.root, id.axes, {"run id", 0, 0});
  const std::string& file = experiment.document.file;
  ProgramCache programs;
  const SweepPoint point = read_point(root, file, experiment.directory, registries, programs);
  return spec_at(point, id, registries);
}

}  // namespace brink
