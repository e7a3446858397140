// Which expressions may stand together.
#pragma once

#include <cstddef>

#include "experiment/expr.hpp"

namespace brink {

/// "a rate", "a time", …
const char* describe(Expr::Type type);

/// `left op right` with op one of add, subtract, multiply, divide; throws ExprError at `at`.
Expr make_arithmetic(Expr left, Expr::Op op, Expr right, std::size_t at);

/// `left compare right`; throws ExprError at `at`.
Expr make_comparison_at(Expr left, Compare compare, Expr right, std::size_t at);

/// Throws ExprError at `at` if it is no condition, or one where none may be.
void expect_truth(const Expr& expr, std::size_t at);
void expect_amount(const Expr& expr, std::size_t at);

}  // namespace brink
