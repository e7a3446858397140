// Numbers and tables as people read them.

#include "report/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace brink {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

/// Three digits that matter, without a point if there are more before it.
std::string three_digits(double number) {
  if (number >= 100) return fmt::format("{:.0f}", number);
  return fmt::format("{:.{}f}", number, number >= 10 ? 1 : 2);
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string time_text(Nanos time) {
  const auto amount = static_cast<double>(time);
  if (time < us) return fmt::format("{} ns", time);
  if (time < ms) return three_digits(amount / us) + " us";
  if (time < seconds) return three_digits(amount / ms) + " ms";
  if (time < 100 * seconds) return three_digits(amount / seconds) + " s";
  return fmt::format("{:.1f} s", amount / seconds);
}

std::string percent(double share) {
  const double value = share * 100;
  if (value == 0 || value == 100 || value >= 10) return fmt::format("{:.0f} %", value);
  return fmt::format("{:.1f} %", value);
}

std::uint64_t median(std::vector<std::uint64_t> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string plain_value(const Value& value) {
  const std::string* string = value.get<std::string>();
  return string == nullptr ? value.text() : *string;
}

std::vector<std::string> short_names(const std::vector<std::pair<std::string, Value>>& axes) {
  std::vector<std::string> names;
  for (const auto& [path, value] : axes) {
    const std::string last = path.substr(path.rfind('.') + 1);
    const auto same = std::count_if(axes.begin(), axes.end(), [&](const auto& other) {
      return other.first.substr(other.first.rfind('.') + 1) == last;
    });
    names.push_back(same == 1 ? last : path);
  }
  return names;
}

std::string axes_phrase(const std::vector<std::pair<std::string, Value>>& axes) {
  const std::vector<std::string> names = short_names(axes);
  std::string text;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    text += (text.empty() ? "" : ", ") + names[i] + " = " + plain_value(axes[i].second);
  }
  return text;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

void TextTable::column(std::string heading, Align align) {
  columns_.push_back({lines_of(heading), align});
}

void TextTable::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text(std::size_t indent) const {
  std::vector<std::size_t> widths;
  std::size_t heading_lines = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = 0;
    for (const std::string& line : columns_[i].heading)
      width = std::max(width, display_width(line));
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    widths.push_back(width);
    heading_lines = std::max(heading_lines, columns_[i].heading.size());
  }
  std::string out;
  const auto line = [&](auto cell) {
    std::string text(indent, ' ');
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string content = cell(i);
      const std::string blanks(widths[i] - display_width(content), ' ');
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::left ? content + blanks : blanks + content;
    }
    text.resize(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  for (std::size_t l = 0; l < heading_lines; ++l) {
    line([&](std::size_t i) {
      const auto& heading = columns_[i].heading;
      const std::size_t missing = heading_lines - heading.size();  // Short headings stand low.
      return l < missing ? std::string() : heading[l - missing];
    });
  }
  for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
  return out;
}

}  // namespace brink
