// What is laid over a document: `--set key=value`. And two questions about places: the order of
// keys in the file, and where a character of a string stands.

#include <algorithm>
#include <tuple>

#include "experiment/document.hpp"

namespace brink {
namespace {

/// The value as TOML, or, if it is none, the text itself.
Value override_value(const std::string& text, const Value* before, const Where& where) {
  const Value word(Value::Data(text), where);
  if (text.find('\n') != std::string::npos) return word;
  try {
    const Document document = parse_document("x = " + text, where.file);
    const Value& parsed = document.root.table()->at("x");
    const bool word_meant = before != nullptr && before->get<std::string>() != nullptr &&
                            parsed.get<double>() != nullptr;
    return word_meant ? word : Value(parsed.data(), where);
  } catch (const ConfigError&) {
    return word;
  }
}

const Value* find(const Value& root, const Path& path, const Where& where) {
  try {
    return &value_at(root, path, where);
  } catch (const ConfigError&) {
    return nullptr;
  }
}

bool from_command_line(const Where& where) { return where.file.starts_with("--set"); }

}  // namespace

Value with_override(const Value& root, const std::string& assignment) {
  Where where{"--set " + assignment, 1, 1};
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(where, "not of the form key=value");
  }
  const Path path = parse_path(std::string_view(assignment).substr(0, equals), where);
  Where value_where = where;
  value_where.column = static_cast<std::uint32_t>(equals + 2);
  const Value value =
      override_value(assignment.substr(equals + 1), find(root, path, where), value_where);
  return with_value(root, path, value, where, true);
}

std::vector<std::string> keys_in_file_order(const Table& table) {
  struct Key {
    const std::string* name;
    Where where;
  };
  std::vector<Key> keys;
  for (const auto& [name, value] : table) keys.push_back({&name, value.key_where()});
  const auto rank = [](const Where& where) {
    return std::tuple(from_command_line(where), where.line, where.column);
  };
  std::stable_sort(keys.begin(), keys.end(),
                   [&](const Key& a, const Key& b) { return rank(a.where) < rank(b.where); });
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(*key.name);
  return names;
}

namespace {

/// Walks the characters of a document from a place on.
class Walk {
 public:
  Walk(const Document& document, const Where& start) : where_(start), text_(document.text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    std::uint32_t line = 1, column = 1;
    std::size_t at = 0;
    while (at < text_.size() && (line < start.line || column < start.column)) {
      if (text_[at] == '\n') {
        if (line == start.line) break;
        ++line;
        column = 1;
        ++at;
      } else {
        do ++at;
        while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0) == 0x80);
        if (line == start.line) ++column;
      }
    }
    text_.remove_prefix(at);
  }

  const Where& where() const { return where_; }
  std::string_view rest() const { return text_; }

  /// Past one byte; bytes inside of a character have its column.
  void step() {
    if (text_.empty()) return;
    if (text_.front() == '\n') {
      ++where_.line;
      where_.column = 1;
    } else if (text_.size() < 2 || (static_cast<unsigned char>(text_[1]) & 0xc0) != 0x80) {
      ++where_.column;
    }
    text_.remove_prefix(1);
  }

 private:
  Where where_;
  std::string_view text_;
};

/// How many bytes of source the character at the front takes, and of the string's value.
struct Span {
  std::size_t source, value;
};

Span next_character(std::string_view rest, bool escapes) {
  if (!escapes || rest.front() != '\\' || rest.size() < 2) return {1, 1};
  if (rest[1] == 'u' || rest[1] == 'U') {
    // Only how far it moves the column matters: one character, of one byte if it is ASCII.
    return {rest[1] == 'u' ? std::size_t{6} : std::size_t{10}, 1};
  }
  return {2, 1};
}

}  // namespace

Where place_in_string(const Document& document, const Where& start, std::string_view value,
                      std::size_t offset) {
  if (start.line == 0 || start.file != document.file) return start;
  Walk walk(document, start);
  const char quote = walk.rest().empty() ? '\0' : walk.rest().front();
  if (quote == '"' || quote == '\'') {
    const bool many_lines = walk.rest().starts_with(std::string(3, quote));
    for (int i = 0; i < (many_lines ? 3 : 1); ++i) walk.step();
    if (many_lines && walk.rest().starts_with("\n")) walk.step();
  }
  for (std::size_t at = 0; at < std::min(offset, value.size()) && !walk.rest().empty();) {
    const Span span = next_character(walk.rest(), quote == '"');
    for (std::size_t i = 0; i < span.source; ++i) walk.step();
    at += span.value;
  }
  return walk.where();
}

}  // namespace brink
