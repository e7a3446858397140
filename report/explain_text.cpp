// `brink explain`: from the beginning of the run to the escapes.

#include "report/explain_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "report/text.hpp"

namespace brink {
namespace {

/// A table of more rows than this is not read by anybody; the story has them all.
constexpr std::size_t most_failures = 60;

std::string result_text(std::int64_t result) {
  return result < 0 ? errno_name(static_cast<int>(-result)) : std::to_string(result);
}

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
  if (outcome.failures.empty()) return {};
  TextTable table;
  table.column("at");
  for (const char* heading : {"task", "site", "asked for", "cause", "fate", "system call"}) {
    table.column(heading, TextTable::Align::left);
  }
  const std::size_t shown = std::min(outcome.failures.size(), most_failures);
  for (const FailureRecord& row : std::span(outcome.failures).first(shown)) {
    const std::string call =
        row.syscall.empty() ? "" : row.syscall + " → " + result_text(row.result);
    table.row({time_text(row.began), row.task, row.site,
               fmt::format("order {}, {}", row.order, gfp_text(row.gfp)), name(row.cause),
               name(row.fate), call});
  }
  std::string text = "\nFailed allocations\n" + table.text(2);
  const std::size_t more = outcome.failures.size() - shown;
  return more == 0 ? text : text + fmt::format("  and {} more\n", grouped(more));
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
  if (!attempt.escaped) return "–";
  if (attempt.site.empty()) return "by another order of events";
  std::string text = fmt::format("{} refused to {} after {}", attempt.site, attempt.task,
                                 time_text(attempt.waited));
  if (!attempt.syscall.empty()) text += fmt::format("; {} → {}", attempt.syscall, attempt.error);
  return text + fmt::format(" ({})", name(attempt.fate));
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
  for (const EscapeTry& attempt : escapes.tries) {
    table.row({std::to_string(attempt.retries), name(attempt.verdict), way_out(attempt)});
  }
  text += table.text(2);
  for (const EscapeTry& attempt : escapes.tries) {
    text += fmt::format("  N = {}: brink explain '{}'\n", attempt.retries, attempt.run_id);
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
      "  from choice {} another order of the same tasks still ended in {} ({})\n"
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
  text += "\n" + escapes_text(explanation.escapes);
  const std::string no_return = no_return_text(explanation.no_return);
  return no_return.empty() ? text : text + "\n" + no_return;
}

}  // namespace brink
