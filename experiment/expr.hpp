// The one small language of expectations and claims: named metrics over the runs of a sweep, their
// totals, rates, means and quantiles, arithmetic, comparisons, filters by axis (docs/config.md).
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/filter.hpp"
#include "experiment/metrics.hpp"

namespace brink {

/// What an axis is called and which values it takes: what filters are checked against.
struct AxisWords {
  std::string name;
  std::vector<Value> values;
};

/// A mistake in an expression: `offset` bytes into its text.
class ExprError : public std::runtime_error {
 public:
  ExprError(std::size_t offset, const std::string& message)
      : std::runtime_error(message), offset_(offset) {}
  std::size_t offset() const { return offset_; }

 private:
  std::size_t offset_;
};

struct Expr {
  enum class Op : std::uint8_t {
    number,
    metric,
    filtered,  // leaves, and `( … | filter )`
    total,
    runs_with,
    rate,
    mean,
    least,
    largest,
    quantile,  // of a metric
    lower,
    upper,  // of a rate
    negate,
    add,
    subtract,
    multiply,
    divide,
    compare,
    both,
    either,
    inverse,
  };
  enum class Type : std::uint8_t { number, time, rate, truth };

  Op op = Op::number;
  Type type = Type::number;
  double number = 0;  ///< a literal; the q of a quantile; seconds if a time
  Metric metric;      ///< of the functions of a metric
  /// Of runs_with and rate: which runs, by the metric's value in the run.
  Compare compare = Compare::more;
  double bound = 0;
  std::shared_ptr<const Filter> filter;  ///< of `filtered`
  std::vector<Expr> parts;
};

/// Reads a condition: an expression that is true or false. Throws ExprError.
Expr parse_condition(std::string_view text, const std::vector<AxisWords>& axes);

/// Reads a number, time or rate.
Expr parse_amount(std::string_view text, const std::vector<AxisWords>& axes);

/// Reads the right side of a comparison, as "> 0" or "<= 2 * oom_kills"; "5" alone is "= 5".
Expr parse_comparison(const Expr& left, std::string_view text, const std::vector<AxisWords>& axes);

/// Left `compare` right. Throws ExprError at 0 if their types cannot be compared.
Expr make_comparison(Expr left, Compare compare, Expr right);

/// Reads a filter: `axis = value and …`.
std::shared_ptr<const Filter> parse_filter(std::string_view text,
                                           const std::vector<AxisWords>& axes);

/// What an expression came to. A division by zero and a metric over no runs are undefined, and so
/// is what is computed from them; a condition that hangs on such a value is neither true nor false.
struct Answer {
  bool defined = false;
  double number = 0;  ///< seconds, if it is a time
  std::optional<Rate> rate;
  bool truth = false;
  bool no_runs = false;  ///< some metric in it was asked over no runs
  std::string text;      ///< the numbers that decided it, for people
};

Answer evaluate(const Expr& expr, const std::vector<const PointStatistics*>& points,
                const Selection& selection);

/// Whether each metric in it has a point to speak of.
bool has_points(const Expr& expr, const std::vector<Axes>& points, const Selection& selection);

}  // namespace brink
