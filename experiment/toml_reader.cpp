// TOML text → values with places, by toml++, which no other file sees. What toml++ says poorly is
// found beforehand: files that cannot be read, binary files, and nesting deep enough to overflow
// the stack of any recursive reader, its own included.

#include <toml++/toml.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "experiment/document.hpp"
#include "experiment/nesting.hpp"

namespace brink {
namespace {

constexpr std::size_t largest_file = std::size_t{16} << 20;

Where place(const toml::source_region& source, const std::string& file) {
  return {file, source.begin.line, source.begin.column};
}

class Converter {
 public:
  explicit Converter(std::string file) : file_(std::move(file)) {}

  Value table(const toml::table& from, const Where& key) const {
    auto table = std::make_shared<Table>();
    for (const auto& [name, node] : from) {
      table->emplace(std::string(name.str()), value(node, place(name.source(), file_)));
    }
    return Value(std::move(table), place(from.source(), file_), key);
  }

 private:
  Value value(const toml::node& node, const Where& key) const {
    const Where where = place(node.source(), file_);
    if (const auto* from = node.as_table()) return table(*from, key);
    if (const auto* from = node.as_array()) return list(*from, key);
    if (const auto* from = node.as_string()) return Value(from->get(), where, key);
    if (const auto* from = node.as_integer()) return Value(std::int64_t{from->get()}, where, key);
    if (const auto* from = node.as_floating_point()) return Value(from->get(), where, key);
    if (const auto* from = node.as_boolean()) return Value(from->get(), where, key);
    throw ConfigError(where, "dates and times have no meaning here");
  }

  Value list(const toml::array& from, const Where& key) const {
    auto list = std::make_shared<List>();
    for (const toml::node& node : from) list->push_back(value(node, {}));
    return Value(std::move(list), place(from.source(), file_), key);
  }

  std::string file_;
};

/// toml++'s sentence with its place in the grammar last, and a hint where it misleads.
std::string reworded(std::string_view description) {
  constexpr std::string_view preamble = "Error while parsing ";
  std::string message(description);
  if (description.starts_with(preamble)) {
    const std::size_t colon = description.find(": ");
    const std::string what(description.substr(preamble.size(), colon - preamble.size()));
    message = std::string(description.substr(colon + 2)) + " (while reading a " + what + ")";
  }
  if (description.find("unescaped control characters") != std::string_view::npos) {
    message += "; is a closing quote missing on this line?";
  }
  return message;
}

[[noreturn]] void cannot_read(const std::string& path, const std::string& why) {
  throw ConfigError({path, 0, 0}, why);
}

std::string contents(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) cannot_read(path, "is a directory, not a file");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) cannot_read(path, std::string("cannot be opened: ") + std::strerror(errno));
  std::string text;
  char block[65536];
  while (const std::size_t got = std::fread(block, 1, sizeof block, file.get())) {
    text.append(block, got);
    if (text.size() > largest_file) cannot_read(path, "is larger than 16 MiB");
  }
  if (std::ferror(file.get()))
    cannot_read(path, std::string("cannot be read: ") + std::strerror(errno));
  return text;
}

}  // namespace

Document read_document(const std::string& path) { return parse_document(contents(path), path); }

Document parse_document(std::string text, std::string file) {
  check_text(text, file);
  try {
    const toml::table table = toml::parse(std::string_view(text), std::string_view(file));
    Value root = Converter(file).table(table, {});
    return {std::move(file), std::move(text), std::move(root)};
  } catch (const toml::parse_error& error) {
    throw ConfigError(place(error.source(), file), reworded(error.description()));
  }
}

}  // namespace brink
