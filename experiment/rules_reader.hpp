// The [rules] of an experiment: what it sets otherwise than its kernel does.
#pragma once

#include "brink/rules.hpp"

namespace brink {

/// Reads [rules] over those of the kernel. Throws ConfigError.
void read_rules(Params& params, Rules& rules);

}  // namespace brink
