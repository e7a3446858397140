// Rights of one attempt to take a page (ALLOC_*, mm/internal.h, Linux 4.0 and 6.1). Left out:
// ALLOC_CPUSET, ALLOC_CMA, ALLOC_FAIR; which mark is tested is a parameter of its own.
#pragma once

#include <cstdint>

namespace brink {

enum AllocFlag : std::uint8_t {
  ALLOC_HIGH = 1u << 0,           ///< half of the mark (6.1: ALLOC_MIN_RESERVE)
  ALLOC_HARDER = 1u << 1,         ///< a quarter less
  ALLOC_OOM = 1u << 2,            ///< a victim's half of what is left (4.14)
  ALLOC_NO_WATERMARKS = 1u << 3,  ///< the whole reserve
  ALLOC_NON_BLOCK = 1u << 4,      ///< cannot sleep: may use the high-order reserve as a last resort
  ALLOC_HIGHATOMIC = 1u << 5,     ///< the high-order reserve is for such requests
  ALLOC_NOFRAGMENT = 1u << 6,     ///< does not break into pageblocks of other types
};

/// With any of these a request may count on the high-order reserve (ALLOC_RESERVES).
inline constexpr unsigned alloc_reserves =
    ALLOC_HIGH | ALLOC_HARDER | ALLOC_OOM | ALLOC_NON_BLOCK | ALLOC_HIGHATOMIC;

}  // namespace brink
