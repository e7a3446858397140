// What could have saved a run that locked up: plain data of reruns that were the same up to a place
// and different from there on (design §4, evidence of a proved lockup).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "brink/outcome.hpp"
#include "brink/units.hpp"

namespace brink {

/// One rerun with another number of retries from the first question of a member on.
struct EscapeTry {
  std::int64_t retries = 0;
  bool escaped = false;  ///< it did not end in a lockup
  Verdict verdict = Verdict::completed;
  // The failure that it escaped through; empty if none was recorded.
  std::string task, site, syscall;
  std::string error;  ///< what that system call returned, as "ENOMEM"
  Fate fate = Fate::unresolved;
  Nanos waited = 0;      ///< from the request's first round without a page to its fate
  bool in_time = false;  ///< within the hung task timeout
  /// If it did not escape: the site of the request for memory that the rerun hangs on, and why that
  /// is not refused.
  std::string blocked_site, blocked_why;
  std::string run_id;    ///< reruns it
};

/// A site at which no retry policy is asked, and why.
struct NeverRefused {
  std::string site;
  OnFailure on_failure = OnFailure::propagate;
};

struct Escapes {
  std::uint64_t first_question = 0;  ///< 0: no member asked the policy anything
  std::vector<EscapeTry> tries;      ///< by number of retries
  std::vector<NeverRefused> never_refused;
  std::string summary;  ///< "any finite N", "N ≤ 16", "none: …"
};

/// The last choice of the scheduler from which another continuation was found that escapes. What
/// lies between it and the closure may or may not have been too late: the search is a sample.
struct PointOfNoReturn {
  bool searched = false;
  bool found = false;
  std::uint64_t choice = 0;     ///< the last choice from which an escape was found
  std::uint64_t closed_at = 0;  ///< the choice at which the set closed
  std::uint64_t reruns = 0, budget = 0;
  std::uint32_t seeds = 0;  ///< continuations tried from each choice
  Verdict verdict = Verdict::completed;
  std::string run_id;  ///< reruns that escape
};

/// All that `brink explain` tells about one run.
struct Explanation {
  Outcome outcome;
  Escapes escapes;
  PointOfNoReturn no_return;
};

}  // namespace brink
