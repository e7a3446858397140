// [rules]: over the kernel's own, by name, and an axis like any other key.

#include "experiment/rules_reader.hpp"

#include "tests/experiment/small_world.hpp"

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

TEST(RulesReader, ARuleCanBeAnAxis) {
  const Experiment experiment = load_text(small_file() + "[rules]\nworker_naps = false\n",
                                          {{"sweep.\"rules.worker_naps\"=[false, true]"}, {}});
  ASSERT_EQ(experiment.points.size(), 4u);
  EXPECT_FALSE(sweep_spec(experiment, 0, 0, "").rules.worker_naps);
  EXPECT_TRUE(sweep_spec(experiment, 1, 0, "").rules.worker_naps);
}

}  // namespace
}  // namespace brink
