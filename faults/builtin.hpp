// The factories of the faults that come with brink, one for each file of this folder. registry.cpp
// lists them by name.
#pragma once

#include <memory>

#include "brink/hook.hpp"

namespace brink {

std::unique_ptr<Fault> make_fail_nth(Params& params, Random random);
std::unique_ptr<Fault> make_fail_page_alloc(Params& params, Random random);
std::unique_ptr<Fault> make_failslab(Params& params, Random random);
std::unique_ptr<Fault> make_lock_dependency(Params& params, Random random);

}  // namespace brink
