// Adding up runs, and the interval of a rate.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

// Newcombe (1998), Statistics in Medicine 17, table I, method 3 (score), to four places.
TEST(Wilson, GivesPublishedValues) {
  struct Row {
    std::uint64_t k, n;
    double low, high;
  };
  for (const Row& row : {Row{81, 263, 0.2553, 0.3662}, Row{15, 148, 0.0624, 0.1605},
                         Row{0, 20, 0.0, 0.1611}, Row{1, 29, 0.0061, 0.1718}}) {
    const Rate rate = wilson(row.k, row.n);
    EXPECT_NEAR(rate.low, row.low, 5e-5) << row.k << "/" << row.n;
    EXPECT_NEAR(rate.high, row.high, 5e-5) << row.k << "/" << row.n;
  }
}

TEST(Wilson, KnowsNothingOfNoRuns) {
  EXPECT_EQ(wilson(0, 0).low, 0.0);
  EXPECT_EQ(wilson(0, 0).high, 1.0);
}

RC_GTEST_PROP(Wilson, HoldsTheRateWithinNoughtAndOne, ()) {
  const auto n = *rc::gen::inRange<std::uint64_t>(1, 100'000);
  const auto k = *rc::gen::inRange<std::uint64_t>(0, n + 1);
  const Rate rate = wilson(k, n);
  const double share = static_cast<double>(k) / static_cast<double>(n);
  RC_ASSERT(0.0 <= rate.low && rate.low <= share);
  RC_ASSERT(share <= rate.high && rate.high <= 1.0);
  RC_ASSERT(k > 0 || rate.low == 0.0);
  RC_ASSERT(k < n || rate.high == 1.0);
}

PointStatistics point_of(std::initializer_list<std::uint64_t> seeds, std::int64_t retries) {
  const Experiment experiment = load_text(small_file());
  PointStatistics point({});
  for (const std::uint64_t seed : seeds) {
    Outcome outcome = small_run(sweep_spec(experiment, retries == 0 ? 0 : 1, seed - 1, ""));
    outcome.run_id = "run " + std::to_string(seed);
    outcome.faults = {{10, 4, 1}};
    outcome.reactions = {{"mkdir", 12, Reaction::retried, 2}};
    point.add(outcome);
  }
  return point;
}

TEST(Statistics, CountWhatRunsCameTo) {
  const PointResult result = point_of({1, 2, 5}, -1).result();
  EXPECT_EQ(result.runs, 3u);
  EXPECT_EQ(result.lockups, 2u);
  EXPECT_EQ(result.lockups_proved, 2u);
  EXPECT_EQ(result.lockups_unattributed, 1u);
  EXPECT_EQ(result.lockups_by_site.at("ext4.jbd2.frozen_copy"), 1u);
  EXPECT_EQ(result.verdicts[static_cast<std::size_t>(Verdict::completed)], 1u);
  EXPECT_EQ(result.first.at("memory_deadlock"), "run 1");
  EXPECT_EQ(result.first.at("completed"), "run 5");
  EXPECT_EQ(result.page_touches, (std::vector<std::uint64_t>{1000, 2000, 5000}));
  EXPECT_EQ(result.virtual_ms, (std::vector<std::uint64_t>{101, 102, 105}));
  EXPECT_EQ(result.faults.at(0).filtered, 12u);
  EXPECT_EQ(result.reactions.at({"mkdir", "ENOMEM"})[1], 6u);
  EXPECT_NEAR(result.lockup_rate.low, wilson(2, 3).low, 1e-12);
}

TEST(Statistics, CountErrnosByNameAndFatesBySite) {
  const PointResult result = point_of({1, 2, 5}, 0).result();
  EXPECT_EQ(result.errnos.at("mkdir").at("ENOMEM"), 8u);
  EXPECT_EQ(result.errnos.at("mkdir").at("0"), 300u);
  EXPECT_EQ(result.enomem_syscalls, 8u);
  EXPECT_EQ(result.enomem[static_cast<std::size_t>(Cause::give_up)], 8u);
  EXPECT_EQ(result.enomem_refusable, 3u);
  EXPECT_EQ(result.fates.at("ext4.inode.alloc")[static_cast<std::size_t>(Fate::returned)], 8u);
}

TEST(Statistics, TheHashHangsOnEveryRunAndOnTheirOrder) {
  const std::uint64_t hash = point_of({1, 2, 3}, 0).result().trace_hash;
  EXPECT_EQ(point_of({1, 2, 3}, 0).result().trace_hash, hash);
  EXPECT_NE(point_of({1, 3, 2}, 0).result().trace_hash, hash);
  EXPECT_NE(point_of({1, 2}, 0).result().trace_hash, hash);
  EXPECT_NE(point_of({1, 2, 4}, 0).result().trace_hash, hash);
}

TEST(Statistics, QuantilesAreValuesThatCame) {
  const std::map<std::uint64_t, std::uint64_t> values = {{1, 1}, {5, 2}, {9, 1}};
  EXPECT_EQ(quantile(values, 0), 1u);
  EXPECT_EQ(quantile(values, 0.25), 1u);
  EXPECT_EQ(quantile(values, 0.26), 5u);
  EXPECT_EQ(quantile(values, 0.75), 5u);
  EXPECT_EQ(quantile(values, 1), 9u);
  EXPECT_EQ(quantile({}, 0.5), 0u);
}

}  // namespace
}  // namespace brink
