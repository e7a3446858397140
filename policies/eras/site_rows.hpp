// Tables of what a kernel makes of each site, one row each, in any order.
#pragma once

#include <array>
#include <cstddef>

#include "brink/site_list.hpp"

namespace brink {

struct SiteRow {
  Site site;
  Gfp gfp;
  OnFailure on_failure;
  const char* function;
};

/// A kernel's rules by the number of the site. Each built-in site must have exactly one row, else
/// it is no constant expression.
template <std::size_t N>
constexpr std::array<SiteRule, N> rules_by_number(const SiteRow (&rows)[N]) {
  static_assert(N == site::builtin_count, "each built-in site has exactly one row");
  std::array<SiteRule, N> rules{};
  std::array<bool, N> seen{};
  for (const SiteRow& row : rows) {
    const auto number = static_cast<std::size_t>(row.site);
    if (seen[number]) throw "a site has two rows";
    seen[number] = true;
    rules[number] = {row.gfp, row.on_failure, row.function};
  }
  return rules;
}

/// Of a site that is not built in: GFP_KERNEL, and the error goes up.
template <std::size_t N>
constexpr SiteRule rule_of(const std::array<SiteRule, N>& rules, Site site) {
  const auto number = static_cast<std::size_t>(site);
  return number < N ? rules[number] : SiteRule{};
}

}  // namespace brink
