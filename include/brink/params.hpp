// Parameters as people write them: typed, ranged, documented, and never silently ignored.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "brink/units.hpp"

namespace brink {

/// Where a value was written. Line 0 means that it came from no file (a default, or code).
struct Where {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// Bad input: what a person wrote cannot be used. Thrown before anything runs, never from a run.
class ConfigError : public std::runtime_error {
 public:
  /// `what()` reads `FILE:LINE:COLUMN: error: MESSAGE`, or `error: MESSAGE` without a place.
  ConfigError(const Where& where, const std::string& message);
  const Where& where() const { return where_; }
  const std::string& message() const { return message_; }

 private:
  Where where_;
  std::string message_;
};

class Value;
struct Quantity;

/// A table of values; iterates by key, in alphabetical order.
using Table = std::map<std::string, Value, std::less<>>;
using List = std::vector<Value>;

/// A value as written: TOML's kinds without dates.
class Value {
 public:
  using Data = std::variant<bool, std::int64_t, double, std::string, std::shared_ptr<List>,
                            std::shared_ptr<Table>>;

  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(List value) : data_(std::make_shared<List>(std::move(value))) {}
  Value(Table value) : data_(std::make_shared<Table>(std::move(value))) {}
  Value(Data data, Where where, Where key = {})
      : data_(std::move(data)), where_(std::move(where)), key_(std::move(key)) {}

  template <class T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  const List* list() const;
  const Table* table() const;
  const Data& data() const { return data_; }
  const Where& where() const { return where_; }
  /// Where its key was written; where() if it has none of its own.
  const Where& key_where() const { return key_.line == 0 ? where_ : key_; }
  /// What kind it is, for messages: "boolean", "integer", "float", "string", "list" or "table".
  const char* kind() const;
  /// As one would write it in TOML, on one line.
  std::string text() const;

 private:
  Data data_;
  Where where_;
  Where key_;
};

/// One documented key, as `brink list` prints it.
struct ParamDoc {
  std::string key;  ///< with the names of the tables that it is in, as `lookup.every`
  std::string type;  ///< "integer -1 … 1000000", "one of a|b", "size 1 MiB … 4 GiB", "string", …
  std::string value;  ///< the default; empty if there is none
  std::string meaning;
};

/// The keys of one table, read by whoever they belong to. Each read names the key, its default,
/// what it accepts and what it means; a value of another kind or out of range throws ConfigError at
/// its place, and a key that nobody reads is an error with a suggestion. A Params that was made to
/// describe() collects the documentation and returns defaults, unchecked.
class Params {
 public:
  /// Bounds of a number, both included.
  struct Range {
    std::int64_t low;
    std::int64_t high;
  };

  Params() = default;
  /// `prefix` names the table in messages, as `policy.alloc`.
  Params(Table table, std::string prefix, Where where = {});

  /// A Params that has no keys and collects documentation, its inner tables' included.
  static Params describe();
  bool describing() const { return describing_; }
  /// What describe() has collected, in the order of reading.
  const std::vector<ParamDoc>& docs() const { return *docs_; }

  std::int64_t integer(std::string_view key, std::int64_t fallback, Range range,
                       std::string_view meaning);
  bool boolean(std::string_view key, bool fallback, std::string_view meaning);
  std::string text(std::string_view key, std::string_view fallback, std::string_view meaning);
  /// One of a few words; returns its index.
  std::size_t choice(std::string_view key, std::size_t fallback, std::span<const char* const> words,
                     std::string_view meaning);
  std::size_t choice(std::string_view key, std::size_t fallback,
                     std::initializer_list<const char*> words, std::string_view meaning) {
    return choice(key, fallback, std::span(words.begin(), words.size()), meaning);
  }
  /// Bytes: an integer, or a string with a unit ("64 MiB", "1.5 GiB", "4096 B"; B KiB MiB GiB TiB).
  std::uint64_t size(std::string_view key, std::uint64_t fallback, std::uint64_t low,
                     std::uint64_t high, std::string_view meaning);
  /// Virtual time: a string with a unit ("20 ms", "120 s"; ns us ms s min h).
  Nanos duration(std::string_view key, Nanos fallback, Nanos low, Nanos high,
                 std::string_view meaning);
  /// Parts in a million, 0 … 1,000,000: an integer percentage, or a string: "500 ppm", "0.05 %".
  std::uint64_t probability(std::string_view key, std::uint64_t fallback_ppm,
                            std::string_view meaning);
  /// Lists of integers or strings; a single value counts as a list of one.
  std::vector<std::int64_t> integers(std::string_view key, Range range, std::string_view meaning);
  std::vector<std::string> texts(std::string_view key, std::string_view meaning);
  /// A table inside this one; empty if absent. Its keys are checked by its own done().
  Params table(std::string_view key, std::string_view meaning);

  /// Keys that nobody has written, as if they had been: before anything is read.
  void set_defaults(const Table& defaults) { table_.insert(defaults.begin(), defaults.end()); }
  /// All keys as written, or set by set_defaults().
  const Table& written() const { return table_; }

  bool has(std::string_view key) const;
  const Where& where() const { return where_; }
  /// Where the value of `key` was written, or the table if it is absent.
  const Where& where(std::string_view key) const;
  const std::string& prefix() const { return prefix_; }

  /// Throws ConfigError for `key`, at its place.
  [[noreturn]] void reject(std::string_view key, const std::string& why) const;

  /// Throws ConfigError if any key was written that nobody read. Call it when all have been read.
  void done() const;

 private:
  const Value* take(std::string_view key, std::string type, std::string value,
                    std::string_view meaning);
  std::int64_t in_range(std::string_view key, const Value& value, Range range) const;
  std::uint64_t quantity(std::string_view key, const Value& value, const Quantity& kind,
                         std::uint64_t low, std::uint64_t high) const;
  std::string full_name(std::string_view key) const;
  [[noreturn]] void fail(std::string_view key, const Value& value, const std::string& why) const;
  [[noreturn]] void wrong_kind(std::string_view key, const Value& value, const char* wanted) const;

  Table table_;
  std::string prefix_;
  Where where_;
  std::shared_ptr<std::vector<ParamDoc>> docs_ = std::make_shared<std::vector<ParamDoc>>();
  std::set<std::string, std::less<>> known_;
  bool describing_ = false;
};

/// The candidate closest to `word` by edit distance: swapped neighbours count once, case and `-`
/// for
/// `_` not at all. Among equals, the one that begins most alike, then the first. Empty if none is
/// close enough to be what was meant.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace brink
