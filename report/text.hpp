// Numbers and tables as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "brink/params.hpp"
#include "brink/units.hpp"

namespace brink {

/// "1,234,567"
std::string grouped(std::uint64_t number);

/// "12.5 ms", "312.4 s": three or four digits that matter, in the unit that fits.
std::string time_text(Nanos time);

/// A share as a percentage: "0 %", "4.2 %", "92 %".
std::string percent(double share);

/// The middle value (the lower of two); 0 for none.
std::uint64_t median(std::vector<std::uint64_t> values);

/// `retries = -1, memory = 100 MiB`: axes by the last part of their names where that is enough.
std::string axes_phrase(const std::vector<std::pair<std::string, Value>>& axes);

/// The shortest name of each axis that no other axis shares.
std::vector<std::string> short_names(const std::vector<std::pair<std::string, Value>>& axes);

/// A value as in the file, strings without quotes.
std::string plain_value(const Value& value);

/// A table in plain text. Headings may have several lines, split by '\n'.
class TextTable {
 public:
  enum class Align : std::uint8_t { left, right };

  void column(std::string heading, Align align = Align::right);
  void row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// Every line begins with `indent` blanks and has none at its end.
  std::string text(std::size_t indent) const;

 private:
  struct Column {
    std::vector<std::string> heading;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// How many columns a text takes on a terminal: one for each UTF-8 character.
std::size_t display_width(std::string_view text);

}  // namespace brink
