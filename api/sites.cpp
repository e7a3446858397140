// The table of built-in sites, from the one list in brink/site_list.hpp.

#include <array>

#include "brink/site_list.hpp"

namespace brink {
namespace {

constexpr std::array<SiteInfo, site::builtin_count> sites = {{
#define BRINK_SITE_ROW(id, name, rows, object, cache) {name, rows, object, cache},
    BRINK_SITES(BRINK_SITE_ROW)
#undef BRINK_SITE_ROW
}};

}  // namespace

std::span<const SiteInfo> builtin_sites() { return sites; }

}  // namespace brink
