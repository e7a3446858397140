// Suggestions: near misses are met, strangers are not, and the choice does not depend on chance.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "brink/params.hpp"

namespace brink {
namespace {

const std::vector<std::string> keys = {"retries", "counts", "orders", "gfp", "sites", "B", "KiB"};

TEST(DidYouMean, FindsNearMisses) {
  EXPECT_EQ(did_you_mean("retires", keys), "retries");
  EXPECT_EQ(did_you_mean("retrys", keys), "retries");
  EXPECT_EQ(did_you_mean("RETRIES", keys), "retries");
  EXPECT_EQ(did_you_mean("count", keys), "counts");
  EXPECT_EQ(did_you_mean("odrers", keys), "orders");
  EXPECT_EQ(did_you_mean("gpf", keys), "gfp");
  EXPECT_EQ(did_you_mean("bounded-retry", {"badness", "bounded_retry"}), "bounded_retry");
}

TEST(DidYouMean, KeepsSilentAboutStrangers) {
  EXPECT_EQ(did_you_mean("zone", keys), "");
  EXPECT_EQ(did_you_mean("x", keys), "");
  EXPECT_EQ(did_you_mean("", keys), "");
  EXPECT_EQ(did_you_mean("retries", {}), "");
  EXPECT_EQ(did_you_mean("retries_of_the_allocator", keys), "");
}

TEST(DidYouMean, CountsASwapAsOneEdit) {
  // "ba" is one swap from "ab" and would be two replacements, which is too far.
  EXPECT_EQ(did_you_mean("badd", {"abdd"}), "abdd");
  EXPECT_EQ(did_you_mean("baaa", {"cdaa"}), "");
}

TEST(DidYouMean, PrefersTheNearestThenTheMoreAlikeThenTheFirst) {
  EXPECT_EQ(did_you_mean("counts", {"count", "counts"}), "counts");
  EXPECT_EQ(did_you_mean("KB", keys), "KiB") << "not B, which is as near";
  EXPECT_EQ(did_you_mean("fail_nt", {"fail_nta", "fail_nth"}), "fail_nta");
}

RC_GTEST_PROP(DidYouMean, UndoesOneLetterDropped, ()) {
  const std::string key =
      *rc::gen::elementOf(std::vector<std::string>{"retries", "counts", "sites"});
  const std::size_t gone = *rc::gen::inRange<std::size_t>(0, key.size());
  RC_ASSERT(did_you_mean(std::string(key).erase(gone, 1), keys) == key);
}

}  // namespace
}  // namespace brink
