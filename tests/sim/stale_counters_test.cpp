// A worker that never sleeps, and counters that are therefore never brought up to date: everybody
// hears of progress, and nobody kills (373ccbe59270). What takes any part of that away opens it.

#include <gtest/gtest.h>

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

const std::string machine = R"(
[machine]
kernel = "4.0"
cpus = 1
memory = "32 MiB"
settle = "3 s"
[rules]
vmstat = "per_cpu"
[policy.alloc]
retries = -1
[[device]]
name = "sr0"
kind = "cdrom"
first_poll = "1.5 s"
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[task]]
program = "file_writer"
args = { path = "/srv/data", size = "24 MiB", fsync_every = "1 MiB" }
[[task]]
program = "anon_hog"
count = 4
start = "1.1 s"
args = { size = "16 MiB", hold = "10 ms" }
)";

constexpr std::uint64_t seeds = 5;

/// How many of some runs end as livelocks; all others must complete.
template <class Change>
std::uint64_t livelocks(Change&& change) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RunSpec spec = spec_of_file(machine, seed);
    change(spec);
    const Outcome outcome = run_machine(spec);
    EXPECT_TRUE(outcome.verdict == Verdict::livelock || outcome.verdict == Verdict::completed)
        << "seed " << seed << ": " << outcome.reason;
    found += outcome.verdict == Verdict::livelock;
  }
  return found;
}

TEST(StaleCounters, AWorkerThatNeverSleepsKeepsEverybodyHopeful) {
  EXPECT_GT(livelocks([](RunSpec&) {}), 0u);
}

TEST(StaleCounters, AreNoMatterWhereWorkersNap) {
  EXPECT_EQ(livelocks([](RunSpec& spec) { spec.rules.worker_naps = true; }), 0u);
}

TEST(StaleCounters, AreNoMatterWhereNoWorkerAsksForMemory) {
  EXPECT_EQ(livelocks([](RunSpec& spec) { spec.machine.devices[0].first_poll = 3'600 * seconds; }),
            0u);
}

TEST(StaleCounters, TrueOnesTellWhenNothingIsLeft) {
  EXPECT_EQ(livelocks([](RunSpec& spec) { spec.rules.vmstat = Rules::Vmstat::exact; }), 0u);
}

TEST(StaleCounters, AreNoMatterWhereProgressIsWhatReclaimHasFreed) {
  EXPECT_EQ(livelocks([](RunSpec& spec) { spec.rules.progress = Rules::Progress::freed; }), 0u);
}

TEST(StaleCounters, BulkStepsMakeNoDifference) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    RunSpec spec = spec_of_file(machine, seed);
    const Outcome bulk = run_machine(spec);
    spec.machine.single_step = true;
    const Outcome single = run_machine(spec);
    EXPECT_EQ(single.trace_hash, bulk.trace_hash) << "seed " << seed;
    EXPECT_EQ(single.verdict, bulk.verdict) << "seed " << seed;
    spec = spec_of_file(complete_machine + "[rules]\nvmstat = \"per_cpu\"\n", seed);
    const Outcome whole = run_machine(spec);
    spec.machine.single_step = true;
    EXPECT_EQ(run_machine(spec).trace_hash, whole.trace_hash) << "seed " << seed;
    EXPECT_NE(whole.verdict, Verdict::bug) << whole.reason;
  }
}

}  // namespace
}  // namespace brink
