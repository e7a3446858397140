// Escapes by policy.

#include "experiment/escape.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace brink {
namespace {

constexpr std::int64_t largest_retries = 1024;
/// The policies that take a limit on retries; the first for runs under any other.
constexpr std::array<const char*, 3> knobs = {"bounded_retry", "linux_2_6", "linux_6_1"};

const SweepPoint& point_of(const Experiment& experiment, const RunId& id) {
  const std::string prefix = id_prefix(experiment, id.axes);
  for (const SweepPoint& point : experiment.points) {
    if (point.id_prefix == prefix) return point;
  }
  return experiment.points.front();
}

/// The run's own policy, if a limit can be set for it.
const char* knob_of(const SweepPoint& point) {
  const Table& written = *point.policy_alloc.table();
  const auto name = written.find("name");
  if (name == written.end()) return knobs.front();
  for (const char* knob : knobs) {
    if (*name->second.get<std::string>() == knob) return knob;
  }
  return knobs.front();
}

bool is_member(const Lockup& lockup, TaskId task) {
  return std::any_of(lockup.members.begin(), lockup.members.end(),
                     [task](const LockupMember& member) { return member.id == task; });
}

/// Nobody was refused: the request was met in the end, or was still being asked.
bool is_open(Fate fate) {
  return fate == Fate::retried || fate == Fate::unresolved || fate == Fate::stuck;
}

/// The run before the other policy took over is the same, its failures included.
bool same(const FailureRecord& a, const FailureRecord& b) {
  return a.id == b.id && a.task_id == b.task_id && a.fate == b.fate && a.began == b.began &&
         a.ended == b.ended;
}

bool happened_before(const Outcome& outcome, const FailureRecord& failure) {
  return std::any_of(outcome.failures.begin(), outcome.failures.end(),
                     [&](const FailureRecord& other) { return same(other, failure); });
}

/// The first request that a member of the original set was refused in the rerun and not in the
/// original; else the first of anybody's.
const FailureRecord* way_out(const Outcome& original, const Outcome& rerun) {
  const FailureRecord* first = nullptr;
  for (const FailureRecord& failure : rerun.failures) {
    if (failure.cause != Cause::give_up || is_open(failure.fate)) continue;
    if (happened_before(original, failure)) continue;
    if (is_member(original.lockup, failure.task_id)) return &failure;
    if (first == nullptr) first = &failure;
  }
  return first;
}

std::string result_text(const FailureRecord& failure) {
  if (failure.syscall.empty()) return {};
  return failure.result < 0 ? errno_name(static_cast<int>(-failure.result))
                            : std::to_string(failure.result);
}

/// What a rerun that did not escape hangs on.
void note_blocker(const Lockup& lockup, EscapeTry& attempt) {
  for (const LockupMember& member : lockup.members) {
    if (!member.memory) continue;
    attempt.blocked_site = member.site;
    for (const SupplierReport& row : member.suppliers) {
      if (row.supplier == "refusal") attempt.blocked_why = row.why;
    }
    return;
  }
}

EscapeTry judged(const Outcome& original, const Outcome& rerun, std::int64_t retries, Nanos limit) {
  EscapeTry result;
  result.retries = retries;
  result.verdict = rerun.verdict;
  result.escaped = !is_lockup(rerun.verdict);
  result.run_id = rerun.run_id;
  if (!result.escaped) {
    note_blocker(rerun.lockup, result);
    return result;
  }
  const FailureRecord* failure = way_out(original, rerun);
  result.in_time = true;
  if (failure == nullptr) return result;  // Other answers led to another order of events.
  result.task = failure->task;
  result.site = failure->site;
  result.syscall = failure->syscall;
  result.error = result_text(*failure);
  result.fate = failure->fate;
  result.waited = failure->ended - std::min(failure->began, failure->ended);
  result.in_time = result.waited <= limit;
  return result;
}

/// Why no policy can refuse: the sites that the lockup is attributed to, with what they do.
std::vector<NeverRefused> never_refused_sites(const Lockup& lockup) {
  std::vector<NeverRefused> sites;
  for (const std::string& site : lockup.never_refused) {
    NeverRefused row{site, OnFailure::nofail};
    for (const LockupMember& member : lockup.members) {
      if (member.site == site) row.on_failure = member.on_failure;
    }
    sites.push_back(std::move(row));
  }
  return sites;
}

std::string blockers_text(const std::vector<NeverRefused>& sites) {
  std::string text;
  for (const NeverRefused& row : sites) {
    const char* how = row.on_failure == OnFailure::loop ? "'s caller loops" : " is __GFP_NOFAIL";
    text += (text.empty() ? "" : ", ") + row.site + how;
  }
  return text;
}

/// What the reruns hang on, each site once.
std::string rerun_blockers_text(const std::vector<EscapeTry>& tries) {
  std::vector<std::string> sites;
  std::string text;
  for (const EscapeTry& attempt : tries) {
    if (attempt.blocked_site.empty() || attempt.blocked_why.empty()) continue;
    if (std::find(sites.begin(), sites.end(), attempt.blocked_site) != sites.end()) continue;
    sites.push_back(attempt.blocked_site);
    text += text.empty() ? "" : ", ";
    text += attempt.blocked_site + " (refused " + attempt.blocked_why + ")";
  }
  return text;
}

/// The tries that hold, as "any finite N", "N ≤ 16" or a list.
std::string range_text(const std::vector<EscapeTry>& tries, bool EscapeTry::*holds) {
  std::size_t leading = 0;
  const auto all = static_cast<std::size_t>(std::count_if(
      tries.begin(), tries.end(), [&](const EscapeTry& attempt) { return attempt.*holds; }));
  while (leading < tries.size() && tries[leading].*holds) ++leading;
  if (leading == tries.size()) return fmt::format("any finite N (tried up to {})", largest_retries);
  if (all == 0) return "none";
  if (leading == all) return fmt::format("N ≤ {}", tries[leading - 1].retries);
  std::string list;
  for (const EscapeTry& attempt : tries) {
    if (attempt.*holds) list += (list.empty() ? "" : ", ") + std::to_string(attempt.retries);
  }
  return "N = " + list + ", of those tried";
}

std::string summary(const Escapes& escapes) {
  if (escapes.tries.empty()) return "none: no member asked the policy for anything";
  const std::string all = range_text(escapes.tries, &EscapeTry::escaped);
  if (all == "none") {
    std::string blockers = blockers_text(escapes.never_refused);
    if (blockers.empty()) blockers = rerun_blockers_text(escapes.tries);
    return blockers.empty() ? "none of those tried" : "none: " + blockers;
  }
  const std::string in_time = range_text(escapes.tries, &EscapeTry::in_time);
  if (in_time == all) return all;
  return all + "; within the hung task timeout " + in_time;
}

}  // namespace

