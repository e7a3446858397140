// count(), rate(), mean(), min(), max(), median(), quantile(), lower(), upper().

#include "experiment/expr_calls.hpp"

#include "experiment/expr_types.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

using Op = Expr::Op;
using Type = Expr::Type;

constexpr FunctionRow functions[] = {
    {"count", Op::total},       {"rate", Op::rate},   {"mean", Op::mean},
    {"min", Op::least},         {"max", Op::largest}, {"median", Op::quantile},
    {"quantile", Op::quantile}, {"lower", Op::lower}, {"upper", Op::upper},
};

/// lower(rate(…)) and upper(rate(…)).
Expr interval_end(Op op, Expr argument, std::size_t at) {
  if (argument.type != Type::rate) {
    throw ExprError(at, std::string("expected rate(…), which has an interval; found ") +
                            describe(argument.type));
  }
  Expr expr;
  expr.op = op;
  expr.parts = {std::move(argument)};
  return expr;
}

/// `lockups`, or `enomem > 0`: what is so in a run or is not.
Expr share_of_runs(Op function, const Expr& argument, std::size_t at) {
  Expr expr;
  expr.op = function == Op::rate ? Op::rate : Op::runs_with;
  expr.type = function == Op::rate ? Type::rate : Type::number;
  if (argument.op == Op::metric && argument.metric.kind() == MetricKind::indicator) {
    expr.metric = argument.metric;
    return expr;
  }
  const bool test = argument.op == Op::compare && argument.parts[0].op == Op::metric &&
                    argument.parts[1].op == Op::number && argument.parts[0].metric.keeps_values();
  if (!test) {
    throw ExprError(at,
                    "expected what a run is or is not: a verdict, `lockups`, or a metric "
                    "compared with a number, as `enomem > 0`; mean() is for counts");
  }
  expr.metric = argument.parts[0].metric;
  expr.compare = argument.compare;
  expr.bound = argument.parts[1].number;
  return expr;
}

void check_values_kept(Op function, const Metric& metric, std::size_t at) {
  const bool family = metric.family != Metric::Family::table;
  const bool bounds = function == Op::least || function == Op::largest;
  if ((bounds && !family) || function == Op::total || function == Op::mean) return;
  if (!bounds && metric.keeps_values()) return;
  throw ExprError(at, std::string("the runs' single values of this metric are not kept: ask for ") +
                          (family ? "count() or mean()" : "count(), mean(), min() or max()"));
}

}  // namespace

const FunctionRow* find_function(const std::string& name) {
  for (const FunctionRow& row : functions) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

std::string unknown_function(const std::string& name) {
  return "unknown function \"" + name + "\"" +
         suggestion(name, names_of(std::span<const FunctionRow>(functions)));
}

Expr make_call(const FunctionRow& function, Expr argument, double q, std::size_t at) {
  if (function.op == Op::lower || function.op == Op::upper) {
    return interval_end(function.op, std::move(argument), at);
  }
  if (function.op == Op::rate || (function.op == Op::total && argument.type == Type::truth)) {
    return share_of_runs(function.op, argument, at);
  }
  if (argument.op != Op::metric) {
    throw ExprError(at, std::string(function.name) + "() takes the name of a metric");
  }
  Expr expr;
  expr.op = function.op;
  expr.type = argument.type;
  expr.metric = argument.metric;
  expr.number = q;
  check_values_kept(function.op, expr.metric, at);
  return expr;
}

}  // namespace brink
