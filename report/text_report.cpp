// The text report. The first line a reader needs is that faults were injected, if they were:
// without it people chase ghosts. Then the sentence, then the table.

#include "report/text_report.hpp"

#include <fmt/core.h>

#include "report/detail_tables.hpp"

namespace brink {
namespace {

std::string heading(const ExperimentResult& result, const Paint& paint) {
  std::size_t failed = 0;
  for (const Expectation& expectation : result.expectations) failed += expectation.ok ? 0 : 1;
  std::string verdict;
  if (result.determinism_differences > 0) {
    verdict = paint.bad("NOT DETERMINISTIC");
  } else if (result.partial) {
    verdict = paint.bad("STOPPED EARLY: what follows is partial");
  } else if (result.expectations.empty()) {
    verdict = "nothing was expected of them";
  } else if (failed == 0) {
    verdict = paint.good("as expected");
  } else {
    verdict = paint.bad(
        fmt::format("{} of {} expectations do not hold", failed, result.expectations.size()));
  }
  return fmt::format("{}: {} run{}, {}.\n", paint.strong(result.name), grouped(result.runs),
                     result.runs == 1 ? "" : "s", verdict);
}

std::string lockups_text(const PointResult& point) {
  return fmt::format("{} ({})", grouped(point.lockups), grouped(point.lockups_proved));
}

std::string interval_text(const Rate& rate) {
  if (rate.of == 0) return "–";
  return percent(rate.low) + " … " + percent(rate.high);
}

std::string cause(const PointResult& point, Cause cause) {
  return grouped(point.enomem[static_cast<std::size_t>(cause)]);
}

std::string main_table(const ExperimentResult& result) {
  TextTable table;
  const auto axes =
      result.points.empty() ? std::vector<std::pair<std::string, Value>>{} : result.points[0].axes;
  for (const std::string& axis : short_names(axes)) table.column(axis);
  for (const char* heading :
       {"runs", "completed", "lockups\n(proved)", "95 % interval\nof lockups",
        "at NOFAIL or\nloop sites", "ENOMEM\ngave up", "of these\nrefusable", "ENOMEM\ninjected",
        "ENOMEM\nno sleep", "ENOMEM\nvictim", "OOM\nkills", "page touches\na run (median)"}) {
    table.column(heading);
  }
  for (const PointResult& point : result.points) {
    std::vector<std::string> cells;
    for (const auto& [axis, value] : point.axes) cells.push_back(plain_value(value));
    const std::uint64_t completed = point.verdicts[static_cast<std::size_t>(Verdict::completed)];
    for (std::string cell :
         {grouped(point.runs), grouped(completed), lockups_text(point),
          interval_text(point.lockup_rate), grouped(point.lockups - point.lockups_unattributed),
          cause(point, Cause::give_up), grouped(point.enomem_refusable),
          cause(point, Cause::injected), cause(point, Cause::no_sleep), cause(point, Cause::victim),
          grouped(point.oom_kills), grouped(median(point.page_touches))}) {
      cells.push_back(std::move(cell));
    }
    table.row(std::move(cells));
  }
  return table.text(2);
}

std::string section(const char* title, const TextTable& table) {
  if (table.empty()) return {};
  return std::string("\n") + title + "\n" + table.text(2);
}

/// The verdicts that are neither completed nor lockups have no column, so they are said.
std::string other_verdicts(const ExperimentResult& result) {
  std::string text;
  for (std::size_t i = 0; i < verdict_count; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (verdict == Verdict::completed) continue;
    std::uint64_t count = 0;
    for (const PointResult& point : result.points) count += point.verdicts[i];
    if (count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name(verdict), grouped(count));
  }
  return text.empty() ? "" : "\nOf all runs: " + text + ".\n";
}

std::string expectations(const ExperimentResult& result, const Paint& paint) {
  if (result.expectations.empty()) return {};
  std::string text = "\nExpected\n";
  for (const Expectation& line : result.expectations) {
    text += fmt::format("  {}  {}: {}: {}\n", line.ok ? paint.good("yes") : paint.bad("NO "),
                        line.where, line.says, line.vacuous ? "no runs" : line.found);
  }
  return text;
}

/// The first run of each kind: of lockups and other trouble one for each point, if there are few.
std::string first_runs(const ExperimentResult& result) {
  constexpr std::size_t few = 8;
  std::string text;
  for (std::size_t i = 0; i < verdict_count; ++i) {
    const std::string verdict = name(static_cast<Verdict>(i));
    const bool one = static_cast<Verdict>(i) == Verdict::completed || result.points.size() > few;
    for (const PointResult& point : result.points) {
      const auto found = point.first.find(verdict);
      if (found == point.first.end()) continue;
      text += fmt::format("  {:<16} brink explain '{}'\n", verdict, found->second);
      if (one) break;
    }
  }
  return text.empty() ? "" : "\nThe first run of each kind\n" + text;
}

std::string determinism(const ExperimentResult& result, const Paint& paint) {
  if (result.determinism_differences > 0) {
    return "\n" + paint.bad("A run came out differently when it was executed again:") + "\n  " +
           result.determinism_report + "\n";
  }
  const std::uint64_t checked = result.determinism_checked;
  return fmt::format("\n{} of the runs {} executed twice; none differed.\n", grouped(checked),
                     checked == 1 ? "was" : "were");
}

}  // namespace

std::string text_report(const ExperimentResult& result, const Paint& paint) {
  std::string text;
  if (result.faults_injected) {
    text += paint.bad("FAULTS WERE INJECTED: some of what follows was done on purpose.") + "\n";
  } else if (result.faults_configured) {
    text += "Faults were configured, but none fired.\n";
  }
  text += heading(result, paint);
  text += paint.strong(sentence(result)) + "\n";
  text += fmt::format("\nLinux {} · {}\n", result.kernel, result.machine);
  text += main_table(result);
  text += other_verdicts(result);
  text += section("Lockups at sites that no policy can refuse", lockup_sites_table(result));
  text += section("What system calls returned", errno_table(result));
  text += section("What became of failed allocations", fate_table(result));
  text += section("What programs did about errors", reaction_table(result));
  text += expectations(result, paint);
  text += first_runs(result);
  text += determinism(result, paint);
  for (const std::string& warning : result.warnings) text += warning + "\n";
  return text;
}

}  // namespace brink
