// What could have saved a run that locked up: the same run up to the first question that a member
// of the closed set asked, then other answers; and how late another schedule still helps.
#pragma once

#include <cstdint>

#include "brink/escapes.hpp"
#include "experiment/determinism.hpp"
#include "experiment/experiment.hpp"

namespace brink {

/// How much may be spent on what could have saved a run.
struct EscapeBudget {
  std::uint64_t reruns = 100;  ///< of the whole search for the point of no return
  std::uint32_t seeds = 4;      ///< continuations tried from each choice
  bool escapes = true;          ///< false: neither escapes nor the point of no return
};

/// Reruns one run of an experiment, changed here and there.
class Rerunner {
 public:
  Rerunner(const Experiment& experiment, const Registries& registries, const RunFunction& run)
      : experiment_(experiment), registries_(registries), run_(run) {}

  /// The run of that id. `keep` asks for failures, story and schedule too.
  Outcome operator()(const RunId& id, bool keep_failures = false, bool tell_story = false) const;

  const Experiment& experiment() const { return experiment_; }

 private:
  const Experiment& experiment_;
  const Registries& registries_;
  const RunFunction& run_;
};

/// Retries 0, 1, 2, 4 … 1024 from the first question of a member on; which of them escape, how, and
/// in one phrase. For a run that did not lock up, or none of whose members asked anything, no
/// tries.
Escapes find_escapes(const Rerunner& rerun, const RunId& id, const Outcome& outcome);

/// Gallops back from the closure to a choice from which another continuation escapes, then halves
/// the gap. Stops at the budget with what it has.
PointOfNoReturn find_no_return(const Rerunner& rerun, const RunId& id, const Outcome& outcome,
                               const EscapeBudget& budget);

/// The run told in full, and, if it locked up, what could have saved it.
Explanation explain(const Rerunner& rerun, const RunId& id, const EscapeBudget& budget);

}  // namespace brink