Outcome Rerunner::operator()(const RunId& id, bool keep_failures, bool tell_story) const {
  RunSpec spec = spec_of(experiment_, id, registries_);
  spec.keep_failures = keep_failures;
  spec.tell_story = tell_story;
  Outcome outcome = run_(spec);
  outcome.run_id = spec.run_id;
  return outcome;
}

Escapes find_escapes(const Rerunner& rerun, const RunId& id, const Outcome& outcome) {
  Escapes escapes;
  if (!is_lockup(outcome.verdict) || !outcome.has_lockup) return escapes;
  if (id.policy) {
    escapes.summary = "not sought: this run is itself a rerun with another policy";
    return escapes;
  }
  const Lockup& lockup = outcome.lockup;
  escapes.first_question = lockup.first_question;
  escapes.never_refused = never_refused_sites(lockup);
  const SweepPoint& point = point_of(rerun.experiment(), id);
  const char* const knob = knob_of(point);
  const Nanos limit = point.spec.machine.hung_task_timeout;
  for (std::int64_t n = 0; lockup.first_question > 0 && n <= largest_retries;
       n = n == 0 ? 1 : 2 * n) {
    RunId changed = id;
    changed.policy = RunId::PolicySwitch{knob, {{"retries", Value(n)}}, lockup.first_question};
    try {
      escapes.tries.push_back(judged(outcome, rerun(changed, true), n, limit));
    } catch (const ConfigError&) {
      // The run's own policy does not take this number (`posted` takes no 0): there is no such run.
    }
  }
  escapes.summary = summary(escapes);
  return escapes;
}

Explanation explain(const Rerunner& rerun, const RunId& id, const EscapeBudget& budget) {
  Explanation explanation;
  explanation.outcome = rerun(id, true, true);
  if (!budget.escapes) return explanation;
  explanation.escapes = find_escapes(rerun, id, explanation.outcome);
  explanation.no_return = find_no_return(rerun, id, explanation.outcome, budget);
  return explanation;
}

}  // namespace brink
