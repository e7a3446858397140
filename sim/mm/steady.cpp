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

Steady::Counts Steady::counters() const {
  Counts values;
  for (std::size_t i = 0; i < counted; ++i) values[i] = memory_.counters().*counter_of[i];
  return values;
}

void Steady::begin() {
  const Task& me = memory_.core().current();
  changes_ = changes();
  list_turns_ = list_turns();
  switches_ = me.switches;
  turns_ = memory_.core().turns();
  draws_ = memory_.hooks().transient_draws();
  began_ = memory_.core().now();
  before_ = counters();
  warnings_ = memory_.warnings_wanted();
}

/// Whatever has changed, but for the turns of lists.
std::uint64_t Steady::changes() const { return memory_.changes() - list_turns(); }

std::uint64_t Steady::list_turns() const { return memory_.reclaim().list_turns(); }

bool Steady::exhausted() const { return memory_.reclaim().exhausted(reclaim_class(gfp_), gfp_); }

/// Whether nothing has changed, and the task kept its CPU, so that the round has cost what the
/// clock says.
bool Steady::undisturbed() const {
  if (changes_ != changes() || switches_ != memory_.core().current().switches) return false;
  // Whatever a fault said may be otherwise in the next.
  return draws_ == memory_.hooks().transient_draws();
}

void Steady::count_company() {
  if (memory_.core().turns() - turns_ >= many_turns) {
    in_company_ = std::min(patience, in_company_ + patience / 16);
  } else if (!turns_lists_) {
    in_company_ = std::min(patience, in_company_ + 1);
  }
}

void Steady::end(const Own* own) {
  valid_ = false;
  if (changes_ != changes()) in_company_ = 0;
  if (!undisturbed()) return;
  cost_ = std::max<Nanos>(1, memory_.core().now() - began_);
  each_ = counters();
  warnings_ = memory_.warnings_wanted() - warnings_;
  for (std::size_t i = 0; i < counted; ++i) each_[i] -= before_[i];
  // Only a round in which nobody else did anything has counted what the counters say.
  turns_lists_ = list_turns_ != list_turns();
  const bool alone = turns_ == memory_.core().turns() && !turns_lists_;
  if (alone && in_company_ < patience) in_company_ = 0;
  if (!alone) {
    count_company();
    // Of requests on the way it is not known whose they were.
    const bool known = own != nullptr && each_[0] == 0 && each_[1] == 0 && each_[2] == 0;
    if (!known || warnings_ != 0 || in_company_ < patience) return;
    if (turns_lists_ && !exhausted()) return;
    each_ = {0, 0, 0, 1, 1, own->oom_rounds, own->pages_scanned, own->kswapd_wakes, 1};
  }
  valid_ = true;
}

std::uint64_t Steady::repeatable(std::uint64_t limit, Nanos until) const {
  if (!valid_ || changes_ != changes()) return 0;
  if (list_turns_ != list_turns() && (in_company_ < patience || !exhausted())) return 0;
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
