// What an expression comes to over the points of a sweep.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>

#include "brink/assert.hpp"
#include "experiment/expr.hpp"

namespace brink {
namespace {

using Op = Expr::Op;
using Type = Expr::Type;
using Points = std::vector<const PointStatistics*>;

std::string number_text(double number) {
  char text[64];
  const bool whole = std::abs(number) < 1e15 && number == std::floor(number);
  std::snprintf(text, sizeof text, whole ? "%.0f" : "%.4g", number);
  return text;
}

/// A metric in the units of expressions: seconds for times.
double in_units(const Metric& metric, double value) {
  return metric.kind() == MetricKind::time ? value / 1e3 : value;
}

class Evaluation {
 public:
  explicit Evaluation(const Points& points) : points_(points) {}

  Answer of(const Expr& expr, const Selection& selection) const {
    switch (expr.op) {
      case Op::number: return amount(expr.type, expr.number);
      case Op::filtered: return of(expr.parts[0], narrowed(selection, expr.filter));
      case Op::metric:
      case Op::total:
      case Op::runs_with:
      case Op::rate:
      case Op::mean:
      case Op::least:
      case Op::largest:
      case Op::quantile: return of_metric(expr, selected(selection));
      case Op::lower:
      case Op::upper: return interval_end(expr, of(expr.parts[0], selection));
      case Op::negate: {
        const Answer inner = of(expr.parts[0], selection);
        return derived(expr.type, -inner.number, {&inner});
      }
      case Op::add:
      case Op::subtract:
      case Op::multiply:
      case Op::divide: return arithmetic(expr, selection);
      case Op::compare: return comparison(expr, selection);
      case Op::both:
      case Op::either: return joined(expr, selection);
      case Op::inverse: {
        Answer inner = of(expr.parts[0], selection);
        inner.truth = !inner.truth;
        return inner;
      }
    }
    BRINK_ASSERT(!"an operator that is not evaluated");
  }

 private:
  Points selected(const Selection& selection) const {
    Points points;
    for (const PointStatistics* point : points_) {
      const bool chosen = point->result().runs > 0 && matches(selection, point->result().axes);
      if (chosen) points.push_back(point);
    }
    return points;
  }

  static Answer amount(Type type, double number) {
    Answer answer;
    answer.defined = std::isfinite(number);
    answer.number = number;
    answer.text =
        answer.defined ? number_text(number) + (type == Type::time ? " s" : "") : "undefined";
    return answer;
  }

  /// A number computed from others: undefined if one of them is.
  static Answer derived(Type type, double number, std::initializer_list<const Answer*> from) {
    Answer answer = amount(type, number);
    for (const Answer* part : from) {
      answer.no_runs |= part->no_runs;
      if (part->defined) continue;
      answer.defined = false;
      answer.text = part->text;
    }
    return answer;
  }

  static std::uint64_t total(const Points& points, const Metric& metric) {
    std::uint64_t sum = 0;
    for (const PointStatistics* point : points) sum += point->total(metric);
    return sum;
  }

  static std::uint64_t runs(const Points& points) {
    std::uint64_t sum = 0;
    for (const PointStatistics* point : points) sum += point->result().runs;
    return sum;
  }

  static std::map<std::uint64_t, std::uint64_t> values(const Points& points, const Metric& metric) {
    std::map<std::uint64_t, std::uint64_t> all;
    for (const PointStatistics* point : points) {
      for (const auto& [value, count] : point->values(metric)) all[value] += count;
    }
    return all;
  }

  static std::uint64_t runs_with(const Points& points, const Expr& expr) {
    std::uint64_t sum = 0;
    for (const auto& [value, count] : values(points, expr.metric)) {
      const double amount = in_units(expr.metric, static_cast<double>(value));
      if (holds(expr.compare, amount, expr.bound)) sum += count;
    }
    return sum;
  }

  static Answer of_metric(const Expr& expr, const Points& points) {
    if (points.empty()) {
      Answer answer;
      answer.no_runs = true;
      answer.text = "no runs";
      return answer;
    }
    if (expr.op == Op::rate) return share(runs_with(points, expr), runs(points));
    return amount(expr.type, number(expr, points));
  }

