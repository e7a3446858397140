// [expect]: the shorthand, what is vacuous, and mistakes at their place inside of a string.

#include "experiment/expect.hpp"

#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

ExperimentResult run(const std::string& lines) {
  const Experiment experiment = load_text(expecting(lines));
  SweepOptions options;
  options.run = small_run;
  options.jobs = 1;
  return run_sweep(experiment, options);
}

/// The small world: retries = -1 locks up in 8 of 10 runs, 4 of them attributed; retries = 0
/// returns ENOMEM 55 times and never locks up.
Expectation only(const std::string& lines) {
  const ExperimentResult result = run(lines);
  EXPECT_EQ(result.expectations.size(), 1u) << lines;
  return result.expectations.at(0);
}

TEST(Expect, ConditionsAreJudgedOverTheirPoints) {
  EXPECT_TRUE(only("\"retries = -1\" = 'lockups = 8 and enomem = 0'").ok);
  EXPECT_TRUE(only("\"retries = 0\" = 'lockups = 0 and enomem = 55'").ok);
  EXPECT_TRUE(only("all = 'runs = 20 and lockups_unattributed = 4'").ok);
  const Expectation wrong = only("\"retries = 0\" = 'lockups > 0'");
  EXPECT_FALSE(wrong.ok);
  EXPECT_EQ(wrong.where, "retries = 0");
  EXPECT_EQ(wrong.says, "lockups > 0");
  EXPECT_EQ(wrong.found, "0");
}

TEST(Expect, TheShorthandSaysTheSame) {
  const ExperimentResult result =
      run("\"retries = -1\" = { lockups = '> 0', enomem_give_up = 0, \"mean(oom_kills)\" = '<= 1', "
          "lockups_proved = 'lockups' }");
  ASSERT_EQ(result.expectations.size(), 4u);
  for (const Expectation& line : result.expectations) EXPECT_TRUE(line.ok) << line.says;
  EXPECT_EQ(result.expectations[0].says, "lockups > 0");
  EXPECT_EQ(result.expectations[1].says, "enomem_give_up = 0");
  EXPECT_FALSE(only("all = { lockups = 7 }").ok);
  EXPECT_EQ(only("all = { lockups = 7 }").found, "8");
}

TEST(Expect, RatiosCompareWithAnotherPoint) {
  EXPECT_TRUE(only("\"retries = 0\" = { lockup_ratio_to = 'retries = -1', below = 1.0 }").ok);
  EXPECT_FALSE(only("\"retries = 0\" = { lockup_ratio_to = 'retries = -1', above = 0.1 }").ok);
  EXPECT_TRUE(only("\"retries = 0\" = { lockups_ratio_to = 'retries = -1', apart = true }").ok);
  EXPECT_FALSE(only("\"retries = -1\" = { lockups_ratio_to = 'retries = 0', apart = true }").ok);
  const ExperimentResult larger =
      run("\"retries = 0\" = { oom_kills_ratio_to = 'retries = -1', above = 0.99, below = 1.01 }");
  EXPECT_TRUE(larger.expectations.at(0).ok);
  EXPECT_TRUE(larger.expectations.at(1).ok);
  // No lockups at retries = 0: the ratio is undefined and does not hold.
  const Expectation undefined =
      only("\"retries = -1\" = { lockup_ratio_to = 'retries = 0', below = 9.0 }");
  EXPECT_FALSE(undefined.ok);
  EXPECT_FALSE(undefined.vacuous);
}

TEST(Expect, ApartWithAboveAsksForTheLargerOne) {
  const ExperimentResult result =
      run("\"retries = -1\" = { lockup_ratio_to = 'retries = 0', apart = true, above = 0 }");
  ASSERT_EQ(result.expectations.size(), 2u);
  EXPECT_FALSE(result.expectations[0].ok);  // 0.8 / 0.
  EXPECT_TRUE(result.expectations[1].ok) << result.expectations[1].found;
}

TEST(Expect, WhatSpeaksOfNoRunsIsWarnedOfAndFails) {
  const std::string line = "\"retries = 7\" = { lockups = 0 }";
  const Expectation vacuous = only(line);
  EXPECT_FALSE(vacuous.ok);
  EXPECT_TRUE(vacuous.vacuous);
  const Experiment experiment = load_text(expecting(line));
  ASSERT_EQ(experiment.warnings.size(), 1u);
  EXPECT_EQ(experiment.warnings[0],
            "x.toml:14:19: warning: no point of the sweep fits \"retries = 7\": \"lockups = 0\" "
            "speaks of no runs and will not hold");
}

TEST(Expect, MayBeEmptyIfItSaysSo) {
  const std::string line = "\"retries = 7\" = { lockups = 0, may_be_empty = true }";
  EXPECT_TRUE(only(line).ok);
  EXPECT_TRUE(load_text(expecting(line)).warnings.empty());
}

TEST(Expect, AskingAfterAnUnknownSystemCallIsWarnedOf) {
  const ExperimentResult result = run("all = 'errno.mkdri.ENOMEM = 0'");
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_EQ(result.warnings[0],
            "x.toml:14:7: warning: no run returned from a system call \"mkdri\"; did you mean "
            "\"mkdir\"?");
}

TEST(Expect, MistakesHaveTheirPlaceInsideOfTheString) {
  EXPECT_EQ(error_of(expecting("all = 'lockups > 0 and lockup > 1'")),
            "x.toml:14:24: error: unknown metric \"lockup\"; did you mean \"lockups\"?; `brink "
            "list metrics` lists them, in \"lockups > 0 and lockup > 1\"");
  EXPECT_EQ(error_of(expecting("\"retris = -1\" = 'lockups > 0'")),
            "x.toml:14:2: error: no axis of the sweep is called \"retris\"; did you mean "
            "\"retries\"?, in \"retris = -1\"");
  EXPECT_EQ(error_of(expecting("all = { lockups = '> ' }")),
            "x.toml:14:22: error: expected a number, a metric or \"(\", in \"> \"");
  EXPECT_EQ(error_of(expecting("all = { locks = 0 }")).substr(0, 14), "x.toml:14:9: e");
  EXPECT_EQ(error_of(expecting("all = { lockups = true }")),
            "x.toml:14:19: error: expect: \"lockups\": expected a number, or a comparison as \"> "
            "0\", found a boolean");
  EXPECT_EQ(error_of(expecting("all = { virtual_time = 5 }")).substr(0, 15), "x.toml:14:24: e");
  EXPECT_EQ(error_of(expecting("all = ['lockups > 0', 3]")).substr(0, 15), "x.toml:14:23: e");
}

TEST(Expect, OptionsStandBesideWhatTheyBelongTo) {
  EXPECT_EQ(error_of(expecting("all = { below = 1 }")),
            "x.toml:14:9: error: \"below\" belongs to a METRIC_ratio_to");
  EXPECT_EQ(error_of(expecting("all = { lockup_ratio_to = 'retries = 0' }")),
            "x.toml:14:9: error: \"lockup_ratio_to\" needs one of below = NUMBER, above = NUMBER, "
            "apart = true beside it");
  EXPECT_EQ(error_of(expecting("all = { enomem_ratio_to = 'retries = 0', apart = true }")),
            "x.toml:14:42: error: apart is for what a run is or is not: counts have no interval");
}

TEST(Expect, MistakesInMultilineStringsHaveTheirLine) {
  EXPECT_EQ(error_of(expecting("all = '''\nlockups > 0\nand lockup > 1'''")).substr(0, 14),
            "x.toml:16:5: e");
}

}  // namespace
}  // namespace brink
