// Rounds that change nothing, repeated in bulk.

#include "sim/mm/steady.hpp"

#include <algorithm>

#include "sim/locking/poll.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

/// What a fruitless round can count.
constexpr std::uint64_t Counters::*counter_of[] = {
    &Counters::allocations,   &Counters::slab_allocations, &Counters::slow_path,
    &Counters::rounds,        &Counters::questions,        &Counters::oom_rounds,
    &Counters::pages_scanned, &Counters::kswapd_wakes,     &Counters::direct_reclaims,
};

}  // namespace

std::array<std::uint64_t, Steady::counted> Steady::counters() const {
  std::array<std::uint64_t, counted> values;
  for (std::size_t i = 0; i < counted; ++i) values[i] = memory_.counters().*counter_of[i];
  return values;
}

void Steady::begin() {
  const Task& me = memory_.core().current();
  changes_ = memory_.changes();
  switches_ = me.switches;
  turns_ = memory_.core().turns();
  draws_ = memory_.hooks().transient_draws();
  began_ = memory_.core().now();
  before_ = counters();
  warnings_ = memory_.warnings_wanted();
}

void Steady::end() {
  const Task& me = memory_.core().current();
  // Only a round in which nobody else did anything has cost what the clock says, and has counted
  // what the counters say.
  valid_ =
      changes_ == memory_.changes() && switches_ == me.switches && turns_ == memory_.core().turns();
  // Whatever a fault said may be otherwise in the next.
  if (draws_ != memory_.hooks().transient_draws()) valid_ = false;
  if (!valid_) return;
  cost_ = std::max<Nanos>(1, memory_.core().now() - began_);
  each_ = counters();
  warnings_ = memory_.warnings_wanted() - warnings_;
  for (std::size_t i = 0; i < counted; ++i) each_[i] -= before_[i];
}

std::uint64_t Steady::repeatable(std::uint64_t limit, Nanos until) const {
  if (!valid_ || changes_ != memory_.changes()) return 0;
  if (!memory_.reclaim().shrinkers_steady(gfp_)) return 0;
  const Core& core = memory_.core();
  Nanos room = core.headroom();
  if (until != never) room = until > core.now() ? std::min(room, until - core.now()) : 0;
  return std::min(limit, room / cost_);
}

void Steady::repeat(std::uint64_t rounds) {
  Core& core = memory_.core();
  for (std::size_t i = 0; i < counted; ++i) memory_.counters().*counter_of[i] += each_[i] * rounds;
  if (warnings_ != 0) memory_.warn_alloc_failed(warnings_ * rounds);
  core.charge(cost_ * rounds);
  core.note(EventKind::alloc_answer, rounds, ~std::uint64_t{0});
  core.current().loop_rounds += rounds - 1;
  count_poll_round(core);
}

}  // namespace brink