  static double number(const Expr& expr, const Points& points) {
    const auto units = [&](std::uint64_t value) {
      return in_units(expr.metric, static_cast<double>(value));
    };
    switch (expr.op) {
      case Op::runs_with: return static_cast<double>(runs_with(points, expr));
      case Op::mean: return units(total(points, expr.metric)) / static_cast<double>(runs(points));
      case Op::quantile: return units(quantile(values(points, expr.metric), expr.number));
      case Op::least: {
        std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
        for (const auto* point : points) least = std::min(least, point->bounds(expr.metric).first);
        return units(least);
      }
      case Op::largest: {
        std::uint64_t largest = 0;
        for (const auto* point : points) {
          largest = std::max(largest, point->bounds(expr.metric).second);
        }
        return units(largest);
      }
      default: return units(total(points, expr.metric));
    }
  }

  static Answer share(std::uint64_t count, std::uint64_t of) {
    const Rate rate = wilson(count, of);
    Answer answer = amount(Type::rate, static_cast<double>(count) / static_cast<double>(of));
    answer.rate = rate;
    answer.text += " [" + number_text(rate.low) + ", " + number_text(rate.high) + "]";
    return answer;
  }

  static Answer interval_end(const Expr& expr, const Answer& inner) {
    if (!inner.rate) return derived(Type::number, 0, {&inner});
    return derived(Type::number, expr.op == Op::lower ? inner.rate->low : inner.rate->high,
                   {&inner});
  }

  Answer arithmetic(const Expr& expr, const Selection& selection) const {
    const Answer a = of(expr.parts[0], selection), b = of(expr.parts[1], selection);
    const auto result = [&]() -> double {
      switch (expr.op) {
        case Op::add: return a.number + b.number;
        case Op::subtract: return a.number - b.number;
        case Op::multiply: return a.number * b.number;
        default: return a.number / b.number;
      }
    };
    if (expr.op == Op::divide && b.defined && b.number == 0) {
      Answer answer = derived(expr.type, 0, {&a, &b});
      answer.defined = false;
      answer.text = "undefined: " + a.text + " / " + b.text;
      return answer;
    }
    return derived(expr.type, result(), {&a, &b});
  }

  Answer comparison(const Expr& expr, const Selection& selection) const {
    const Answer a = of(expr.parts[0], selection), b = of(expr.parts[1], selection);
    Answer answer = derived(Type::number, 0, {&a, &b});
    answer.truth = answer.defined && holds(expr.compare, a.number, b.number);
    const bool literal = expr.parts[1].op == Op::number || expr.parts[1].op == Op::negate;
    answer.text = literal ? a.text : a.text + " against " + b.text;
    return answer;
  }

  /// `and` and `or` with a third value: what is decided by one side does not need the other.
  Answer joined(const Expr& expr, const Selection& selection) const {
    const Answer a = of(expr.parts[0], selection), b = of(expr.parts[1], selection);
    const bool deciding = expr.op == Op::either;  // The truth of a side that settles it.
    Answer answer;
    answer.no_runs = a.no_runs || b.no_runs;
    answer.text = a.text + "; " + b.text;
    const bool settled = (a.defined && a.truth == deciding) || (b.defined && b.truth == deciding);
    answer.defined = settled || (a.defined && b.defined);
    answer.truth = answer.defined && (settled ? deciding : !deciding);
    return answer;
  }

  const Points& points_;
};

}  // namespace

Answer evaluate(const Expr& expr, const Points& points, const Selection& selection) {
  return Evaluation(points).of(expr, selection);
}

bool has_points(const Expr& expr, const std::vector<Axes>& points, const Selection& selection) {
  if (expr.op == Op::filtered) {
    return has_points(expr.parts[0], points, narrowed(selection, expr.filter));
  }
  if (expr.op == Op::number) return true;
  if (expr.parts.empty()) {
    return std::any_of(points.begin(), points.end(),
                       [&](const Axes& axes) { return matches(selection, axes); });
  }
  return std::all_of(expr.parts.begin(), expr.parts.end(),
                     [&](const Expr& part) { return has_points(part, points, selection); });
}

}  // namespace brink
