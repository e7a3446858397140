// linux_4_0: its two answers and their defaults.

#include <gtest/gtest.h>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

TEST(Linux40Reclaim, LeavesDirtyFilePagesToKswapdUnlessToldOtherwise) {
  Params params;
  const auto policy = make_linux_4_0_reclaim(params);
  EXPECT_EQ(policy->swappiness(), 60u);
  EXPECT_FALSE(policy->direct_reclaim_writes());
  Params set({{"swappiness", 0}, {"direct_reclaim_writes", true}}, "");
  const auto other = make_linux_4_0_reclaim(set);
  EXPECT_EQ(other->swappiness(), 0u);
  EXPECT_TRUE(other->direct_reclaim_writes());
  Params wrong({{"swappiness", 201}}, "");
  EXPECT_THROW(make_linux_4_0_reclaim(wrong), ConfigError);
}

}  // namespace
}  // namespace brink
