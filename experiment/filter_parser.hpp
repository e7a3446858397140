// Filters inside of expressions.
#pragma once

#include <memory>
#include <vector>

#include "experiment/expr.hpp"
#include "experiment/lexer.hpp"

namespace brink {

/// Reads a filter as far as it goes.
std::shared_ptr<const Filter> read_filter(Lexer& lexer, const std::vector<AxisWords>& axes);

/// Whether the token is a comparison, and which.
bool compare_of(const Token& token, Compare& compare);

}  // namespace brink
