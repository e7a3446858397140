// `brink explain`: from the beginning of the run to the escapes.

#include "report/explain_text.hpp"

#include <fmt/core.h>

#include "report/failure_table.hpp"
#include "report/text.hpp"

namespace brink {
namespace {

std::string heading(const Outcome& outcome, const Paint& paint) {
  std::string text = fmt::format("{}\n{}: {}\n", outcome.run_id,
                                 paint.strong(name(outcome.verdict)), outcome.reason);
  text += fmt::format("after {}, {} steps, {} choices; trace hash {:016x}\n",
                      time_text(outcome.virtual_time), grouped(outcome.counters.steps),
                      grouped(outcome.counters.choices), outcome.trace_hash);
  std::uint64_t fired = 0;
  for (const FaultCounters& fault : outcome.faults) fired += fault.fired;
  if (fired == 0) return text;
  return paint.bad(fmt::format("FAULTS WERE INJECTED: {} of them.", grouped(fired))) + "\n" + text;
}

std::string story(const Outcome& outcome) {
  if (outcome.story.empty()) return {};
  std::string text = "\nWhat happened\n";
  for (const std::string& line : outcome.story) text += "  " + line + "\n";
  return text;
}

std::string failures(const Outcome& outcome) {
  const std::string table = failure_table(outcome.failures);
  return table.empty() ? "" : "\nFailed allocations\n" + table;
}

std::string findings(const Outcome& outcome) {
  if (outcome.findings.empty()) return {};
  std::string text = "\nFindings\n";
  for (const Finding& finding : outcome.findings) {
    text += fmt::format("  {} at {}", name(finding.kind), time_text(finding.at));
    if (finding.length > 0) text += ", for " + time_text(finding.length);
    text += ": " + finding.text + "\n";
  }
  return text;
}

std::string way_out(const EscapeTry& attempt) {
  if (!attempt.escaped) {
    if (attempt.blocked_site.empty()) return "–";
    return fmt::format("– ({}, refused {})", attempt.blocked_site, attempt.blocked_why);
  }
  if (attempt.site.empty()) return "another order of events";
  std::string text = fmt::format("{} refused to {} after {}", attempt.site, attempt.task,
                                 time_text(attempt.waited));
  if (!attempt.syscall.empty()) text += fmt::format("; {} → {}", attempt.syscall, attempt.error);
  return text + fmt::format(" ({})", name(attempt.fate));
}

/// Neighbouring tries that came to the same.
struct TryRange {
  const EscapeTry* first;
  const EscapeTry* last;
};

std::vector<TryRange> ranges(const std::vector<EscapeTry>& tries) {
  std::vector<TryRange> found;
  for (const EscapeTry& attempt : tries) {
    const bool alike = !found.empty() && found.back().last->verdict == attempt.verdict &&
                       way_out(*found.back().last) == way_out(attempt);
    if (!alike) found.push_back({&attempt, &attempt});
    found.back().last = &attempt;
  }
  return found;
}

std::string range_name(const TryRange& range) {
  if (range.first == range.last) return std::to_string(range.first->retries);
  return fmt::format("{} … {}", range.first->retries, range.last->retries);
}

}  // namespace

std::string escapes_text(const Escapes& escapes) {
  std::string text = "Escapes: " + escapes.summary + "\n";
  if (escapes.tries.empty()) return text;
  text += fmt::format("  the same run up to question {}, and from there on a limit of N retries:\n",
                      grouped(escapes.first_question));
  TextTable table;
  table.column("N");
  table.column("ends in", TextTable::Align::left);
  table.column("escapes through", TextTable::Align::left);
  const std::vector<TryRange> found = ranges(escapes.tries);
  for (const TryRange& range : found) {
    table.row({range_name(range), name(range.first->verdict), way_out(*range.first)});
  }
  text += table.text(2);
  for (const TryRange& range : found) {
    text +=
        fmt::format("  N = {}: brink explain '{}'\n", range.first->retries, range.first->run_id);
  }
  return text;
}

std::string no_return_text(const PointOfNoReturn& no_return) {
  if (!no_return.searched) return {};
  const std::string effort = fmt::format("{} of at most {} reruns, {} continuations from a choice",
                                         no_return.reruns, no_return.budget, no_return.seeds);
  if (!no_return.found) {
    return fmt::format("Point of no return: no continuation was found that escapes ({})\n", effort);
  }
  return fmt::format(
      "Point of no return: between choice {} and choice {}\n"
      "  another order of the same tasks, from choice {} on, ended in {} ({})\n"
      "  brink explain '{}'\n",
      grouped(no_return.choice), grouped(no_return.closed_at), grouped(no_return.choice),
      name(no_return.verdict), effort, no_return.run_id);
}

std::string explain_text(const Explanation& explanation, const Paint& paint) {
  const Outcome& outcome = explanation.outcome;
  std::string text = heading(outcome, paint);
  text += story(outcome);
  text += failures(outcome);
  text += findings(outcome);
  if (!outcome.has_lockup) return text;
  text += "\nThe closed set\n" + closed_set_text(outcome.lockup, paint);
  if (!explanation.escapes.summary.empty()) text += "\n" + escapes_text(explanation.escapes);
  const std::string no_return = no_return_text(explanation.no_return);
  return no_return.empty() ? text : text + "\n" + no_return;
}

}  // namespace brink
