// The point of no return: how late another order of the same tasks still gets out. A continuation
// is the run itself up to a choice and other streams from there on; a few are tried from each
// choice.

#include <algorithm>

#include "experiment/escape.hpp"

namespace brink {
namespace {

class Search {
 public:
  Search(const Rerunner& rerun, const RunId& id, const EscapeBudget& budget,
         std::uint64_t closed_at)
      : rerun_(rerun), id_(id) {
    result_.searched = true;
    result_.closed_at = closed_at;
    result_.budget = budget.reruns;
    result_.seeds = budget.seeds;
  }

  PointOfNoReturn run() {
    // From the choice of the closure on nothing helps; it bounds the search from above.
    std::uint64_t hopeless = result_.closed_at;
    for (std::uint64_t back = 1; affordable(); back *= 4) {
      const std::uint64_t choice = result_.closed_at - std::min(back, result_.closed_at);
      if (escapes_from(choice)) break;
      hopeless = choice;
      if (choice == 0) break;
    }
    while (result_.found && result_.choice + 1 < hopeless && affordable()) {
      const std::uint64_t middle = result_.choice + (hopeless - result_.choice) / 2;
      if (!escapes_from(middle)) hopeless = middle;
    }
    return result_;
  }

 private:
  bool affordable() const { return result_.reruns < result_.budget; }

  bool escapes_from(std::uint64_t choice) {
    for (std::uint64_t seed = 1; seed <= result_.seeds && affordable(); ++seed) {
      RunId changed = id_;
      changed.reschedule = RunId::Reschedule{choice, seed};
      const Outcome outcome = rerun_(changed);
      ++result_.reruns;
      if (is_lockup(outcome.verdict)) continue;
      result_.found = true;
      result_.choice = choice;
      result_.verdict = outcome.verdict;
      result_.run_id = outcome.run_id;
      return true;
    }
    return false;
  }

  const Rerunner& rerun_;
  const RunId& id_;
  PointOfNoReturn result_;
};

}  // namespace

PointOfNoReturn find_no_return(const Rerunner& rerun, const RunId& id, const Outcome& outcome,
                               const EscapeBudget& budget) {
  const bool proved = is_proved(outcome.verdict) && outcome.has_lockup;
  // A run that was rescheduled, or replays a schedule, has no other continuation to try; one with
  // another policy is an answer already.
  if (!proved || id.reschedule || id.policy || !id.schedule.empty() || budget.reruns == 0)
    return {};
  return Search(rerun, id, budget, outcome.lockup.closed_at_choice).run();
}

}  // namespace brink
