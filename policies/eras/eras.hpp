// The kernels that brink knows: what each one makes of the sites, and how its rules are set.
#pragma once

#include "brink/rules.hpp"

namespace brink {

/// Linux 4.0's masks and reactions; a site that is not built in gets GFP_KERNEL and propagates.
SiteRule linux_4_0_site(Site site);
/// Linux 4.0's behaviour where kernels differ.
Rules linux_4_0_rules();

}  // namespace brink
