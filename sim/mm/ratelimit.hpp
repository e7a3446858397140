// How many lines of a kind the kernel's log takes (lib/ratelimit.c, Linux 4.0). Left out: the line
// that says how many were suppressed.
#pragma once

#include <algorithm>
#include <cstdint>

#include "brink/units.hpp"

namespace brink {

class Ratelimit {
 public:
  static constexpr Nanos interval = 5 * seconds;  ///< DEFAULT_RATELIMIT_INTERVAL
  static constexpr std::uint64_t burst = 10;      ///< DEFAULT_RATELIMIT_BURST

  /// So many lines are wanted now: how many are printed.
  std::uint64_t allow(Nanos now, std::uint64_t wanted) {
    if (now > begin_ + interval) {
      begin_ = now;
      printed_ = 0;
    }
    const std::uint64_t allowed = std::min(wanted, burst - printed_);
    printed_ += allowed;
    return allowed;
  }

 private:
  Nanos begin_ = 0;
  std::uint64_t printed_ = 0;
};

}  // namespace brink
