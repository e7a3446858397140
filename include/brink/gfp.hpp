// What an allocation may do to find memory: the __GFP_* bits and their composites, by the kernel's
// own names (include/linux/gfp.h, Linux 4.0 and 6.1). One representation serves every era; bits
// that an era lacks are never set by its sites.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace brink {

/// A set of __GFP_* bits.
enum class Gfp : std::uint32_t {
  none = 0,
  dma = 1u << 0,
  highmem = 1u << 1,
  dma32 = 1u << 2,
  movable = 1u << 3,
  reclaimable = 1u << 4,
  high = 1u << 5,  ///< may dip into the reserve
  io = 1u << 6,    ///< may start physical I/O
  fs = 1u << 7,    ///< may call into the file system
  cold = 1u << 8,
  nowarn = 1u << 9,
  retry_mayfail = 1u << 10,  ///< __GFP_REPEAT before 4.13
  nofail = 1u << 11,
  noretry = 1u << 12,
  memalloc = 1u << 13,
  comp = 1u << 14,
  zero = 1u << 15,
  nomemalloc = 1u << 16,
  hardwall = 1u << 17,
  thisnode = 1u << 18,
  atomic = 1u << 19,          ///< __GFP_ATOMIC, 4.4 … 6.2
  direct_reclaim = 1u << 20,  ///< may sleep: __GFP_WAIT before 4.4
  kswapd_reclaim = 1u << 21,  ///< wakes kswapd: implied before 4.4 unless __GFP_NO_KSWAPD
  write = 1u << 22,           ///< the page will soon be dirty
  account = 1u << 23,
};

constexpr Gfp operator|(Gfp a, Gfp b) {
  return static_cast<Gfp>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr Gfp operator&(Gfp a, Gfp b) {
  return static_cast<Gfp>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
constexpr Gfp operator~(Gfp a) { return static_cast<Gfp>(~static_cast<std::uint32_t>(a)); }
constexpr bool has(Gfp set, Gfp bits) { return (set & bits) == bits; }
constexpr bool has_any(Gfp set, Gfp bits) { return (set & bits) != Gfp::none; }

inline constexpr Gfp GFP_ATOMIC = Gfp::high | Gfp::atomic | Gfp::kswapd_reclaim;
inline constexpr Gfp GFP_NOWAIT = Gfp::kswapd_reclaim;
inline constexpr Gfp GFP_NOIO = Gfp::direct_reclaim | Gfp::kswapd_reclaim;
inline constexpr Gfp GFP_NOFS = GFP_NOIO | Gfp::io;
inline constexpr Gfp GFP_KERNEL = GFP_NOFS | Gfp::fs;
inline constexpr Gfp GFP_USER = GFP_KERNEL | Gfp::hardwall;
inline constexpr Gfp GFP_HIGHUSER = GFP_USER | Gfp::highmem;
inline constexpr Gfp GFP_HIGHUSER_MOVABLE = GFP_HIGHUSER | Gfp::movable;

/// log2 of the pages of the largest request that the kernel calls cheap (PAGE_ALLOC_COSTLY_ORDER).
inline constexpr unsigned costly_order = 3;
/// The largest order of the buddy allocator (MAX_ORDER - 1, Linux ≤ 6.3).
inline constexpr unsigned max_order = 10;

/// The classes that policies select requests by: whether it may sleep, and what reclaim may do.
enum class GfpClass : std::uint8_t { nowait, atomic, noio, nofs, kernel };

constexpr GfpClass gfp_class(Gfp gfp) {
  if (!has(gfp, Gfp::direct_reclaim))
    return has(gfp, Gfp::high) ? GfpClass::atomic : GfpClass::nowait;
  if (!has(gfp, Gfp::io)) return GfpClass::noio;
  return has(gfp, Gfp::fs) ? GfpClass::kernel : GfpClass::nofs;
}

const char* name(GfpClass c);

/// As tracepoints of Linux 6.18 print it, composites first: `GFP_NOFS|__GFP_ZERO`; "none" for none.
std::string gfp_text(Gfp gfp);

/// Reads what a tracepoint or report of any era printed: flag names joined by `|`, a hexadecimal
/// number of 6.x, or `0xNUMBER(NAMES)`. Composites mean what they mean in 6.1 (later kernels'
/// GFP_NOWAIT includes __GFP_NOWARN, which is lost). A mask with names that only kernels before 4.4
/// used gets what was implied then: it wakes kswapd unless it says GFP_NO_KSWAPD. Names and numbers
/// that mean nothing to the model are skipped and, if `unknown` is given, listed there. False, and
/// `gfp` untouched, if the text is no mask at all.
bool parse_gfp(std::string_view text, Gfp& gfp, std::string* unknown = nullptr);

}  // namespace brink
