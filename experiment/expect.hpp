// [expect]: what an experiment is supposed to show, as conditions over the runs of its points.
#pragma once

#include <string>
#include <vector>

#include "brink/results.hpp"
#include "experiment/document.hpp"
#include "experiment/expr.hpp"

namespace brink {

/// One condition.
struct ExpectLine {
  Where where;
  std::string filter_text;  ///< the key: a filter, or "all"
  Selection selection;
  std::string says;  ///< the condition as written
  Expr condition;
  bool may_be_empty = false;  ///< passes if it speaks of no runs
};

/// Reads [expect]. A key is "all" or a filter; its value is a condition, a list of conditions, or a
/// table: `METRIC = "> 0"`, `METRIC = 0`, `METRIC_ratio_to = "FILTER"` with `below`, `above` or
/// `apart`, and `may_be_empty = true`. Throws ConfigError at the place inside of the string.
std::vector<ExpectLine> read_expectations(const Document& document,
                                          const std::vector<AxisWords>& axes);

/// Whether each metric of the condition has a point to speak of.
bool speaks_of_runs(const ExpectLine& line, const std::vector<Axes>& points);

/// Whether it holds. What speaks of no runs, or comes to nothing because of a division by zero,
/// does not hold; unless there are no runs and the line says that there may be none.
Expectation judge(const ExpectLine& line, const std::vector<const PointStatistics*>& points);

}  // namespace brink
