// The frame that raw ftrace, `trace-cmd report` and `perf script` put around each event: who,
// where, when, which. One tolerant grammar reads all three, of any kernel:
//
//   COMM-TID [CPU] FLAGS TIME: EVENT: FIELDS         ftrace, with or without (TGID) before [CPU]
//   COMM-TID [CPU] TIME: EVENT: FIELDS               trace-cmd report
//   COMM PID/TID [CPU] TIME: SYSTEM:EVENT: FIELDS    perf script
#pragma once

#include <cstdint>
#include <string_view>

#include "brink/units.hpp"

namespace brink {

struct TraceLine {
  std::string_view comm;  ///< may contain spaces, `-` and `:`
  std::uint32_t tid = 0;
  std::uint32_t cpu = 0;
  bool interrupt = false;  ///< in a hard or soft interrupt, where the format tells
  Nanos time = 0;
  std::string_view event;  ///< without the system's name
  std::string_view fields;
};

/// What a line is.
enum class LineKind : std::uint8_t {
  event,
  remark,   ///< a comment, a header, a stack frame, or blank
  lost,     ///< the recorder says that it lost events here
  foreign,  ///< nothing that any of the formats prints
};

LineKind read_line(std::string_view text, TraceLine& line);

/// Removes blanks from both ends.
std::string_view trimmed(std::string_view text);

}  // namespace brink
