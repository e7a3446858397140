// The kernels that brink knows: what each one makes of the sites, and how its rules are set.
#pragma once

#include <string_view>

#include "brink/rules.hpp"

namespace brink {

/// Linux 4.0's masks and reactions; a site that is not built in gets GFP_KERNEL and propagates.
SiteRule linux_4_0_site(Site site);
/// What Linux 2.6.30 to 2.6.32 and Linux 6.1 make of the same sites.
SiteRule linux_2_6_site(Site site);
SiteRule linux_6_1_site(Site site);

/// Where kernels differ; those of Linux 4.0 are the initial ones.
Rules linux_2_6_30_rules();
Rules linux_2_6_31_rules();
Rules linux_2_6_32_rc6_rules();
Rules linux_6_1_rules();

/// Linux 4.0's slab caches by name; null for one that it does not have, or that the model does not
/// use.
const SlabSpec* linux_4_0_slab(std::string_view name);
/// The same of Linux 6.1, and how SLUB behaves there.
const SlabSpec* linux_6_1_slab(std::string_view name);
SlabRules linux_6_1_slab_rules();

}  // namespace brink
