// Mel Gorman's first two patches of November 2009 on whole machines under load: the first one
// changes when kswapd is woken, the second one nothing at all.

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

Outcome run(const std::string& kernel, std::uint64_t seed) {
  std::string file = complete_machine;
  const std::string written = "kernel = \"4.0+knob\"";
  file.replace(file.find(written), written.size(), "kernel = \"" + kernel + "\"");
  return run_machine(spec_of_file(file, seed));
}

TEST(MelPatches, TheSecondChangesNoEventUnderLoad) {
  for (const std::string base : {"2.6.31", "2.6.32-rc6"}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const Outcome one = run(base + "+1", seed);
      const Outcome both = run(base + "+1+2", seed);
      EXPECT_EQ(one.trace_hash, both.trace_hash) << base << " " << seed;
      EXPECT_EQ(one.counters.choices, both.counters.choices);
      EXPECT_GT(one.counters.slow_path, 100u);
    }
  }
}

TEST(MelPatches, TheFirstWakesKswapdMoreOftenForTheSameLoad) {
  std::uint64_t vanilla = 0, patched = 0, differ = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Outcome before = run("2.6.31", seed);
    const Outcome after = run("2.6.31+1", seed);
    // Once a request: that is what the rule says.
    EXPECT_LE(before.counters.kswapd_wakes, before.counters.slow_path);
    vanilla += before.counters.kswapd_wakes - before.counters.slow_path;
    patched += after.counters.kswapd_wakes - after.counters.slow_path;
    if (before.trace_hash != after.trace_hash) ++differ;
  }
  EXPECT_GT(static_cast<std::int64_t>(patched), static_cast<std::int64_t>(vanilla));
  EXPECT_GT(differ, 0u);
}

}  // namespace
}  // namespace brink
