// Reading a recorded trace: raw ftrace, `trace-cmd report` or `perf script`, told apart line by
// line.
#pragma once

#include <string>
#include <vector>

#include "programs/trace/text_source.hpp"
#include "programs/trace/trace.hpp"

namespace brink {

/// Which part of a trace is read.
struct TraceSelection {
  std::uint64_t limit = 0;         ///< events; 0 for all
  std::vector<std::string> tasks;  ///< names, as patterns; empty for all
};

/// Reads it all. Throws ConfigError, with file and line, for what is no trace, what is a broken
/// one, and what holds nothing to replay.
Trace read_trace(TextSource& source, const TraceSelection& selection = {});

}  // namespace brink
