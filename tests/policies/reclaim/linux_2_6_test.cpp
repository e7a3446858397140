// linux_2_6: the kernel's own answers, and those of each patch.

#include <gtest/gtest.h>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

TEST(Linux26Reclaim, WritesItselfAndLetsKswapdSleepAtOnce) {
  Params params;
  const auto policy = make_linux_2_6_reclaim(params);
  EXPECT_TRUE(policy->direct_reclaim_writes());
  EXPECT_EQ(policy->congestion_class(), CongestionClass::async);
  EXPECT_EQ(policy->kswapd_sleep(), KswapdSleep::at_once);
  EXPECT_EQ(policy->kswapd_naps_below(0), 10);
  EXPECT_EQ(policy->kswapd_naps_below(5), 10);
}

TEST(Linux26Reclaim, ThePatchesChangeOneAnswerEach) {
  Params params(
      {{"congestion", "both"}, {"kswapd_sleep", "second_look"}, {"kswapd_naps_by_order", true}},
      "");
  const auto policy = make_linux_2_6_reclaim(params);
  EXPECT_EQ(policy->congestion_class(), CongestionClass::both);
  EXPECT_EQ(policy->kswapd_sleep(), KswapdSleep::second_look);
  EXPECT_EQ(policy->kswapd_naps_below(0), 10);
  EXPECT_EQ(policy->kswapd_naps_below(5), 5);
  EXPECT_EQ(policy->kswapd_naps_below(10), 0) << "of 12 priorities, order 10 takes the last ten";
}

}  // namespace
}  // namespace brink
