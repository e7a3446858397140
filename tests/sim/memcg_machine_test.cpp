// Memory cgroups on a whole machine: children, logs, failed system calls, and the lockups that come
// of charges that wait.

#include "sim/machine.hpp"
#include "sim/mm/memcg.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

std::string box(const std::string& keys) { return "[[memcg]]\nname = \"box\"\n" + keys; }

RunSpec spec_with(const std::string& kernel, const std::string& more, std::uint64_t seed = 1) {
  RunSpec spec =
      spec_of_file("[machine]\nkernel = \"" + kernel + "\"\nmemory = \"64 MiB\"\n" + more, seed);
  spec.keep_log = true;
  return spec;
}

constexpr const char* writers = R"(
[[mount]]
at = "/"
fs = "tmpfs"
[[task]]
program = "file_writer"
memcg = "box"
oom_score_adj = 500
args = { path = "/log", size = "4 MiB" }
[[task]]
program = "file_writer"
memcg = "box"
args = { path = "/log", size = "4 MiB" }
[[task]]
program = "file_writer"
memcg = "box"
args = { path = "/log", size = "4 MiB" }
)";

bool logged(const Outcome& outcome, const std::string& what) {
  return std::any_of(outcome.log.begin(), outcome.log.end(), [&what](const std::string& line) {
    return line.find(what) != std::string::npos;
  });
}

TEST(MemcgMachine, ChildrenAreInTheGroupOfTheirParent) {
  const RunSpec spec = spec_with("4.0", box("limit = \"16 MiB\"\n") + R"(
[[task]]
program = "forker"
memcg = "box"
args = { size = "1 MiB", touch = "1 MiB", children = 2, rounds = 2, hold = "10 ms" }
)");
  Machine machine(spec);
  const Outcome outcome = machine.run();
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  const Memcgs& groups = *machine.memory().memcgs();
  for (const auto& process : machine.kernel().processes()) {
    EXPECT_EQ(groups.of(*process->task), groups.find("box"));
  }
  EXPECT_GT(machine.kernel().processes().size(), 1u);
  EXPECT_EQ(machine.memory().check(), "");
  EXPECT_EQ(groups.usage(groups.find("box")), 0u);
}

TEST(MemcgMachine, LogsTheKillAsTheKernelDoes) {
  constexpr const char* hogs = R"(
[[task]]
program = "anon_hog"
memcg = "box"
count = 2
args = { size = "6 MiB", hold = "1 s" }
)";
  const struct {
    const char* kernel;
    std::vector<std::string> lines;
  } cases[] = {
      {"2.6.32",
       {"Task in /box killed as a result of limit of /box", "memory: usage 8192kB, limit 8192kB",
        "Memory cgroup out of memory: kill process"}},
      {"4.0",
       {"Task in /box killed as a result of limit of /box", "memory: usage 8192kB, limit 8192kB",
        "Memory cgroup out of memory: Kill process"}},
      {"6.1",
       {"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/box,task_memcg=/box,",
        "memory: usage 8192kB, limit 8192kB", "Memory cgroup out of memory: Killed process"}},
  };
  for (const auto& one : cases) {
    const Outcome outcome = run_machine(spec_with(one.kernel, box("limit = \"8 MiB\"\n") + hogs));
    EXPECT_EQ(outcome.verdict, Verdict::completed) << one.kernel << outcome.reason;
    EXPECT_GT(outcome.counters.oom_kills, 0u) << one.kernel;
    for (const std::string& line : one.lines) EXPECT_TRUE(logged(outcome, line)) << line;
  }
}

TEST(MemcgMachine, ASystemCallGetsENOMEMWhereOnlyFaultsKill) {
  const Outcome outcome = run_machine(spec_with("4.0", box("limit = \"2 MiB\"\n") + writers));
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(count(outcome, "write", 12), 3u);
  EXPECT_EQ(outcome.counters.enomem[static_cast<std::size_t>(Cause::limit)], 3u);
  EXPECT_EQ(outcome.fates.at("mm.memcg.charge")[static_cast<std::size_t>(Fate::returned)], 3u);
  EXPECT_EQ(outcome.counters.oom_kills, 0u);
}

/// Verdicts of some runs in which one writer is killed while another holds the file's lock.
std::vector<Outcome> locked_writers(const std::string& rule, const std::string& keys) {
  std::vector<Outcome> outcomes;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    outcomes.push_back(run_machine(
        spec_with("3.19", "[rules]\nmemcg_oom = \"" + rule + "\"\n" + box(keys) + writers, seed)));
  }
  return outcomes;
}

TEST(MemcgMachine, AChargeThatWaitsUnderALockIsAProvedDeadlock) {
  std::size_t proved = 0;
  for (const Outcome& outcome : locked_writers("wait", "limit = \"2 MiB\"\n")) {
    if (outcome.verdict == Verdict::completed) continue;
    ASSERT_EQ(outcome.verdict, Verdict::memory_deadlock) << outcome.reason;
    EXPECT_TRUE(outcome.lockup.absolute);
    EXPECT_EQ(outcome.lockup.never_refused, std::vector<std::string>{"mm.memcg.charge"});
    EXPECT_LT(outcome.virtual_time, 60 * seconds);
    ++proved;
  }
  EXPECT_GT(proved, 0u);
  for (const Outcome& outcome : locked_writers("fault_end", "limit = \"2 MiB\"\n")) {
    EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  }
}

TEST(MemcgMachine, SoIsOneThatWaitsForUserSpaceThatNeverComes) {
  const std::string keys = "limit = \"2 MiB\"\noom_kill_disable = true\n";
  for (const Outcome& outcome : locked_writers("wait", keys)) {
    ASSERT_EQ(outcome.verdict, Verdict::memory_deadlock) << outcome.reason;
    EXPECT_EQ(outcome.counters.oom_kills, 0u);
  }
  for (const Outcome& outcome : locked_writers("charge", keys)) {
    EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
    EXPECT_EQ(outcome.counters.oom_kills, 0u);
  }
}

TEST(MemcgMachine, SingleStepsComeToTheSame) {
  for (const char* kernel : {"2.6.32", "4.0", "6.1"}) {
    const std::string more = box("limit = \"8 MiB\"\n") + R"(
[[task]]
program = "anon_hog"
memcg = "box"
count = 2
args = { size = "5 MiB", hold = "1 s" }
[[task]]
program = "anon_hog"
count = 2
args = { size = "30 MiB", hold = "1 s" }
)";
    RunSpec spec = spec_with(kernel, more);
    const std::uint64_t hash = run_machine(spec).trace_hash;
    spec.machine.single_step = true;
    EXPECT_EQ(run_machine(spec).trace_hash, hash) << kernel;
  }
}

}  // namespace
}  // namespace brink
