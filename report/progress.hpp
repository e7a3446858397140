// How a sweep is getting on, on standard error.
#pragma once

#include <cstddef>
#include <string>

#include "brink/results.hpp"

namespace brink {

enum class ProgressMode : std::uint8_t {
  off,
  lines,  ///< a plain line now and then: logs, pipes, dumb terminals
  live,   ///< one line that is written over
};

/// What the environment says of the terminal. Absent variables are null.
struct Terminal {
  bool is_terminal = false;
  const char* term = nullptr;      ///< TERM
  const char* no_color = nullptr;  ///< NO_COLOR: set and not empty turns colour off
  std::size_t width = 80;
};

ProgressMode progress_mode(const Terminal& terminal, bool wanted);
bool wants_colour(const Terminal& terminal);

/// "412/1,000 runs  41 %  318/s  2 s left  completed 300  memory_deadlock 112"
std::string progress_text(const Progress& progress, double elapsed);

/// Says what to print, and when. Holds no clock: callers say how long the sweep has run.
class ProgressLine {
 public:
  ProgressLine(ProgressMode mode, std::size_t width) : mode_(mode), width_(width) {}

  /// What to write now, control characters included; often nothing. `last` ends the line.
  std::string update(const Progress& progress, double elapsed, bool last = false);

 private:
  std::string live(const Progress& progress, double elapsed, bool last) const;

  ProgressMode mode_;
  std::size_t width_;
  /// Plain lines come after 10 s, 20 s, 40 s …, at last every ten minutes, and only if there is
  /// something new to say.
  double next_line_ = 10;
  std::uint64_t said_ = 0;  ///< runs that the last plain line spoke of
};

}  // namespace brink
