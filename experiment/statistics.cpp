// Adding up a point's runs. What is kept does not grow with what a run produced, only with the
// number of runs: two numbers for each, and a count for each distinct value of the small metrics.

#include <algorithm>
#include <bit>
#include <cmath>

#include "brink/assert.hpp"
#include "experiment/metrics.hpp"

namespace brink {
namespace {

/// These two have vectors of their own in PointResult.
bool has_vector(const MetricRow& row) {
  const std::string_view name = row.name;
  return name == "page_touches" || name == "virtual_time";
}

std::uint64_t combined(std::uint64_t hash, std::uint64_t run) {
  return std::rotl(hash ^ run, 29) * 0xd6e8feb86659fd93u;
}

template <class Map, class Key>
std::uint64_t count_in(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

std::uint64_t fate_total(const PointResult& result, const Metric& metric) {
  const auto found = result.fates.find(metric.first);
  if (found == result.fates.end()) return 0;
  for (std::size_t i = 0; i < fate_count; ++i) {
    if (metric.second == name(static_cast<Fate>(i))) return found->second[i];
  }
  return 0;
}

std::uint64_t errno_total(const PointResult& result, const Metric& metric) {
  const auto found = result.errnos.find(metric.first);
  return found == result.errnos.end() ? 0 : count_in(found->second, metric.second);
}

}  // namespace

PointStatistics::PointStatistics(std::vector<std::pair<std::string, Value>> axes) {
  result_.axes = std::move(axes);
  result_.lockup_rate = wilson(0, 0);
  sums_.resize(metric_table().size());
}

void PointStatistics::add(const Outcome& outcome) {
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const MetricRow& row = metric_table()[i];
    const std::uint64_t value = row.of(outcome);
    Sum& sum = sums_[i];
    sum.total += value;
    sum.least = std::min(sum.least, value);
    sum.largest = std::max(sum.largest, value);
    if (row.keeps_values && !has_vector(row)) ++sum.values[value];
  }
  add_results(outcome);
  add_tables(outcome);
}

void PointStatistics::add_results(const Outcome& outcome) {
  ++result_.runs;
  ++result_.verdicts[static_cast<std::size_t>(outcome.verdict)];
  if (is_lockup(outcome.verdict)) {
    ++result_.lockups;
    if (outcome.lockup.never_refused.empty()) ++result_.lockups_unattributed;
    for (const std::string& site : outcome.lockup.never_refused) ++result_.lockups_by_site[site];
  }
  if (is_proved(outcome.verdict)) ++result_.lockups_proved;
  result_.lockup_rate = wilson(result_.lockups, result_.runs);
  for (std::size_t i = 0; i < cause_count; ++i) result_.enomem[i] += outcome.counters.enomem[i];
  result_.enomem_refusable += outcome.counters.enomem_refusable;
  result_.oom_kills += outcome.counters.oom_kills;
  result_.failures_warned += outcome.counters.failures_warned;
  result_.page_touches.push_back(outcome.counters.page_touches);
  result_.virtual_ms.push_back(outcome.virtual_time / ms);
  result_.trace_hash = combined(result_.trace_hash, outcome.trace_hash);
  result_.first.emplace(name(outcome.verdict), outcome.run_id);
}

void PointStatistics::add_tables(const Outcome& outcome) {
  for (const SyscallCount& row : outcome.syscalls) {
    const std::string error = errno_name(row.error);
    result_.errnos[row.syscall][error] += row.count;
    if (error == "ENOMEM") result_.enomem_syscalls += row.count;
  }
  for (const ReactionCount& row : outcome.reactions) {
    result_
        .reactions[{row.syscall, errno_name(row.error)}][static_cast<std::size_t>(row.reaction)] +=
        row.count;
  }
  for (const auto& [site, counts] : outcome.fates) {
    auto& sums = result_.fates[site];
    for (std::size_t i = 0; i < fate_count; ++i) sums[i] += counts[i];
  }
  if (result_.faults.size() < outcome.faults.size()) result_.faults.resize(outcome.faults.size());
  for (std::size_t i = 0; i < outcome.faults.size(); ++i) {
    result_.faults[i].asked += outcome.faults[i].asked;
    result_.faults[i].filtered += outcome.faults[i].filtered;
    result_.faults[i].fired += outcome.faults[i].fired;
  }
}

std::uint64_t PointStatistics::total(const Metric& metric) const {
  switch (metric.family) {
    case Metric::Family::table: return sums_[metric.row].total;
    case Metric::Family::error: return errno_total(result_, metric);
    case Metric::Family::fate: return fate_total(result_, metric);
    case Metric::Family::lockups_at: return count_in(result_.lockups_by_site, metric.first);
  }
  return 0;
}

std::pair<std::uint64_t, std::uint64_t> PointStatistics::bounds(const Metric& metric) const {
  BRINK_ASSERT(metric.family == Metric::Family::table);
  return {sums_[metric.row].least, sums_[metric.row].largest};
}

std::map<std::uint64_t, std::uint64_t> PointStatistics::values(const Metric& metric) const {
  BRINK_ASSERT(metric.keeps_values());
  const MetricRow& row = metric_table()[metric.row];
  if (!has_vector(row)) return sums_[metric.row].values;
  std::map<std::uint64_t, std::uint64_t> values;
  const bool touches = std::string_view(row.name) == "page_touches";
  for (const std::uint64_t value : touches ? result_.page_touches : result_.virtual_ms) {
    ++values[value];
  }
  return values;
}

std::uint64_t quantile(const std::map<std::uint64_t, std::uint64_t>& values, double q) {
  std::uint64_t all = 0;
  for (const auto& [value, count] : values) all += count;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all)));
  std::uint64_t seen = 0;
  for (const auto& [value, count] : values) {
    seen += count;
    if (seen >= wanted) return value;
  }
  return 0;
}

}  // namespace brink
