// Reads and writes numbers with units in 128-bit integers; nothing here is a floating-point number.

#include "api/quantity.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace brink {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr Wide most = std::numeric_limits<std::uint64_t>::max();
/// A mantissa up to here times the largest unit still fits Wide.
constexpr Wide most_mantissa = Wide{10'000'000'000'000'000'000u} * 1'000'000;

constexpr std::array size_units = {
    Unit{"B", 1}, Unit{"KiB", KiB}, Unit{"MiB", MiB}, Unit{"GiB", GiB}, Unit{"TiB", 1024 * GiB},
};
constexpr std::array duration_units = {
    Unit{"ns", 1},
    Unit{"us", us},
    Unit{"ms", ms},
    Unit{"s", seconds},
    Unit{"min", 60 * seconds},
    Unit{"h", 3'600 * seconds},
};
constexpr std::array probability_units = {Unit{"ppm", 1}, Unit{"%", 10'000}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal number: ± mantissa × 10^exponent, and what follows it.
struct Decimal {
  bool valid = false, negative = false, huge = false;
  Wide mantissa = 0;
  int exponent = 0;
  std::string_view rest;
};

/// Takes the digits at the front of `text`; returns how many there were.
int take_digits(std::string_view& text, Decimal& number) {
  int count = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++count) {
    number.mantissa = number.mantissa * 10 + static_cast<unsigned>(text.front() - '0');
    if (number.mantissa <= most_mantissa) continue;
    number.huge = true;
    number.mantissa = most_mantissa;
  }
  return count;
}

/// Takes an exponent (`e30`, `E-3`) if there is one. Beyond ±1000 all exponents mean the same.
void take_exponent(std::string_view& text, Decimal& number) {
  std::string_view rest = text;
  if (rest.empty() || (rest.front() != 'e' && rest.front() != 'E')) return;
  rest.remove_prefix(1);
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || !is_digit(rest.front())) return;
  int exponent = 0;
  for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1)) {
    exponent = std::min(exponent * 10 + (rest.front() - '0'), 1000);
  }
  number.exponent += negative ? -exponent : exponent;
  text = rest;
}

Decimal read_decimal(std::string_view text) {
  Decimal number;
  number.negative = text.starts_with('-');
  if (number.negative || text.starts_with('+')) text.remove_prefix(1);
  int digits = take_digits(text, number);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const int decimals = take_digits(text, number);
    number.exponent -= decimals;
    digits = decimals == 0 ? 0 : digits;
  }
  take_exponent(text, number);
  number.valid = digits != 0;
  number.rest = text;
  return number;
}

Measure scaled(Decimal number, std::uint64_t unit) {
  if (number.mantissa == 0) return {Measure::State::whole, 0};
  if (number.negative) return {Measure::State::negative};
  if (number.huge) return {Measure::State::huge};
  Wide amount = number.mantissa * unit;
  for (; number.exponent < 0; ++number.exponent, amount /= 10) {
    if (amount % 10 != 0) return {Measure::State::fraction};
  }
  for (; number.exponent > 0 && amount <= most; --number.exponent) amount *= 10;
  if (amount > most) return {Measure::State::huge};
  return {Measure::State::whole, static_cast<std::uint64_t>(amount)};
}

Measure read_text(const Quantity& kind, std::string_view text) {
  const Decimal number = read_decimal(text);
  if (!number.valid) return {};
  std::string_view name = number.rest;
  while (name.starts_with(' ')) name.remove_prefix(1);
  std::vector<std::string> names;
  for (const Unit& unit : kind.units) {
    if (name == unit.name) return scaled(number, unit.size);
    names.emplace_back(unit.name);
  }
  const std::string guess = did_you_mean(name, names);
  return {Measure::State::malformed, 0, guess.empty() ? "" : "; did you mean \"" + guess + "\"?"};
}

}  // namespace

Measure Quantity::measure(const Value& value) const {
  if (const std::string* string = value.get<std::string>()) return read_text(*this, *string);
  const std::int64_t* integer = value.get<std::int64_t>();
  if (integer == nullptr || bare == 0) return {Measure::State::wrong_kind};
  if (*integer < 0) return {Measure::State::negative};
  Decimal number;
  number.mantissa = static_cast<std::uint64_t>(*integer);
  return scaled(number, bare);
}

std::string Quantity::text(std::uint64_t amount) const {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (amount != 0 && amount % unit.size == 0) best = &unit;
  }
  return std::to_string(amount / best->size) + " " + best->name;
}

std::string Quantity::range(std::uint64_t low, std::uint64_t high) const {
  return high == most ? "from " + text(low) : text(low) + " … " + text(high);
}

const Quantity& size_quantity() {
  static constexpr Quantity quantity{
      "a size (bytes, or a string such as \"64 MiB\"; units: B, KiB, MiB, GiB, TiB)", "bytes",
      size_units, 1};
  return quantity;
}

const Quantity& duration_quantity() {
  static constexpr Quantity quantity{
      "a duration (a string such as \"20 ms\"; units: ns, us, ms, s, min, h)", "nanoseconds",
      duration_units, 0};
  return quantity;
}

const Quantity& probability_quantity() {
  static constexpr Quantity quantity{
      "a probability (a percentage, or a string such as \"500 ppm\"; units: ppm, %)", "ppm",
      probability_units, 10'000};
  return quantity;
}

}  // namespace brink
