// One point of a sweep, ready to run: the file with the point's axis values in it, checked and
// turned into a RunSpec that lacks only its seed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "brink/machine.hpp"
#include "experiment/document.hpp"
#include "experiment/registries.hpp"
#include "experiment/run_id.hpp"

namespace brink {

/// One [[fault]] as written; made anew for every run.
struct FaultPlan {
  const FaultRow* row = nullptr;
  Table params;
  std::string prefix;  ///< `fault.0`
  Where where;
};

struct SweepPoint {
  Axes axes;
  std::string id_prefix;  ///< what the ids of its runs begin with
  RunSpec spec;           ///< without run id, seed and what-ifs
  std::shared_ptr<const std::vector<FaultPlan>> faults;
  Value policy_alloc{Table{}};  ///< [policy.alloc] as written, with the policy's name
  std::string kernel;
  std::vector<std::string> host_files;
  std::vector<std::string>
      never_fires;                    ///< for each fault the reason why it cannot fire, or nothing
  std::vector<std::string> warnings;  ///< of its programs
  bool walks_schedules = false;       ///< `dfs`: seeds are successive schedules
};

/// Programs that several points share, so that a trace is read once.
using ProgramCache = std::map<std::string, std::shared_ptr<const Program>>;

/// "FILE:LINE:COLUMN: warning: MESSAGE".
std::string warning_text(const Where& where, const std::string& message);

/// Reads and checks one point. `root` has the axis values in it; `directory` is where relative host
/// paths start. Throws ConfigError at the first thing that is wrong.
SweepPoint read_point(const Value& root, const std::string& file, const std::string& directory,
                      const Registries& registries, ProgramCache& programs);

/// The faults of a run, each with its own stream; only those of `chosen` if it is given.
std::vector<std::unique_ptr<Fault>> make_faults(const std::vector<FaultPlan>& plans,
                                                std::uint64_t seed,
                                                const std::vector<std::size_t>* chosen = nullptr);

/// A policy of that name with parameters `table`, that may hold `name`.
std::shared_ptr<const AllocPolicy> make_alloc_policy(const Registries& registries,
                                                     const std::string& name, const Value& table,
                                                     const std::string& prefix);

}  // namespace brink
