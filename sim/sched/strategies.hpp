// The table of scheduler strategies, by the names that experiments use.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "brink/scheduling.hpp"
#include "sim/sched/strategy.hpp"

namespace brink {

struct StrategyRow {
  const char* name;
  const char* summary;
  /// Throws ConfigError if its parameters are out of range or its recorded choices malformed.
  std::unique_ptr<Strategy> (*make)(const SchedulerConfig& config, std::uint64_t seed);
};

/// By name, in alphabetical order.
std::span<const StrategyRow> strategies();

/// The strategy that `config` names. Throws ConfigError, with a suggestion if there is no such one.
std::unique_ptr<Strategy> make_strategy(const SchedulerConfig& config, std::uint64_t seed);

}  // namespace brink
