// The line that reruns one run: `NAME@DIGEST:axis=value,…:seed=17`, with what-ifs after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "brink/params.hpp"

namespace brink {

using Axes = std::vector<std::pair<std::string, Value>>;

struct RunId {
  std::string name;
  std::string digest;  ///< `VERSION-HEX`
  Axes axes;           ///< in the order of the file
  std::uint64_t seed = 1;

  /// Which of the experiment's faults act, by index; all of them if absent.
  std::optional<std::vector<std::size_t>> faults;
  /// The scheduler's choices, hex: replayed, or under `dfs` the beginning of the schedule.
  std::string schedule;

  /// From this policy question on, another policy. Its parameters are those of [policy.alloc] if
  /// that has the same name, and over them these.
  struct PolicySwitch {
    std::string name;
    std::vector<std::pair<std::string, Value>> params;
    std::uint64_t question = 0;
  };
  std::optional<PolicySwitch> policy;

  /// From this choice on, the streams of another seed.
  struct Reschedule {
    std::uint64_t choice = 0;
    std::uint64_t seed = 0;
  };
  std::optional<Reschedule> reschedule;
};

/// `NAME@DIGEST:axis=value,…:seed=N[:faults=0,2|none][:schedule=HEX][:policy=NAME,key=value…@N]
/// [:resched=N/SEED]`. Holds no blank, quote or other character that a shell would take; such
/// characters of names and values are written %XX.
std::string run_id_text(const RunId& id);

/// Reads what run_id_text() wrote; throws ConfigError with the column of what is wrong.
RunId parse_run_id(std::string_view text);

/// `policy.alloc.retries=-1,machine.memory=100%20MiB`: the axes as they stand in ids.
std::string axes_text(const Axes& axes);

}  // namespace brink
