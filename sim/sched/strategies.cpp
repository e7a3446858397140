// One row for each strategy.

#include "sim/sched/strategies.hpp"

#include <array>
#include <string>
#include <vector>

#include "brink/params.hpp"
#include "sim/sched/dfs.hpp"
#include "sim/sched/fifo.hpp"
#include "sim/sched/pct.hpp"
#include "sim/sched/random.hpp"
#include "sim/sched/replay.hpp"

namespace brink {
namespace {

std::unique_ptr<Strategy> make_dfs(const SchedulerConfig& config, std::uint64_t) {
  Schedule prefix;
  if (!config.choices.empty()) prefix = schedule_from_hex(config.choices);
  return std::make_unique<DfsStrategy>(config.dfs_preemptions, std::move(prefix));
}

std::unique_ptr<Strategy> make_fifo(const SchedulerConfig&, std::uint64_t) {
  return std::make_unique<FifoStrategy>();
}

std::unique_ptr<Strategy> make_pct(const SchedulerConfig& config, std::uint64_t seed) {
  if (config.pct_depth < 1) throw ConfigError(Where{}, "pct_depth must be at least 1");
  if (config.pct_steps < 1) throw ConfigError(Where{}, "pct_steps must be at least 1");
  return std::make_unique<PctStrategy>(seed, config.pct_depth, config.pct_steps);
}

std::unique_ptr<Strategy> make_random(const SchedulerConfig&, std::uint64_t seed) {
  return std::make_unique<RandomStrategy>(seed);
}

std::unique_ptr<Strategy> make_replay(const SchedulerConfig& config, std::uint64_t) {
  return std::make_unique<ReplayStrategy>(schedule_from_hex(config.choices));
}

constexpr std::array<StrategyRow, 5> table = {{
    {"dfs", "every schedule within a bound on preemptions, one run each", make_dfs},
    {"fifo", "oldest task first, CPUs in the order of their clocks, no luck", make_fifo},
    {"pct", "random priorities that change at a few random choices", make_pct},
    {"random", "every option equally likely, preemption now and then", make_random},
    {"replay", "the choices of a recorded run", make_replay},
}};

}  // namespace

std::span<const StrategyRow> strategies() { return table; }

std::unique_ptr<Strategy> make_strategy(const SchedulerConfig& config, std::uint64_t seed) {
  std::vector<std::string> names;
  for (const StrategyRow& row : table) {
    if (config.strategy == row.name) return row.make(config, seed);
    names.emplace_back(row.name);
  }
  std::string message = "unknown scheduler strategy \"" + config.strategy + '"';
  const std::string meant = did_you_mean(config.strategy, names);
  if (!meant.empty()) message += "; did you mean \"" + meant + "\"?";
  throw ConfigError(Where{}, message);
}

}  // namespace brink
