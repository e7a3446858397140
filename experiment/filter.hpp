// Filters: which points of a sweep an expression speaks of.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "brink/params.hpp"

namespace brink {

using Axes = std::vector<std::pair<std::string, Value>>;

enum class Compare : std::uint8_t { equal, unequal, less, at_most, more, at_least };

template <class T>
bool holds(Compare compare, const T& a, const T& b) {
  switch (compare) {
    case Compare::equal: return a == b;
    case Compare::unequal: return a != b;
    case Compare::less: return a < b;
    case Compare::at_most: return a <= b;
    case Compare::more: return a > b;
    case Compare::at_least: return a >= b;
  }
  return false;
}

/// A condition on a point's axis values.
struct Filter {
  enum class Kind : std::uint8_t { test, all_of, any_of, none_of };
  Kind kind = Kind::test;
  std::size_t axis = 0;  ///< of a test: index among the sweep's axes
  Compare compare = Compare::equal;
  Value value{false};
  std::vector<std::shared_ptr<const Filter>> parts;  ///< of the others
};

bool matches(const Filter& filter, const Axes& point);

/// The axes that it speaks of.
std::set<std::size_t> axes_of(const Filter& filter);

/// Conditions that hold together: the filter of a line, narrowed by those inside of its expression.
using Selection = std::vector<std::shared_ptr<const Filter>>;

bool matches(const Selection& selection, const Axes& point);

/// The selection with an inner filter: what that says of an axis takes the place of whatever the
/// outer conditions said of it; the others stay.
Selection narrowed(const Selection& outer, const std::shared_ptr<const Filter>& inner);

/// Whether two values can be put in order: both plain numbers, sizes, durations or probabilities.
bool comparable(const Value& a, const Value& b);

/// Equality of values as the axes have them: 100 and 100.0, "1 GiB" and "1024 MiB" are equal.
bool holds(Compare compare, const Value& a, const Value& b);

}  // namespace brink
