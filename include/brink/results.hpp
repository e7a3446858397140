// What many runs came to: the points of an experiment with their counts, rates and intervals.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "brink/outcome.hpp"
#include "brink/params.hpp"

namespace brink {

/// A rate k/n with its Wilson 95 % interval.
struct Rate {
  std::uint64_t count = 0;
  std::uint64_t of = 0;
  double low = 0, high = 1;
};

/// The runs of one point of the sweep together.
struct PointResult {
  std::vector<std::pair<std::string, Value>> axes;  ///< in the order of the file
  std::uint64_t runs = 0;
  std::array<std::uint64_t, verdict_count> verdicts{};
  std::uint64_t lockups = 0, lockups_proved = 0;
  /// Lockups in which every member could have been refused by a policy that refuses.
  std::uint64_t lockups_unattributed = 0;
  /// Lockups attributed to sites that no policy can refuse, by site.
  std::map<std::string, std::uint64_t> lockups_by_site;
  Rate lockup_rate;
  std::uint64_t enomem_syscalls = 0;
  std::array<std::uint64_t, cause_count> enomem{};
  std::uint64_t enomem_refusable = 0;
  std::map<std::string, std::map<std::string, std::uint64_t>>
      errnos;  ///< syscall → errno name or "0" → count
  std::map<std::string, std::array<std::uint64_t, fate_count>> fates;
  std::map<std::pair<std::string, std::string>, std::array<std::uint64_t, 5>> reactions;
  std::uint64_t oom_kills = 0, failures_warned = 0;
  std::vector<std::uint64_t> page_touches;  ///< of each run, in order of index
  std::vector<std::uint64_t> virtual_ms;    ///< likewise
  std::vector<FaultCounters> faults;
  std::uint64_t trace_hash = 0;              ///< the runs' hashes combined in order of index
  std::map<std::string, std::string> first;  ///< verdict → id of the first run that ended so
};

/// One line of [expect], judged.
struct Expectation {
  std::string where;  ///< the point or filter it speaks of
  std::string says;   ///< the condition
  bool ok = false;
  std::string found;     ///< the value that decided it
  bool vacuous = false;  ///< it spoke of no runs
};

struct ExperimentResult {
  std::string name, question, kernel;
  std::string machine;  ///< one line: CPUs, memory, what is reserved of it, swap
  std::string digest;
  std::vector<std::string> axes;
  std::vector<PointResult> points;
  std::vector<Expectation> expectations;
  std::vector<std::string> warnings;
  std::uint64_t runs = 0;
  std::uint64_t determinism_checked = 0, determinism_differences = 0;
  std::string determinism_report;  ///< the first step that differed
  bool faults_configured = false;  ///< the experiment names faults
  bool faults_injected = false;    ///< and some of them fired
  bool partial = false;            ///< it was stopped: some runs are missing
};

/// How far a sweep has got.
struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::array<std::uint64_t, verdict_count> verdicts{};
};

/// The Wilson score interval of k successes in n trials, for z = 1.96.
Rate wilson(std::uint64_t k, std::uint64_t n);

}  // namespace brink
