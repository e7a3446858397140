// The named numbers that expectations and claims speak of, and what a point's runs add up to in
// them.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "brink/outcome.hpp"
#include "brink/results.hpp"

namespace brink {

enum class MetricKind : std::uint8_t {
  indicator,  ///< a run is so or is not: 0 or 1
  count,
  time,  ///< milliseconds
};

struct MetricRow {
  const char* name;
  MetricKind kind;
  bool keeps_values;  ///< each run's value is kept, so that medians and quantiles can be asked for
  const char* meaning;
  std::uint64_t (*of)(const Outcome&);
};

std::span<const MetricRow> metric_table();

/// A metric as an expression names it: a row of the table, or one of the families
/// `errno.SYSCALL.ERRNO`, `fate.SITE.FATE` and `lockups_at.SITE`, of which only totals are kept.
struct Metric {
  enum class Family : std::uint8_t { table, error, fate, lockups_at };
  Family family = Family::table;
  std::size_t row = 0;
  std::string first, second;  ///< system call and errno, or site and fate, or site

  MetricKind kind() const;
  bool keeps_values() const;
};

/// Reads a name. If it is none, false, and `why` says so, with a suggestion.
bool find_metric(std::string_view name, Metric& metric, std::string& why);

/// What the runs of one point came to.
class PointStatistics {
 public:
  explicit PointStatistics(std::vector<std::pair<std::string, Value>> axes);

  /// Runs are added in the order of their index.
  void add(const Outcome& outcome);

  const PointResult& result() const { return result_; }

  /// The metric's sum over the runs.
  std::uint64_t total(const Metric& metric) const;
  /// The least and the largest of the runs' values. Metrics of the table only.
  std::pair<std::uint64_t, std::uint64_t> bounds(const Metric& metric) const;
  /// How often each value came. Metrics that keep their values only.
  std::map<std::uint64_t, std::uint64_t> values(const Metric& metric) const;

 private:
  void add_results(const Outcome& outcome);
  void add_tables(const Outcome& outcome);

  struct Sum {
    std::uint64_t total = 0;
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t largest = 0;
    std::map<std::uint64_t, std::uint64_t> values;
  };

  PointResult result_;
  std::vector<Sum> sums_;
};

/// The value below which a share `q` (0 … 1) of the numbers lies: the smallest v such that at least
/// that share is ≤ v. 0 for no numbers.
std::uint64_t quantile(const std::map<std::uint64_t, std::uint64_t>& values, double q);

}  // namespace brink
