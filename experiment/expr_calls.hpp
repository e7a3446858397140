// The functions of expressions: what they take and what they make of it.
#pragma once

#include <string>

#include "experiment/expr.hpp"

namespace brink {

struct FunctionRow {
  const char* name;
  Expr::Op op;
};

/// The function of that name, or null.
const FunctionRow* find_function(const std::string& name);

/// The message about a name that is none.
std::string unknown_function(const std::string& name);

/// A call; `q` is the share of a quantile. Throws ExprError at `at`, where the argument begins, if
/// the function cannot take it.
Expr make_call(const FunctionRow& function, Expr argument, double q, std::size_t at);

}  // namespace brink
