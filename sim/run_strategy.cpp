// Strategies of one run.

#include "sim/run_strategy.hpp"

#include "brink/params.hpp"
#include "sim/sched/dfs.hpp"
#include "sim/sched/replay.hpp"
#include "sim/sched/schedule.hpp"
#include "sim/sched/strategies.hpp"
#include "sim/switchover.hpp"

namespace brink {

RunStrategy::RunStrategy(const RunSpec& spec)
    : first_(make_strategy(spec.machine.scheduler, spec.seed)) {
  if (spec.reschedule_at == ~std::uint64_t{0}) return;
  // Streams of their own: the same numbers again would be the luck that the run had at its start.
  const std::uint64_t seed = spec.seed ^ stream_id("reschedule", spec.reschedule_seed);
  then_ = make_strategy(spec.machine.scheduler, seed);
  switchover_ = std::make_unique<SwitchoverStrategy>(*first_, spec.reschedule_at, *then_);
}

RunStrategy::~RunStrategy() = default;

std::string RunStrategy::schedule(const Core& core) const {
  const bool asks = !get().takes_defaults() && get().asks_at_points();
  return to_hex(schedule_of(core.choices(), asks));
}

std::string RunStrategy::next_schedule() const {
  const auto* const dfs = dynamic_cast<const DfsStrategy*>(first_.get());
  if (dfs == nullptr) return {};
  const std::optional<Schedule> next = dfs->next();
  return next ? to_hex(*next) : std::string();
}

void RunStrategy::check(const Core& core) const {
  try {
    if (const auto* replay = dynamic_cast<const ReplayStrategy*>(first_.get())) {
      replay->check(core.choices());
    }
    if (const auto* dfs = dynamic_cast<const DfsStrategy*>(first_.get())) dfs->check();
  } catch (const ReplayMismatch& mismatch) {
    throw ConfigError(Where{}, mismatch.what());
  }
}

}  // namespace brink
