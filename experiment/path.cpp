// Paths into an experiment: reading them, finding what they name, and replacing it. Replacing
// copies the tables on the way and shares the rest, so that the points of a sweep cost little.

#include <algorithm>
#include <charconv>
#include <optional>

#include "experiment/document.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

/// By which keys an element of a list of tables is called.
constexpr const char* naming_keys[] = {"name", "program", "at"};

std::optional<std::size_t> as_index(const std::string& part) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
  return index;
}

const std::string* name_of(const Value& element) {
  const Table* table = element.table();
  if (table == nullptr) return nullptr;
  for (const char* key : naming_keys) {
    const auto found = table->find(key);
    if (found == table->end()) continue;
    if (const auto* name = found->second.get<std::string>()) return name;
  }
  return nullptr;
}

/// "policy.alloc" for the first two parts of a path; "the file" for none.
std::string parent_text(const Path& path, std::size_t depth) {
  if (depth == 0) return "the file";
  return path_text(Path(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth)));
}

std::size_t element_index(const List& list, const Path& path, std::size_t depth,
                          const Where& where) {
  const std::string& part = path[depth];
  const std::string parent = parent_text(path, depth);
  if (const auto index = as_index(part)) {
    if (*index < list.size()) return *index;
    throw ConfigError(where, parent + " has " + std::to_string(list.size()) +
                                 " elements, counted from 0; there is no " + part);
  }
  std::optional<std::size_t> found;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string* name = name_of(list[i]);
    if (name == nullptr) continue;
    names.push_back(*name);
    if (*name != part) continue;
    if (found) {
      throw ConfigError(where, "several elements of " + parent + " are called \"" + part +
                                   "\"; name one by its index, as " + parent + "." +
                                   std::to_string(*found));
    }
    found = i;
  }
  if (found) return *found;
  throw ConfigError(
      where, "no element of " + parent + " is called \"" + part + "\"" + suggestion(part, names));
}

std::vector<std::string> keys_of(const Table& table) {
  std::vector<std::string> keys;
  for (const auto& entry : table) keys.push_back(entry.first);
  return keys;
}

[[noreturn]] void missing(const Table& table, const Path& path, std::size_t depth,
                          const Where& where) {
  throw ConfigError(where, parent_text(path, depth) + " sets no key \"" + path[depth] + "\"" +
                               suggestion(path[depth], keys_of(table)));
}

[[noreturn]] void not_a_table(const Value& value, const Path& path, std::size_t depth,
                              const Where& where) {
  throw ConfigError(where, parent_text(path, depth) + " is " + value.text() +
                               ", not a table: it has no \"" + path[depth] + "\"");
}

/// `value` with what the path names, from `depth` on, replaced.
Value replaced(const Value& value, const Path& path, std::size_t depth, const Value& with,
               const Where& where, bool may_add);

Value replaced_in_table(const Value& value, const Path& path, std::size_t depth, const Value& with,
                        const Where& where, bool may_add) {
  Table table = *value.table();
  const auto found = table.find(path[depth]);
  if (found != table.end()) {
    found->second = replaced(found->second, path, depth + 1, with, where, may_add);
  } else if (may_add) {
    const Value empty(Value::Data(std::make_shared<Table>()), where, where);
    table.emplace(path[depth], replaced(empty, path, depth + 1, with, where, may_add));
  } else {
    missing(table, path, depth, where);
  }
  return Value(std::make_shared<Table>(std::move(table)), value.where(), value.key_where());
}

Value replaced(const Value& value, const Path& path, std::size_t depth, const Value& with,
               const Where& where, bool may_add) {
  if (depth == path.size()) return Value(with.data(), with.where(), value.key_where());
  if (value.table() != nullptr) {
    return replaced_in_table(value, path, depth, with, where, may_add);
  }
  if (value.list() == nullptr) not_a_table(value, path, depth, where);
  List list = *value.list();
  Value& element = list[element_index(list, path, depth, where)];
  element = replaced(element, path, depth + 1, with, where, may_add);
  return Value(std::make_shared<List>(std::move(list)), value.where(), value.key_where());
}

/// The value at a path; the way there, with indices for names, goes to `resolved` if it is given.
const Value& followed(const Value& root, const Path& path, const Where& where, Path* resolved) {
  const Value* value = &root;
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    std::string part = path[depth];
    if (const List* list = value->list()) {
      const std::size_t index = element_index(*list, path, depth, where);
      part = std::to_string(index);
      value = &(*list)[index];
    } else if (const Table* table = value->table()) {
      const auto found = table->find(path[depth]);
      if (found == table->end()) missing(*table, path, depth, where);
      value = &found->second;
    } else {
      not_a_table(*value, path, depth, where);
    }
    if (resolved != nullptr) resolved->push_back(std::move(part));
  }
  return *value;
}

/// Reads a quoted part of a path from `at` on, past its closing quote.
std::string quoted_part(std::string_view text, std::size_t& at, const Where& where) {
  const char quote = text[at];
  const std::size_t end = text.find(quote, at + 1);
  if (end == std::string_view::npos) {
    throw ConfigError(where, "the path " + std::string(text) + " lacks a closing quote");
  }
  std::string part(text.substr(at + 1, end - at - 1));
  at = end + 1;
  return part;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Path parse_path(std::string_view text, const Where& where) {
  Path path;
  std::size_t at = 0;
  do {
    while (at < text.size() && text[at] == ' ') ++at;
    if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
      path.push_back(quoted_part(text, at, where));
      while (at < text.size() && text[at] == ' ') ++at;
    } else {
      const std::size_t end = std::min(text.find('.', at), text.size());
      path.emplace_back(trimmed(text.substr(at, end - at)));
      at = end;
    }
    if (path.back().empty() || (at < text.size() && text[at] != '.')) {
      throw ConfigError(where,
                        "\"" + std::string(text) + "\" is not a path of keys joined by dots");
    }
  } while (at++ < text.size());
  return path;
}

std::string path_text(const Path& path) {
  std::string text;
  for (const std::string& part : path) {
    const bool plain = part.find_first_of(". \"'") == std::string::npos;
    const char* quote = part.find('"') == std::string::npos ? "\"" : "'";
    text += (text.empty() ? "" : ".") + (plain ? part : quote + part + quote);
  }
  return text;
}

const Value& value_at(const Value& root, const Path& path, const Where& where) {
  return followed(root, path, where, nullptr);
}

Path resolved_path(const Value& root, const Path& path, const Where& where) {
  Path resolved;
  followed(root, path, where, &resolved);
  return resolved;
}

Value with_value(const Value& root, const Path& path, const Value& value, const Where& where,
                 bool may_add) {
  return replaced(root, path, 0, value, where, may_add);
}

}  // namespace brink
