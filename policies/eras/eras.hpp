// The kernels that brink knows: what each one makes of the sites, and how its rules are set.
#pragma once

#include <string_view>

#include "brink/rules.hpp"

namespace brink {

/// Linux 4.0's masks and reactions; a site that is not built in gets GFP_KERNEL and propagates.
SiteRule linux_4_0_site(Site site);
/// Linux 4.0's behaviour where kernels differ.
Rules linux_4_0_rules();
/// Its slab caches by name; null for one that it does not have, or that the model does not use.
const SlabSpec* linux_4_0_slab(std::string_view name);

/// The same of Linux 6.1, and how SLUB behaves there.
const SlabSpec* linux_6_1_slab(std::string_view name);
SlabRules linux_6_1_slab_rules();

}  // namespace brink
