// Filters against points. Quantities are compared by what they come to, everything else by its
// text.

#include "experiment/filter.hpp"

#include <algorithm>
#include <optional>

namespace brink {
namespace {

struct Magnitude {
  enum class Kind : std::uint8_t { plain, size, duration, share };
  Kind kind = Kind::plain;
  double amount = 0;
};

/// Reads a string as a quantity, the way the keys of a file are read.
template <class Read>
std::optional<double> quantity(const Value& value, Read read) {
  try {
    Params params(Table{{"x", value}}, "");
    return static_cast<double>(read(params));
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

std::optional<Magnitude> magnitude(const Value& value) {
  using Kind = Magnitude::Kind;
  if (const auto* number = value.get<std::int64_t>()) {
    return Magnitude{Kind::plain, static_cast<double>(*number)};
  }
  if (const auto* number = value.get<double>()) return Magnitude{Kind::plain, *number};
  if (value.get<std::string>() == nullptr) return std::nullopt;
  if (const auto n = quantity(value, [](Params& p) { return p.size("x", 0, 0, ~0ull, ""); })) {
    return Magnitude{Kind::size, *n};
  }
  if (const auto n = quantity(value, [](Params& p) { return p.duration("x", 0, 0, ~0ull, ""); })) {
    return Magnitude{Kind::duration, *n};
  }
  if (const auto n = quantity(value, [](Params& p) { return p.probability("x", 0, ""); })) {
    return Magnitude{Kind::share, *n};
  }
  return std::nullopt;
}

std::string plain_text(const Value& value) {
  const auto* string = value.get<std::string>();
  return string == nullptr ? value.text() : *string;
}

}  // namespace

bool comparable(const Value& a, const Value& b) {
  const auto left = magnitude(a), right = magnitude(b);
  return left && right && left->kind == right->kind;
}

bool holds(Compare compare, const Value& a, const Value& b) {
  const auto left = magnitude(a), right = magnitude(b);
  if (left && right && left->kind == right->kind) {
    return holds(compare, left->amount, right->amount);
  }
  const bool same = plain_text(a) == plain_text(b);
  return compare == Compare::equal ? same : compare == Compare::unequal && !same;
}

bool matches(const Filter& filter, const Axes& point) {
  const auto part = [&](const auto& inner) { return matches(*inner, point); };
  switch (filter.kind) {
    case Filter::Kind::test:
      return holds(filter.compare, point.at(filter.axis).second, filter.value);
    case Filter::Kind::all_of: return std::all_of(filter.parts.begin(), filter.parts.end(), part);
    case Filter::Kind::any_of: return std::any_of(filter.parts.begin(), filter.parts.end(), part);
    case Filter::Kind::none_of: return std::none_of(filter.parts.begin(), filter.parts.end(), part);
  }
  return false;
}

std::set<std::size_t> axes_of(const Filter& filter) {
  if (filter.kind == Filter::Kind::test) return {filter.axis};
  std::set<std::size_t> axes;
  for (const auto& part : filter.parts) axes.merge(axes_of(*part));
  return axes;
}

bool matches(const Selection& selection, const Axes& point) {
  return std::all_of(selection.begin(), selection.end(),
                     [&](const auto& filter) { return matches(*filter, point); });
}

Selection narrowed(const Selection& outer, const std::shared_ptr<const Filter>& inner) {
  const std::set<std::size_t> spoken_of = axes_of(*inner);
  const auto replaced = [&](const std::shared_ptr<const Filter>& filter) {
    const std::set<std::size_t> axes = axes_of(*filter);
    return std::any_of(axes.begin(), axes.end(),
                       [&](std::size_t axis) { return spoken_of.contains(axis); });
  };
  Selection selection;
  // A conjunction's parts are conditions of their own.
  for (const auto& filter : outer) {
    if (!replaced(filter)) selection.push_back(filter);
  }
  if (inner->kind == Filter::Kind::all_of) {
    selection.insert(selection.end(), inner->parts.begin(), inner->parts.end());
  } else {
    selection.push_back(inner);
  }
  return selection;
}

}  // namespace brink
