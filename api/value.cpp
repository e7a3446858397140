// Values as written: what kind they are and how they read.

#include <array>
#include <charconv>

#include "brink/params.hpp"

namespace brink {
namespace {

std::string quoted(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// The shortest digits that read back as the same number, recognisably not an integer.
std::string float_text(double number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  std::string text(digits.data(), end);
  return text.find_first_of(".ein") == std::string::npos ? text + ".0" : text;
}

std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && key.find_first_not_of(
                                        "abcdefghijklmnopqrstuvwxyz"
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_-") == std::string::npos;
  return bare ? key : quoted(key);
}

std::string list_text(const List& list) {
  std::string text;
  for (const Value& value : list) text += (text.empty() ? "" : ", ") + value.text();
  return "[" + text + "]";
}

std::string table_text(const Table& table) {
  std::string text;
  for (const auto& [key, value] : table) {
    text += (text.empty() ? "" : ", ") + key_text(key) + " = " + value.text();
  }
  return table.empty() ? "{}" : "{ " + text + " }";
}

}  // namespace

const List* Value::list() const {
  const auto* list = get<std::shared_ptr<List>>();
  return list == nullptr ? nullptr : list->get();
}

const Table* Value::table() const {
  const auto* table = get<std::shared_ptr<Table>>();
  return table == nullptr ? nullptr : table->get();
}

const char* Value::kind() const {
  constexpr std::array kinds = {"boolean", "integer", "float", "string", "list", "table"};
  static_assert(kinds.size() == std::variant_size_v<Data>);
  return kinds[data_.index()];
}

std::string Value::text() const {
  if (const bool* truth = get<bool>()) return *truth ? "true" : "false";
  if (const std::int64_t* number = get<std::int64_t>()) return std::to_string(*number);
  if (const double* number = get<double>()) return float_text(*number);
  if (const std::string* string = get<std::string>()) return quoted(*string);
  if (const List* elements = list()) return list_text(*elements);
  return table_text(*table());
}

}  // namespace brink
