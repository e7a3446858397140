// The factories of the policies that come with brink, one for each file of this folder and those
// below. registry.cpp lists them by name.
#pragma once

#include <memory>

#include "brink/policy.hpp"

namespace brink {

std::unique_ptr<AllocPolicy> make_bounded_retry(Params& params);
std::unique_ptr<AllocPolicy> make_linux_2_6_alloc(Params& params);
std::unique_ptr<AllocPolicy> make_linux_6_1_alloc(Params& params);
std::unique_ptr<OomPolicy> make_badness(Params& params);
std::unique_ptr<OomPolicy> make_linux_2_6_oom(Params& params);
std::unique_ptr<OomPolicy> make_linux_6_1_oom(Params& params);
std::unique_ptr<OomPolicy> make_lock_aware(Params& params);
std::unique_ptr<OomPolicy> make_oldest(Params& params);
std::unique_ptr<OomPolicy> make_largest(Params& params);
std::unique_ptr<OomPolicy> make_panic_on_oom(Params& params);
std::unique_ptr<OomPolicy> make_no_oom_killer(Params& params);
std::unique_ptr<ReclaimPolicy> make_linux_2_6_reclaim(Params& params);
std::unique_ptr<ReclaimPolicy> make_linux_4_0_reclaim(Params& params);

}  // namespace brink
