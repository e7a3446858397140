// The kernel's int_sqrt() (lib/int_sqrt.c).
#pragma once

#include <cstdint>

namespace brink {

/// The largest number whose square is at most `n`.
constexpr std::uint64_t isqrt(std::uint64_t n) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const std::uint64_t next = root | bit;
    if (next <= n / next) root = next;
  }
  return root;
}

}  // namespace brink
