// A look over TOML text before it is parsed: is it text at all, and is it shallow enough?
#pragma once

#include <string>
#include <string_view>

namespace brink {

/// Throws ConfigError at its place if the text holds a NUL or another byte that no text file has,
/// brackets nested deeper than 64, or a dotted key of more than 32 parts. Strings and comments are
/// skipped; what is wrong in other ways is left to the parser.
void check_text(std::string_view text, const std::string& file);

}  // namespace brink
