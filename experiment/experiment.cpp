// Loading: overrides, axes, every point, the digest, the expectations; and back from a run id to
// the run.

#include "experiment/experiment.hpp"

#include <algorithm>
#include <filesystem>

#include "experiment/digest.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

void check_top_level(const Table& root) {
  const std::vector<std::string> known = {"experiment", "machine", "rules", "policy",
                                          "device",     "memcg",   "mount", "task",
                                          "fault",      "sweep",   "expect"};
  for (const std::string& key : keys_in_file_order(root)) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw ConfigError(root.at(key).key_where(),
                      "unknown table \"" + key + "\"" + suggestion(key, known));
  }
}

/// Names stand in run ids and are file names.
bool is_a_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || name.front() == '-' || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

void read_heading(const Table& root, Experiment& experiment) {
  const Where top{experiment.document.file, 1, 1};
  const auto found = root.find("experiment");
  if (found == root.end() || found->second.table() == nullptr) {
    throw ConfigError(found == root.end() ? top : found->second.where(),
                      "there is no [experiment] table with a name");
  }
  Params params(*found->second.table(), "experiment", found->second.where());
  experiment.name = params.text("name", "", "the name in run ids and of the file");
  if (!is_a_name(experiment.name)) {
    params.reject("name", "must be made of letters, digits, \"-\", \"_\" and \".\", as the file's");
  }
  experiment.question = params.text("question", "", "what is being asked, in words");
  params.done();
  const std::string stem = std::filesystem::path(experiment.document.file).stem().string();
  if (stem != experiment.name && experiment.document.file.ends_with(".toml")) {
    experiment.warnings.push_back(warning_text(
        params.where("name"), "the file is called " + stem + ".toml; `brink explain` looks for " +
                                  experiment.name + ".toml unless it is told --file"));
  }
}

std::vector<AxisWords> words_of(const Sweep& sweep) {
  std::vector<AxisWords> words;
  for (const Axis& axis : sweep.axes) words.push_back({axis.name, axis.values});
  return words;
}

/// `only` of [sweep]: the filter that a point has to fit; none if all do.
std::shared_ptr<const Filter> read_only(const Experiment& experiment) {
  const Table& root = *experiment.document.root.table();
  const auto sweep = root.find("sweep");
  if (sweep == root.end() || !sweep->second.table()->contains("only")) return nullptr;
  const Value& value = sweep->second.table()->at("only");
  const std::string* text = value.get<std::string>();
  if (text == nullptr) {
    throw ConfigError(value.where(),
                      std::string("sweep.only: expected a filter, found ") + a_kind(value));
  }
  try {
    return parse_filter(*text, words_of(experiment.sweep));
  } catch (const ExprError& error) {
    throw ConfigError(place_in_string(experiment.document, value.where(), *text, error.offset()),
                      std::string(error.what()) + ", in \"" + *text + "\"");
  }
}

void read_points(Experiment& experiment, const std::string& directory,
                 const Registries& registries) {
  const std::shared_ptr<const Filter> only = read_only(experiment);
  ProgramCache programs;
  for (std::uint64_t i = 0; i < experiment.sweep.points; ++i) {
    Axes axes = axes_of_point(experiment.sweep, i);
    if (only && !matches(*only, axes)) continue;
    const Value root = with_axes(experiment.document.root, axes, {experiment.document.file, 1, 1});
    SweepPoint point = read_point(root, experiment.document.file, directory, registries, programs);
    point.axes = std::move(axes);
    for (const std::string& warning : point.warnings) {
      const bool said = std::find(experiment.warnings.begin(), experiment.warnings.end(),
                                  warning) != experiment.warnings.end();
      if (!said) experiment.warnings.push_back(warning);
    }
    experiment.points.push_back(std::move(point));
  }
  experiment.sweep.points = experiment.points.size();
  if (!experiment.points.empty()) return;
  throw ConfigError(experiment.document.root.table()->at("sweep").where(),
                    "sweep.only: no point fits: there would be no runs");
}

/// A fault that cannot fire anywhere; one that cannot at some points may be an axis' control.
void warn_of_idle_faults(Experiment& experiment) {
  const std::vector<FaultPlan>& faults = *experiment.points.front().faults;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const std::string& why = experiment.points.front().never_fires[i];
    const bool everywhere =
        std::all_of(experiment.points.begin(), experiment.points.end(),
                    [i](const SweepPoint& point) { return !point.never_fires[i].empty(); });
    if (!everywhere) continue;
    experiment.warnings.push_back(warning_text(
        faults[i].where,
        "fault " + std::to_string(i) + " (" + faults[i].row->name + ") can never fire: " + why));
  }
}

std::vector<std::string> all_host_files(const Experiment& experiment) {
  std::vector<std::string> files;
  for (const SweepPoint& point : experiment.points) {
    files.insert(files.end(), point.host_files.begin(), point.host_files.end());
  }
  return files;
}

void read_expect(Experiment& experiment) {
  experiment.expectations = read_expectations(experiment.document, words_of(experiment.sweep));
  std::vector<Axes> points;
  for (const SweepPoint& point : experiment.points) points.push_back(point.axes);
  for (const ExpectLine& line : experiment.expectations) {
    if (line.may_be_empty || speaks_of_runs(line, points)) continue;
    experiment.warnings.push_back(
        warning_text(line.where, "no point of the sweep fits \"" + line.filter_text + "\": \"" +
                                     line.says + "\" speaks of no runs and will not hold"));
  }
}

Where place_of_tasks(const Experiment& experiment) {
  return experiment.document.root.table()->at("task").where();
}

}  // namespace

Experiment load_experiment(const std::string& path, const LoadOptions& options,
                           const Registries& registries) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return load_experiment(read_document(path), directory, options, registries);
}

Experiment load_experiment(Document document, const std::string& directory,
                           const LoadOptions& options, const Registries& registries) {
  Experiment experiment;
  experiment.document = std::move(document);
  experiment.directory = directory;
  Value& root = experiment.document.root;
  for (const std::string& assignment : options.sets) root = with_override(root, assignment);
  check_top_level(*root.table());
  read_heading(*root.table(), experiment);
  experiment.sweep = read_sweep(root, experiment.document.file, options.seeds);
  read_points(experiment, directory, registries);
  warn_of_idle_faults(experiment);
  experiment.digest =
      experiment_digest(root, all_host_files(experiment), place_of_tasks(experiment));
  for (SweepPoint& point : experiment.points) point.id_prefix = id_prefix(experiment, point.axes);
  read_expect(experiment);
  return experiment;
}

}  // namespace brink
