// Who is refused memory and who is killed, by the mode of overcommit and by limits of one process,
// on whole machines; and the programs that use fork, mapped files and tmpfs, in bulk and page by
// page.

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

// --- C1.7, C1.8: who is refused, and who is killed.

constexpr int hog_maps = 6;

/// Maps far more than there is in pieces, and touches all that it gets; how many it got.
int hog(Syscalls& sys) {
  std::vector<Address> maps;
  for (int i = 0; i < hog_maps; ++i) {
    const std::int64_t at = sys.mmap_anonymous(24 * MiB);
    if (at < 0) {
      EXPECT_EQ(at, -ENOMEM);
      sys.react(Reaction::checked);
    } else {
      maps.push_back(static_cast<Address>(at));
    }
  }
  for (const Address map : maps) sys.touch(map, 24 * MiB);
  return static_cast<int>(maps.size());
}

TEST(OvercommitClaims, ByDefaultTheKillerIsTheAnswer) {
  RunSpec spec = plain_spec();
  add_task(spec, "hog", hog);
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(count(outcome, "mmap", 0), 6u) << "144 MiB of 64";
  EXPECT_EQ(count(outcome, "mmap", ENOMEM), 0u);
  EXPECT_EQ(outcome.counters.oom_kills, 1u);
}

TEST(OvercommitClaims, InModeTwoItIsENOMEM) {
  RunSpec spec = plain_spec();
  spec.machine.overcommit_memory = 2;
  int got = 0;
  add_task(spec, "hog", [&](Syscalls& sys) {
    const Address end = sys.brk(0);
    EXPECT_EQ(sys.brk(end + 60 * MiB), end);
    got = hog(sys);
    return 0;
  });
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(got, 1) << "half of 64 MiB";
  EXPECT_EQ(count(outcome, "mmap", ENOMEM), 5u);
  EXPECT_EQ(outcome.counters.oom_kills, 0u);
}

TEST(RlimitClaims, ALimitedProcessIsRefusedAndNobodyElse) {
  RunSpec spec = plain_spec();
  int limited = 0, free = 0;
  TaskConfig& task = add_task(spec, "limited", [&](Syscalls& sys) {
    for (int i = 0; i < 10; ++i) limited += sys.mmap_anonymous(4 * MiB) > 0 ? 1 : 0;
    return 0;
  });
  task.rlimits.as = 16 * MiB;
  add_task(spec, "free", [&](Syscalls& sys) {
    for (int i = 0; i < 10; ++i) free += sys.mmap_anonymous(4 * MiB) > 0 ? 1 : 0;
    return 0;
  });
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(limited, 4);
  EXPECT_EQ(free, 10);
  EXPECT_EQ(count(outcome, "mmap", ENOMEM), 6u);
}

// --- The programs that come with it, and a run page by page.

Outcome programs(bool single_step) {
  RunSpec spec = spec_of_file(R"(
[machine]
kernel = "4.0+knob"
memory = "32 MiB"
swap = "64 MiB"
swap_device = "ssd"
[policy.alloc]
retries = -1
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[mount]]
at = "/tmp"
fs = "tmpfs"
[[task]]
program = "tmpfs_writer"
args = { files = 3, size = "3 MiB", delete = true, hold = "100 ms" }
[[task]]
program = "mapped_reader"
args = { path = "/lib/code", size = "2 MiB", exec = true, rounds = 20, compute = "1 ms" }
[[task]]
program = "forker"
args = { size = "3 MiB", touch = "1 MiB", children = 2, rounds = 3, hold = "10 ms" }
[[task]]
program = "anon_hog"
args = { size = "12 MiB", hold = "100 ms", mlock = true }
rlimits = { memlock = "4 MiB", as = "64 MiB" }
)");
  spec.machine.single_step = single_step;
  return run_machine(spec);
}

TEST(TmpfsPrograms, RunToTheirEndBulkOrNot) {
  const Outcome bulk = programs(false), single = programs(true);
  EXPECT_EQ(bulk.verdict, Verdict::completed) << bulk.reason;
  EXPECT_EQ(bulk.trace_hash, single.trace_hash);
  EXPECT_EQ(count(bulk, "fork", 0), 6u);
  EXPECT_EQ(count(bulk, "mlock", ENOMEM), 1u);
  EXPECT_EQ(count(bulk, "unlink", 0), 3u);
}

}  // namespace
}  // namespace brink
