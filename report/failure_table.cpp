// Grouping failures: a run under pressure has hundreds of them, and most were helped by a reserve.

#include "report/failure_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "report/text.hpp"

namespace brink {
namespace {

/// Who noticed, from most to least.
constexpr Fate by_weight[] = {
    Fate::stuck,      Fate::swallowed, Fate::panicked,  Fate::killed,  Fate::returned,
    Fate::translated, Fate::late,      Fate::shortened, Fate::dropped, Fate::unresolved,
    Fate::degraded,   Fate::deferred,  Fate::fallback,  Fate::retried,
};
static_assert(std::size(by_weight) == fate_count);

std::size_t weight(Fate fate) {
  return static_cast<std::size_t>(std::find(std::begin(by_weight), std::end(by_weight), fate) -
                                  std::begin(by_weight));
}

/// A consequence reaches somebody whatever the fate was.
std::size_t weight(const FailureRecord& row) {
  return row.consequences.empty() ? weight(row.fate)
                                  : std::min(weight(row.fate), weight(Fate::swallowed));
}

/// Whether its request was still being asked again when the run ended, or until it was met.
bool unanswered(Fate fate) {
  return fate == Fate::stuck || fate == Fate::unresolved || fate == Fate::retried;
}

std::string cause_text(const FailureRecord& row) {
  return row.cause == Cause::give_up && unanswered(row.fate) ? "no page" : name(row.cause);
}

std::string fate_text(const FailureRecord& row) {
  std::string text = name(row.fate);
  for (const Consequence consequence : row.consequences) {
    text += std::string(", ") + name(consequence);
  }
  return text;
}

/// What makes failures alike: their cells but for count and times.
std::vector<std::string> cells(const FailureRecord& row) {
  std::string task = row.task;
  if (row.fate == Fate::stuck) task += fmt::format(" (task {})", row.task_id);
  return {task,
          row.site,
          fmt::format("order {}, {}", row.order, gfp_text(row.gfp)),
          cause_text(row),
          fate_text(row),
          call_text(row)};
}

struct Group {
  std::vector<std::string> cells;
  std::size_t weight = 0;
  std::uint64_t count = 0;
  Nanos first = 0, last = 0;
};

std::vector<Group> grouped_failures(std::span<const FailureRecord> failures) {
  std::vector<Group> groups;
  std::map<std::vector<std::string>, std::size_t> known;
  for (const FailureRecord& row : failures) {
    std::vector<std::string> key = cells(row);
    const auto found = known.find(key);
    const bool alone = row.fate == Fate::stuck;
    if (alone || found == known.end()) {
      if (!alone) known.emplace(key, groups.size());
      groups.push_back({std::move(key), weight(row), 1, row.began, row.began});
      continue;
    }
    Group& group = groups[found->second];
    ++group.count;
    group.first = std::min(group.first, row.began);
    group.last = std::max(group.last, row.began);
  }
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return a.weight != b.weight ? a.weight < b.weight : a.first < b.first;
  });
  return groups;
}

}  // namespace

std::string call_text(const FailureRecord& failure) {
  if (failure.syscall.empty()) return {};
  constexpr Fate never_returned[] = {Fate::stuck, Fate::unresolved, Fate::killed, Fate::panicked};
  const auto* end = std::end(never_returned);
  if (std::find(std::begin(never_returned), end, failure.fate) != end) {
    return "in " + failure.syscall;
  }
  const bool number = failure.fate == Fate::translated || failure.fate == Fate::shortened;
  if (failure.result < 0) {
    return failure.syscall + " → " + errno_name(static_cast<int>(-failure.result));
  }
  return failure.syscall + " → " + (number ? std::to_string(failure.result) : "success");
}

std::string failure_table(std::span<const FailureRecord> failures, std::size_t most) {
  if (failures.empty()) return {};
  const std::vector<Group> groups = grouped_failures(failures);
  TextTable table;
  for (const char* heading : {"times", "first at", "last at"}) table.column(heading);
  for (const char* heading : {"task", "site", "asked for", "cause", "fate", "system call"}) {
    table.column(heading, TextTable::Align::left);
  }
  const std::size_t shown = std::min(groups.size(), most);
  for (const Group& group : std::span(groups).first(shown)) {
    std::vector<std::string> row = {grouped(group.count), time_text(group.first),
                                    group.count == 1 ? "" : time_text(group.last)};
    row.insert(row.end(), group.cells.begin(), group.cells.end());
    table.row(std::move(row));
  }
  std::uint64_t left_out = 0;
  for (const Group& group : std::span(groups).subspan(shown)) left_out += group.count;
  const std::string text = table.text(2);
  return left_out == 0 ? text : text + fmt::format("  and {} more\n", grouped(left_out));
}

}  // namespace brink
