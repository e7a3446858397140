// GFP masks as text (include/trace/events/gfpflags.h up to Linux 4.5, mmflags.h since): printed in
// the order of Linux 6.18, read in every spelling from 2.6.3x to 6.18. Left out: the numbers that
// kernels before 4.6 printed in their reports, whose bits lie differently.

#include "brink/gfp.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace brink {
namespace {

struct Name {
  std::string_view text;
  Gfp bits;
};

constexpr Gfp reclaim_both = Gfp::direct_reclaim | Gfp::kswapd_reclaim;
constexpr Gfp transhuge_light =
    (GFP_HIGHUSER_MOVABLE | Gfp::comp | Gfp::nomemalloc | Gfp::nowarn) & ~reclaim_both;

/// The names of several bits, in the order in which __print_flags() tries them.
constexpr std::array composites = {
    Name{"GFP_TRANSHUGE", transhuge_light | Gfp::direct_reclaim},
    Name{"GFP_TRANSHUGE_LIGHT", transhuge_light},
    Name{"GFP_HIGHUSER_MOVABLE", GFP_HIGHUSER_MOVABLE},
    Name{"GFP_HIGHUSER", GFP_HIGHUSER},
    Name{"GFP_USER", GFP_USER},
    Name{"GFP_KERNEL_ACCOUNT", GFP_KERNEL | Gfp::account},
    Name{"GFP_KERNEL", GFP_KERNEL},
    Name{"GFP_NOFS", GFP_NOFS},
    Name{"GFP_ATOMIC", GFP_ATOMIC},
    Name{"GFP_NOIO", GFP_NOIO},
    Name{"GFP_NOWAIT", GFP_NOWAIT},
    Name{"GFP_DMA", Gfp::dma},
    Name{"GFP_DMA32", Gfp::dma32},
    Name{"__GFP_RECLAIM", reclaim_both},
};

/// Composites that are only read: 6.18 has no name for them.
constexpr std::array old_composites = {
    Name{"GFP_TEMPORARY", GFP_KERNEL | Gfp::reclaimable},
    Name{"GFP_IOFS", Gfp::io | Gfp::fs},
    Name{"none", Gfp::none},
};

/// Single bits without their `__GFP_`, in the order of 6.18's numbers.
constexpr std::array singles = {
    Name{"DMA", Gfp::dma},
    Name{"HIGHMEM", Gfp::highmem},
    Name{"DMA32", Gfp::dma32},
    Name{"MOVABLE", Gfp::movable},
    Name{"RECLAIMABLE", Gfp::reclaimable},
    Name{"HIGH", Gfp::high},
    Name{"IO", Gfp::io},
    Name{"FS", Gfp::fs},
    Name{"COLD", Gfp::cold},
    Name{"ZERO", Gfp::zero},
    Name{"ATOMIC", Gfp::atomic},
    Name{"DIRECT_RECLAIM", Gfp::direct_reclaim},
    Name{"KSWAPD_RECLAIM", Gfp::kswapd_reclaim},
    Name{"WRITE", Gfp::write},
    Name{"NOWARN", Gfp::nowarn},
    Name{"RETRY_MAYFAIL", Gfp::retry_mayfail},
    Name{"NOFAIL", Gfp::nofail},
    Name{"NORETRY", Gfp::noretry},
    Name{"MEMALLOC", Gfp::memalloc},
    Name{"COMP", Gfp::comp},
    Name{"NOMEMALLOC", Gfp::nomemalloc},
    Name{"HARDWALL", Gfp::hardwall},
    Name{"THISNODE", Gfp::thisnode},
    Name{"ACCOUNT", Gfp::account},
};

/// Single bits of kernels before 4.4 (WAIT) and 4.13 (REPEAT).
constexpr std::array old_singles = {
    Name{"WAIT", Gfp::direct_reclaim},
    Name{"REPEAT", Gfp::retry_mayfail},
};

struct Number {
  std::uint32_t bit;
  Gfp bits;
};

/// The numbers of 6.x (include/linux/gfp_types.h), bit 0 first. 0x200 is __GFP_ATOMIC up to 6.2 and
/// unused later.
constexpr std::array numbers_6 = {
    Gfp::dma,
    Gfp::highmem,
    Gfp::dma32,
    Gfp::movable,
    Gfp::reclaimable,
    Gfp::high,
    Gfp::io,
    Gfp::fs,
    Gfp::zero,
    Gfp::atomic,
    Gfp::direct_reclaim,
    Gfp::kswapd_reclaim,
    Gfp::write,
    Gfp::nowarn,
    Gfp::retry_mayfail,
    Gfp::nofail,
    Gfp::noretry,
    Gfp::memalloc,
    Gfp::comp,
    Gfp::nomemalloc,
    Gfp::hardwall,
    Gfp::thisnode,
    Gfp::account,
};

/// What kernels before 4.6 had no name for and printed as a number after the names.
constexpr std::array nameless_4 = {
    Number{0x1, Gfp::dma}, Number{0x2, Gfp::highmem},     Number{0x4, Gfp::dma32},
    Number{0x80, Gfp::fs}, Number{0x1000000, Gfp::write},
};

template <class Names>
std::optional<Gfp> find(const Names& names, std::string_view text) {
  for (const Name& name : names) {
    if (name.text == text) return name.bits;
  }
  return std::nullopt;
}

void append(std::string& list, std::string_view prefix, std::string_view name) {
  if (!list.empty()) list += '|';
  list.append(prefix).append(name);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A mask while it is read. What a kernel before 4.4 left unsaid can be told only at the end.
class Mask {
 public:
  /// False if `token` is neither a flag's name nor a number.
  bool read(std::string_view token) {
    if (token.starts_with("0x")) return read_number(token.substr(2));
    if (const auto bits = find(composites, token)) return add(*bits, token);
    if (const auto bits = find(old_composites, token)) return add(*bits, token);
    const bool dashes = token.starts_with("__GFP_");
    if (!dashes && !token.starts_with("GFP_")) return false;
    const std::string_view name = token.substr(dashes ? 6 : 4);
    // Without underscores, single bits were printed up to 4.5; reclaim bits are of 4.4 and later.
    if (name == "WAIT" || name == "NO_KSWAPD") before_4_4_ = true;
    if (name.ends_with("_RECLAIM")) since_4_4_ = true;
    if (name == "NO_KSWAPD") no_kswapd_ = true;
    if (name == "NO_KSWAPD") return true;
    auto bits = find(singles, name);
    if (!bits) bits = find(old_singles, name);
    if (bits && !dashes) bare_ = true;
    if (bits) return add(*bits, token);
    return skip(token, name);
  }

  Gfp value() const {
    const bool old = before_4_4_ || (bare_ && !since_4_4_);
    Gfp bits = bits_;
    for (const Number& number : nameless_4) {
      if (bare_ && (numbers_ & number.bit) != 0) bits = bits | number.bits;
    }
    for (std::size_t i = 0; i < numbers_6.size(); ++i) {
      if (!bare_ && (numbers_ >> i & 1) != 0) bits = bits | numbers_6[i];
    }
    // Before 4.4 every request woke kswapd unless it said otherwise, and a huge page did not.
    if (old) bits = bits | Gfp::kswapd_reclaim;
    if (old && transhuge_) bits = bits | Gfp::noretry;
    if (no_kswapd_ || (old && transhuge_)) bits = bits & ~Gfp::kswapd_reclaim;
    return bits;
  }

  /// What means nothing to the model, joined by `|`.
  std::string unknown() const {
    std::uint32_t known = bare_ ? 0 : (1u << numbers_6.size()) - 1;
    for (const Number& number : nameless_4) known |= bare_ ? number.bit : 0;
    std::string list = unknown_;
    if (const std::uint32_t rest = numbers_ & ~known; rest != 0) {
      std::array<char, 8> digits;
      const auto end = std::to_chars(digits.begin(), digits.end(), rest, 16).ptr;
      append(list, "0x",
             std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    }
    return list;
  }

 private:
  bool add(Gfp bits, std::string_view token) {
    bits_ = bits_ | bits;
    if (token == "GFP_TRANSHUGE") transhuge_ = true;
    return true;
  }

  bool read_number(std::string_view digits) {
    std::uint32_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [last, error] = std::from_chars(digits.data(), end, number, 16);
    if (error != std::errc() || last != end) return false;
    numbers_ |= number;
    return true;
  }

  bool skip(std::string_view token, std::string_view name) {
    if (name.empty() ||
        name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != std::string_view::npos) {
      return false;
    }
    append(unknown_, "", token);
    return true;
  }

  Gfp bits_ = Gfp::none;
  std::uint32_t numbers_ = 0;
  std::string unknown_;
  bool bare_ = false;        ///< a single bit without underscores
  bool before_4_4_ = false;  ///< a name that 4.4 removed
  bool since_4_4_ = false;   ///< a name that 4.4 added
  bool no_kswapd_ = false;
  bool transhuge_ = false;
};

}  // namespace

const char* name(GfpClass c) {
  switch (c) {
    case GfpClass::nowait: return "nowait";
    case GfpClass::atomic: return "atomic";
    case GfpClass::noio: return "noio";
    case GfpClass::nofs: return "nofs";
    case GfpClass::kernel: return "kernel";
  }
  return "?";
}

std::string gfp_text(Gfp gfp) {
  if (gfp == Gfp::none) return "none";
  std::string text;
  Gfp rest = gfp;
  for (const Name& composite : composites) {
    if (!has(rest, composite.bits)) continue;
    append(text, "", composite.text);
    rest = rest & ~composite.bits;
  }
  for (const Name& single : singles) {
    if (has(rest, single.bits)) append(text, "__GFP_", single.text);
  }
  return text;
}

bool parse_gfp(std::string_view text, Gfp& gfp, std::string* unknown) {
  text = trimmed(text);
  // Reports of 4.6 and later print a number and, in brackets, its names.
  const std::size_t open = text.find('(');
  if (open != std::string_view::npos && text.back() == ')') {
    text = text.substr(open + 1, text.size() - open - 2);
  }
  Mask mask;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('|', begin), text.size());
    if (!mask.read(trimmed(text.substr(begin, end - begin)))) return false;
    begin = end + 1;
  }
  gfp = mask.value();
  if (unknown != nullptr) *unknown = mask.unknown();
  return true;
}

}  // namespace brink
