// Reading keys of a table: presence, kind, range, and the message when one of them is wrong.

#include "brink/params.hpp"

#include <algorithm>

#include "api/quantity.hpp"

namespace brink {
namespace {

std::string at(const Where& where) {
  if (where.file.empty() && where.line == 0) return {};
  std::string text = where.file;
  if (where.line != 0) text += ":" + std::to_string(where.line);
  if (where.line != 0 && where.column != 0) text += ":" + std::to_string(where.column);
  return text + ": ";
}

std::string joined(const auto& words, const char* separator) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string meant(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string guess = did_you_mean(word, candidates);
  return guess.empty() ? "" : "; did you mean \"" + guess + "\"?";
}

std::string out_of_range(const std::string& written, const std::string& low,
                         const std::string& high) {
  return written + " is out of range; it must be from " + low + " to " + high;
}

/// Calls `visit(name, element)` for each element of a list, or once for a value that is none.
void each(std::string_view key, const Value* value, const auto& visit) {
  if (value == nullptr) return;
  const List* list = value->list();
  if (list == nullptr) return visit(key, *value);
  for (std::size_t i = 0; i < list->size(); ++i) {
    visit(std::string(key) + "[" + std::to_string(i) + "]", (*list)[i]);
  }
}

const char* a_or_an(std::string_view kind) { return kind == "integer" ? "an " : "a "; }

std::string number_range(const Params::Range& range) {
  return std::to_string(range.low) + " … " + std::to_string(range.high);
}

bool before(const Where& a, const Where& b) {
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

}  // namespace

ConfigError::ConfigError(const Where& where, const std::string& message)
    : std::runtime_error(at(where) + "error: " + message), where_(where), message_(message) {}

Params::Params(Table table, std::string prefix, Where where)
    : table_(std::move(table)), prefix_(std::move(prefix)), where_(std::move(where)) {}

Params Params::describe() {
  Params params;
  params.describing_ = true;
  return params;
}

const Value* Params::take(std::string_view key, std::string type, std::string value,
                          std::string_view meaning) {
  known_.emplace(key);
  if (describing_) {
    docs_->push_back({full_name(key), std::move(type), std::move(value), std::string(meaning)});
    return nullptr;
  }
  const auto found = table_.find(key);
  return found == table_.end() ? nullptr : &found->second;
}

std::int64_t Params::in_range(std::string_view key, const Value& value, Range range) const {
  const std::int64_t* number = value.get<std::int64_t>();
  if (number == nullptr) wrong_kind(key, value, "an integer");
  if (*number < range.low || *number > range.high) {
    fail(key, value,
         out_of_range(value.text(), std::to_string(range.low), std::to_string(range.high)));
  }
  return *number;
}

std::int64_t Params::integer(std::string_view key, std::int64_t fallback, Range range,
                             std::string_view meaning) {
  const Value* value =
      take(key, "integer " + number_range(range), std::to_string(fallback), meaning);
  return value == nullptr ? fallback : in_range(key, *value, range);
}

bool Params::boolean(std::string_view key, bool fallback, std::string_view meaning) {
  const Value* value = take(key, "true or false", fallback ? "true" : "false", meaning);
  if (value == nullptr) return fallback;
  if (const bool* truth = value->get<bool>()) return *truth;
  wrong_kind(key, *value, "true or false");
}

std::string Params::text(std::string_view key, std::string_view fallback,
                         std::string_view meaning) {
  const Value* value = take(key, "string", std::string(fallback), meaning);
  if (value == nullptr) return std::string(fallback);
  if (const std::string* string = value->get<std::string>()) return *string;
  wrong_kind(key, *value, "a string");
}

std::size_t Params::choice(std::string_view key, std::size_t fallback,
                           std::span<const char* const> words, std::string_view meaning) {
  const std::vector<std::string> list(words.begin(), words.end());
  const Value* value = take(key, "one of " + joined(list, "|"), list.at(fallback), meaning);
  if (value == nullptr) return fallback;
  const std::string* word = value->get<std::string>();
  if (word == nullptr) wrong_kind(key, *value, "a string");
  const auto found = std::find(list.begin(), list.end(), *word);
  if (found == list.end()) {
    fail(key, *value, value->text() + " is not one of " + joined(list, ", ") + meant(*word, list));
  }
  return static_cast<std::size_t>(found - list.begin());
}

std::uint64_t Params::quantity(std::string_view key, const Value& value, const Quantity& kind,
                               std::uint64_t low, std::uint64_t high) const {
  const Measure measure = kind.measure(value);
  if (measure.state == Measure::State::wrong_kind) wrong_kind(key, value, kind.wanted);
  if (measure.state == Measure::State::malformed) {
    fail(key, value, value.text() + " is not " + kind.wanted + measure.hint);
  }
  if (measure.state == Measure::State::fraction) {
    fail(key, value, value.text() + " is not a whole number of " + kind.smallest);
  }
  if (measure.state != Measure::State::whole || measure.amount < low || measure.amount > high) {
    fail(key, value, out_of_range(value.text(), kind.text(low), kind.text(high)));
  }
  return measure.amount;
}

std::uint64_t Params::size(std::string_view key, std::uint64_t fallback, std::uint64_t low,
                           std::uint64_t high, std::string_view meaning) {
  const Quantity& kind = size_quantity();
  const Value* value = take(key, "size " + kind.range(low, high), kind.text(fallback), meaning);
  return value == nullptr ? fallback : quantity(key, *value, kind, low, high);
}

Nanos Params::duration(std::string_view key, Nanos fallback, Nanos low, Nanos high,
                       std::string_view meaning) {
  const Quantity& kind = duration_quantity();
  const Value* value = take(key, "duration " + kind.range(low, high), kind.text(fallback), meaning);
  return value == nullptr ? fallback : quantity(key, *value, kind, low, high);
}

std::uint64_t Params::probability(std::string_view key, std::uint64_t fallback_ppm,
                                  std::string_view meaning) {
  const Quantity& kind = probability_quantity();
  const Value* value = take(key, "probability", kind.text(fallback_ppm), meaning);
  return value == nullptr ? fallback_ppm : quantity(key, *value, kind, 0, 1'000'000);
}

std::vector<std::int64_t> Params::integers(std::string_view key, Range range,
                                           std::string_view meaning) {
  const Value* value = take(key, "integers " + number_range(range), "", meaning);
  std::vector<std::int64_t> numbers;
  each(key, value, [&](std::string_view name, const Value& element) {
    numbers.push_back(in_range(name, element, range));
  });
  return numbers;
}

std::vector<std::string> Params::texts(std::string_view key, std::string_view meaning) {
  const Value* value = take(key, "strings", "", meaning);
  std::vector<std::string> strings;
  each(key, value, [&](std::string_view name, const Value& element) {
    const std::string* string = element.get<std::string>();
    if (string == nullptr) wrong_kind(name, element, "a string");
    strings.push_back(*string);
  });
  return strings;
}

Params Params::table(std::string_view key, std::string_view meaning) {
  const Value* value = take(key, "table", "", meaning);
  const Table* inner = value == nullptr ? nullptr : value->table();
  if (value != nullptr && inner == nullptr) wrong_kind(key, *value, "a table");
  Params params(inner == nullptr ? Table{} : *inner, full_name(key), where(key));
  params.describing_ = describing_;
  params.docs_ = docs_;
  return params;
}

bool Params::has(std::string_view key) const { return table_.find(key) != table_.end(); }

const Where& Params::where(std::string_view key) const {
  const auto found = table_.find(key);
  return found == table_.end() || found->second.where().line == 0 ? where_ : found->second.where();
}

void Params::reject(std::string_view key, const std::string& why) const {
  throw ConfigError(where(key), full_name(key) + ": " + why);
}

void Params::done() const {
  if (describing_) return;
  const std::pair<const std::string, Value>* first = nullptr;
  for (const auto& entry : table_) {
    if (known_.contains(entry.first)) continue;
    if (first == nullptr || before(entry.second.key_where(), first->second.key_where())) {
      first = &entry;
    }
  }
  if (first == nullptr) return;
  const std::vector<std::string> keys(known_.begin(), known_.end());
  std::string message = prefix_.empty() ? "" : prefix_ + ": ";
  message += "unknown key \"" + first->first + "\"" + meant(first->first, keys);
  if (did_you_mean(first->first, keys).empty()) {
    message += keys.empty() ? "; there are no keys here" : "; the keys are " + joined(keys, ", ");
  }
  const Where& place = first->second.key_where();
  throw ConfigError(place.line == 0 ? where_ : place, message);
}

std::string Params::full_name(std::string_view key) const {
  return prefix_.empty() ? std::string(key) : prefix_ + "." + std::string(key);
}

void Params::fail(std::string_view key, const Value& value, const std::string& why) const {
  throw ConfigError(value.where().line == 0 ? where(key) : value.where(),
                    full_name(key) + ": " + why);
}

void Params::wrong_kind(std::string_view key, const Value& value, const char* wanted) const {
  const std::string shown = value.list() || value.table() ? "" : ", " + value.text();
  fail(key, value,
       std::string("expected ") + wanted + ", found " + a_or_an(value.kind()) + value.kind() +
           shown);
}

}  // namespace brink
