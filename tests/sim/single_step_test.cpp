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
