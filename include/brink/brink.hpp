// Everything that brink offers to code outside of it.
#pragma once

#include "brink/assert.hpp"
#include "brink/costs.hpp"
#include "brink/gfp.hpp"
#include "brink/hook.hpp"
#include "brink/machine.hpp"
#include "brink/outcome.hpp"
#include "brink/params.hpp"
#include "brink/policy.hpp"
#include "brink/program.hpp"
#include "brink/random.hpp"
#include "brink/results.hpp"
#include "brink/rules.hpp"
#include "brink/scheduling.hpp"
#include "brink/sites.hpp"
#include "brink/syscall.hpp"
#include "brink/units.hpp"
