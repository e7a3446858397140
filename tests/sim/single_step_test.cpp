// Bulk steps are only faster: page by page, a run has the same events and comes to the same.

#include <gtest/gtest.h>

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

TEST(SingleStep, MakesNoDifference) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    RunSpec spec = spec_of_file(complete_machine, seed);
    const Outcome bulk = run_machine(spec);
    spec.machine.single_step = true;
    const Outcome single = run_machine(spec);
    EXPECT_EQ(single.trace_hash, bulk.trace_hash) << "seed " << seed;
    EXPECT_EQ(single.verdict, bulk.verdict) << "seed " << seed;
    EXPECT_EQ(single.virtual_time, bulk.virtual_time) << "seed " << seed;
    EXPECT_EQ(single.counters.page_touches, bulk.counters.page_touches) << "seed " << seed;
  }
}

TEST(SingleStep, MakesNoDifferenceToOtherKernels) {
  for (const char* kernel : {"2.6.30", "2.6.32", "6.1"}) {
    std::string text = complete_machine;
    text.replace(text.find("4.0+knob"), 8, kernel);
    RunSpec spec = spec_of_file(text);
    const Outcome bulk = run_machine(spec);
    spec.machine.single_step = true;
    const Outcome single = run_machine(spec);
    EXPECT_EQ(single.trace_hash, bulk.trace_hash) << kernel;
    EXPECT_EQ(single.virtual_time, bulk.virtual_time) << kernel;
  }
}

/// Loops in company, with long rounds, and with lists that turn: bulk steps are what ends them in
/// time, and they are the same when every round that is skipped is made first to see.
TEST(SingleStep, MakesNoDifferenceToLockupsOfOtherKernels) {
  for (const char* kernel : {"2.6.30", "2.6.32", "6.1"}) {
    const Experiment experiment =
        load_experiment(BRINK_SOURCE_DIR "/configs/too-small-to-fail.toml",
                        {{std::string("machine.kernel=") + kernel}, {}}, builtin_registries());
    const std::size_t last = experiment.points.size() - 1;
    int proved = 0;
    for (std::uint64_t number = 0; number < 6 && proved == 0; ++number) {
      RunSpec spec = sweep_spec(experiment, last, number, "");
      const Outcome bulk = run_machine(spec);
      if (!is_proved(bulk.verdict) || bulk.counters.rounds < 100'000) continue;
      ++proved;
      // One by one, each of them would be forty choices and more.
      EXPECT_GT(bulk.counters.rounds * 20, bulk.counters.choices) << kernel;
      spec.machine.single_step = true;
      const Outcome single = run_machine(spec);
      EXPECT_EQ(single.trace_hash, bulk.trace_hash) << kernel;
      EXPECT_EQ(single.reason, bulk.reason) << kernel;
    }
    EXPECT_EQ(proved, 1) << kernel;
  }
}

TEST(SingleStep, MakesNoDifferenceToWhatShips) {
  for (const char* file : {"canary-must-lock-up", "too-small-to-fail"}) {
    const Experiment experiment = load_experiment(
        BRINK_SOURCE_DIR "/configs/" + std::string(file) + ".toml", {}, builtin_registries());
    const std::size_t last = experiment.points.size() - 1;
    RunSpec spec = sweep_spec(experiment, last, 0, "");
    const Outcome bulk = run_machine(spec);
    spec.machine.single_step = true;
    const Outcome single = run_machine(spec);
    EXPECT_EQ(single.trace_hash, bulk.trace_hash) << file;
    EXPECT_EQ(single.reason, bulk.reason) << file;
    EXPECT_GT(bulk.counters.rounds, 1'000u) << file;
  }
}

}  // namespace
}  // namespace brink
