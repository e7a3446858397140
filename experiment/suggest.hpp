// The tail of a message about a word that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "brink/params.hpp"

namespace brink {

/// `; did you mean "x"?` if one of the known words is close; else the words themselves, if they are
/// few; else nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

/// The names of a table's rows.
template <class Row>
std::vector<std::string> names_of(std::span<const Row> rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.emplace_back(row.name);
  return names;
}

/// The row called `name`; throws ConfigError at `where` ("unknown program …") if there is none.
template <class Row>
const Row& row_named(std::span<const Row> rows, std::string_view name, const char* what,
                     const Where& where) {
  for (const Row& row : rows) {
    if (row.name == name) return row;
  }
  throw ConfigError(where, std::string("unknown ") + what + " \"" + std::string(name) + "\"" +
                               suggestion(name, names_of(rows)));
}

/// "a list", "an integer": what a value is, for messages.
std::string a_kind(const Value& value);

}  // namespace brink
