// An experiment, read and checked: its points, its seeds and what it expects. Everything that can
// be wrong with a file is found here, before anything runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiment/document.hpp"
#include "experiment/expect.hpp"
#include "experiment/point.hpp"
#include "experiment/registries.hpp"
#include "experiment/run_id.hpp"

namespace brink {

/// One list of [sweep].
struct Axis {
  Path path;
  std::string name;  ///< the path as text
  Where where;
  std::vector<Value> values;
};

/// The seeds that every point is run with: `first`, `first` + 1, …
struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
};

/// A sweep has at most so many points, and so many runs.
inline constexpr std::uint64_t most_points = 100'000;
inline constexpr std::uint64_t most_runs = 20'000'000;

struct Sweep {
  std::vector<Axis> axes;  ///< in the order of the file; the last one varies fastest
  SeedRange seeds;
  std::uint64_t points = 1;  ///< combinations; once loaded, those that `only` leaves
};

struct Experiment {
  Document document;      ///< with overrides applied
  std::string directory;  ///< where relative host paths start
  std::string name, question;
  std::string digest;
  Sweep sweep;
  std::vector<SweepPoint> points;
  std::vector<ExpectLine> expectations;
  /// `FILE:LINE:COLUMN: warning: …`: what is suspicious but runs.
  std::vector<std::string> warnings;

  std::uint64_t runs() const { return sweep.points * sweep.seeds.count; }
};

struct LoadOptions {
  std::vector<std::string> sets;       ///< `key=value`, in order
  std::optional<std::uint64_t> seeds;  ///< instead of the file's count
};

/// Reads [sweep]: every list is an axis, named by the path of a key that the file sets. Throws
/// ConfigError for an empty list, a missing key, a value listed twice, or too many points or runs.
Sweep read_sweep(const Value& root, const std::string& file,
                 const std::optional<std::uint64_t>& seeds);

/// The axis values of a point: index 0 has the first value of every axis.
Axes axes_of_point(const Sweep& sweep, std::uint64_t index);

/// The file with these values in it.
Value with_axes(const Value& root, const Axes& axes, const Where& where);

/// Throws ConfigError.
Experiment load_experiment(const std::string& path, const LoadOptions& options,
                           const Registries& registries);

/// The same from a document in memory; relative host paths start in `directory`.
Experiment load_experiment(Document document, const std::string& directory,
                           const LoadOptions& options, const Registries& registries);

/// `NAME@DIGEST:axis=value,…`: what the ids of a point's runs begin with.
std::string id_prefix(const Experiment& experiment, const Axes& axes);

/// Run `number` (from 0) of a point, as the sweep runs it. `schedule` is the beginning of its
/// schedule under `dfs`, else empty.
RunSpec sweep_spec(const Experiment& experiment, std::size_t point, std::uint64_t number,
                   const std::string& schedule);

/// The id of run `number` (from 0) of a point. Under `dfs` it lacks the schedule.
RunId run_id_of(const Experiment& experiment, std::size_t point, std::uint64_t number);

/// What an id of this experiment stands for, ready to run. Throws ConfigError if the id belongs to
/// another experiment, another state of the file, or another format version.
RunSpec spec_of(const Experiment& experiment, const RunId& id, const Registries& registries);

}  // namespace brink
