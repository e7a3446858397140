// [rules]: over the kernel's own, by name, and an axis like any other key.

#include "experiment/rules_reader.hpp"

#include <gtest/gtest.h>

namespace brink {
namespace {

TEST(RulesReader, ChangesWhatIsWrittenAndNothingElse) {
  Rules rules;
  rules.kcompactd = true;
  Params params({{"kswapd_wake", "entry"}, {"watermark_boost_factor", 15'000}}, "rules");
  read_rules(params, rules);
  EXPECT_EQ(rules.kswapd_wake, Rules::KswapdWake::entry);
  EXPECT_EQ(rules.watermark_boost_factor, 15'000u);
  EXPECT_TRUE(rules.kcompactd);
  EXPECT_EQ(rules.rights_test, Rules::RightsTest::round);
}

TEST(RulesReader, RefusesUnknownWordsAndKeys) {
  Rules rules;
  Params word({{"kswapd_wake", "sometimes"}}, "rules");
  EXPECT_THROW(read_rules(word, rules), ConfigError);
  Params key({{"kswapd_wakes", "entry"}}, "rules");
  EXPECT_THROW(read_rules(key, rules), ConfigError);
}

}  // namespace
}  // namespace brink
