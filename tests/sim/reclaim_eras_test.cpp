// Exhaustion in each kernel's reclaim: lockups are proved, and the same page by page.

#include <gtest/gtest.h>

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// The shape DL1: one makes directories, others look names up there and are the victims.
std::string dl1(const std::string& kernel) {
  return "[machine]\nkernel = \"" + kernel + R"("
memory = "32 MiB"
[policy.alloc]
name = "bounded_retry"
retries = -1
[policy.oom]
name = "none"
[[mount]]
at = "/"
fs = "ext4"
[[task]]
program = "anon_hog"
count = 4
args = { maps = 4, size = "16 MiB", lookup = { path = "/srv/x", every = "256 KiB" } }
[[task]]
program = "mkdir_loop"
count = 2
args = { dir = "/srv" }
)";
}

class ReclaimEras : public testing::TestWithParam<const char*> {};

TEST(Reclaim, ExhaustionIsProvedAndNoLookAtPagesMakesADifference) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    RunSpec spec = spec_of_file(dl1("4.0"), seed);
    const Outcome outcome = run_machine(spec);
    EXPECT_EQ(outcome.verdict, Verdict::memory_deadlock) << seed << ": " << outcome.reason;
    EXPECT_LT(outcome.virtual_time, 300 * seconds);
    spec.machine.single_step = true;
    const Outcome visited = run_machine(spec);
    EXPECT_EQ(visited.trace_hash, outcome.trace_hash) << seed;
    EXPECT_EQ(visited.reason, outcome.reason);
    EXPECT_EQ(visited.counters.pages_scanned, outcome.counters.pages_scanned);
  }
}

TEST_P(ReclaimEras, EverythingThereIsComesToTheSamePageByPage) {
  RunSpec spec = spec_of_file(complete_machine);
  const std::string kernel = GetParam();
  for (const EraRow& era : eras()) {
    if (kernel == era.name) spec.rules = era.rules;
  }
  const Outcome bulk = run_machine(spec);
  spec.machine.single_step = true;
  const Outcome single = run_machine(spec);
  EXPECT_EQ(single.trace_hash, bulk.trace_hash);
  EXPECT_EQ(single.reason, bulk.reason);
}

INSTANTIATE_TEST_SUITE_P(Kernels, ReclaimEras,
                         testing::Values("2.6.30", "2.6.31", "2.6.32-rc6", "4.0", "6.1"),
                         [](const auto& one) {
                           std::string name = one.param;
                           for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace brink
