// A recorded schedule: what a run id carries and a replay follows. As text, it is one byte that
// says whether the strategy was asked at points, the number of choices (varint), then the choice
// log's departures from the default; all in hex.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sched/choice_log.hpp"

namespace brink {

/// A choice that was not the default.
struct Departure {
  std::uint64_t at;  ///< number of the choice, from 0
  std::uint32_t choice;
};

struct Schedule {
  bool asks_at_points = false;
  std::uint64_t count = 0;            ///< choices in all
  std::vector<Departure> departures;  ///< in order
};

/// What a run that asked (Strategy::asks_at_points()) has chosen so far.
Schedule schedule_of(const ChoiceLog& log, bool asks_at_points);

std::string to_hex(const Schedule& schedule);

/// Throws ConfigError, which says what is wrong and where, unless to_hex() wrote it.
Schedule schedule_from_hex(std::string_view hex);

}  // namespace brink
