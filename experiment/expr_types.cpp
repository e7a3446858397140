// Types of expressions. They are few, and checked before anything runs: a condition that compares
// seconds with a count would otherwise be found out after an hour of runs, or never.

#include "experiment/expr_types.hpp"

namespace brink {
namespace {

using Op = Expr::Op;
using Type = Expr::Type;

/// A rate counts as a number wherever its interval is not asked for.
Type as_amount(Type type) { return type == Type::rate ? Type::number : type; }

Type result_type(Op op, Type left, Type right, std::size_t at) {
  const Type a = as_amount(left), b = as_amount(right);
  if (op == Op::add || op == Op::subtract) {
    if (a == b) return a;
  } else if (op == Op::multiply) {
    if (a == Type::number || b == Type::number) return a == Type::number ? b : a;
  } else if (b == Type::number || a == b) {
    return a == b ? Type::number : a;
  }
  throw ExprError(at, std::string("cannot combine ") + describe(left) + " with " + describe(right));
}

}  // namespace

const char* describe(Type type) {
  switch (type) {
    case Type::number: return "a number";
    case Type::time: return "a time";
    case Type::rate: return "a rate";
    case Type::truth: return "a condition";
  }
  return "?";
}

void expect_truth(const Expr& expr, std::size_t at) {
  if (expr.type == Type::truth) return;
  throw ExprError(
      at, std::string("expected a condition, as `lockups > 0`, found ") + describe(expr.type));
}

void expect_amount(const Expr& expr, std::size_t at) {
  if (expr.type != Type::truth) return;
  throw ExprError(at, "expected a number, found a condition");
}

Expr make_arithmetic(Expr left, Op op, Expr right, std::size_t at) {
  expect_amount(left, at);
  expect_amount(right, at);
  Expr expr;
  expr.op = op;
  expr.type = result_type(op, left.type, right.type, at);
  expr.parts = {std::move(left), std::move(right)};
  return expr;
}

Expr make_comparison_at(Expr left, Compare compare, Expr right, std::size_t at) {
  expect_amount(left, at);
  expect_amount(right, at);
  if (as_amount(left.type) != as_amount(right.type)) {
    const bool time = left.type == Type::time || right.type == Type::time;
    throw ExprError(at, std::string("cannot compare ") + describe(left.type) + " with " +
                            describe(right.type) + (time ? "; times have a unit, as `300 s`" : ""));
  }
  Expr expr;
  expr.op = Op::compare;
  expr.type = Type::truth;
  expr.compare = compare;
  expr.parts = {std::move(left), std::move(right)};
  return expr;
}

Expr make_comparison(Expr left, Compare compare, Expr right) {
  return make_comparison_at(std::move(left), compare, std::move(right), 0);
}

}  // namespace brink
