// What people see when something is wrong: the place, the message, and the line with a mark under
// it.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>

#include "brink/params.hpp"
#include "cli/commands.hpp"

namespace brink {
namespace {

/// What a terminal would take for commands is not shown.
bool is_printable(const std::string& line) {
  return std::all_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

/// The line of the file and a mark under the column; nothing if there is no such line.
std::string excerpt(const Where& where) {
  std::ifstream file(where.file, std::ios::binary);
  std::string line;
  for (std::uint32_t i = 0; i < where.line; ++i) {
    if (!std::getline(file, line)) return {};
  }
  if (where.line == 0 || where.column == 0 || line.size() > 500) return {};
  if (where.line == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (!is_printable(line)) return {};
  // Tabs stay tabs under the line, so that the mark stands where the column is.
  std::string mark;
  std::uint32_t column = 1;
  for (const char c : line) {
    if (column >= where.column) break;
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;
    mark += c == '\t' ? '\t' : ' ';
    ++column;
  }
  return "  " + line + "\n  " + mark + "^\n";
}

}  // namespace

int report_exception() {
  try {
    throw;
  } catch (const ConfigError& error) {
    std::fprintf(stderr, "%s\n%s", error.what(), excerpt(error.where()).c_str());
    return exit_bad_input;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "brink: internal error: %s\n", error.what());
    return exit_internal;
  }
}

}  // namespace brink
