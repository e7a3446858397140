// Sizes of files, lines and functions, and how files begin.

#include <algorithm>
#include <cstddef>
#include <regex>

#include "tests/tidy/rules.hpp"

namespace brink::tidy {
namespace {

constexpr std::size_t most_lines = 300, most_columns = 100, most_function_lines = 70;

std::size_t columns(const std::string& line) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), starts));
}

/// The code as one text, with preprocessor lines blanked: their braces need not match.
std::string without_directives(const Source& source) {
  std::string text;
  bool directive = false;
  for (const std::string& line : source.code) {
    directive = directive || line.starts_with('#');
    text += directive ? std::string(line.size(), ' ') : line;
    text += '\n';
    directive = directive && line.ends_with('\\');
  }
  return text;
}

std::size_t closing_brace(const std::string& text, std::size_t open) {
  std::size_t depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return text.size() - 1;
}

/// Whether a brace that follows `head` opens a scope of declarations rather than of statements.
bool opens_declarations(const std::string& head) {
  static const std::regex scope(R"(\b(namespace|class|struct|union|enum)\b|\bextern\s*$)");
  static const std::regex keyword_in_parameters(R"(\([^)]*\b(class|struct|enum)\b)");
  return std::regex_search(head, scope) && head.find('(') == std::string::npos;
}

/// A brace after which a function goes on: of an initializer in its head.
bool continues(const std::string& text, std::size_t close) {
  const std::size_t next = text.find_first_not_of(" \n", close + 1);
  return next != std::string::npos && (text[next] == ',' || text[next] == '{');
}

struct Function {
  std::size_t first_line, last_line;
};

std::size_t line_of(const std::string& text, std::size_t at) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
  return static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

/// All functions outside of functions: what follows a head with a parameter list.
std::vector<Function> functions(const Source& source) {
  const std::string text = without_directives(source);
  std::vector<Function> found;
  std::size_t head = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ';' || text[i] == '}') head = i + 1;
    if (text[i] != '{') continue;
    const std::string before = text.substr(head, i - head);
    if (opens_declarations(before)) {
      head = i + 1;
      continue;
    }
    const std::size_t close = closing_brace(text, i);
    const bool function = before.find('(') != std::string::npos;
    if (function && !continues(text, close)) {
      const std::size_t first = text.find_first_not_of(" \n", head);
      found.push_back({line_of(text, first), line_of(text, close)});
    }
    i = close;
    if (!continues(text, close)) head = close + 1;
  }
  return found;
}

}  // namespace

void short_files_and_lines(const Tree& tree, Violations& out) {
  for (const Source* source : below(tree, "")) {
    if (is_baseline(*source)) continue;
    if (source->lines.size() > most_lines) {
      complain(out, *source, most_lines, std::to_string(source->lines.size()) + " lines");
    }
    bool table = false;
    for (std::size_t i = 0; i < source->lines.size(); ++i) {
      const std::string& line = source->lines[i];
      if (line.find("// clang-format off") != std::string::npos) table = true;
      if (line.find("// clang-format on") != std::string::npos) table = false;
      if (columns(line) <= most_columns || (table && line.ends_with('\\'))) continue;
      complain(out, *source, i, std::to_string(columns(line)) + " columns");
    }
  }
}

void short_functions(const Tree& tree, Violations& out) {
  for (const Source* source : below(tree, "")) {
    if (is_baseline(*source)) continue;
    for (const Function& function : functions(*source)) {
      const std::size_t lines = function.last_line - function.first_line + 1;
      if (lines <= most_function_lines) continue;
      complain(out, *source, function.first_line,
               "a function of " + std::to_string(lines) + " lines");
    }
  }
}

void first_words(const Tree& tree, Violations& out) {
  for (const Source& source : tree) {
    const bool document = source.path.ends_with(".md") || source.path.ends_with(".in");
    if (document) continue;
    const std::string first = source.lines.empty() ? "" : source.lines.front();
    if (!first.starts_with(is_cpp(source) ? "// " : "#")) {
      complain(out, source, 0, "does not begin by saying what it is");
    }
    const bool header = source.path.ends_with(".hpp") && !is_baseline(source);
    const auto& lines = source.lines;
    if (header && std::find(lines.begin(), lines.end(), "#pragma once") == lines.end()) {
      complain(out, source, 0, "no #pragma once");
    }
  }
}

}  // namespace brink::tidy
