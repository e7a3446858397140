// The result of an experiment for programs (format 1).
#pragma once

#include <string>

#include "brink/results.hpp"

namespace brink {

/// One JSON object, keys in a fixed order, ending in a newline. Depends on nothing but the result.
std::string json_report(const ExperimentResult& result);

/// Writes a file so that it is there whole or not at all: to a temporary file beside it that is
/// then renamed. Returns what went wrong; empty if nothing.
std::string write_whole(const std::string& path, const std::string& text);

/// Whether write_whole() could write there, as far as can be told beforehand; what is in the way.
std::string cannot_write(const std::string& path);

}  // namespace brink
