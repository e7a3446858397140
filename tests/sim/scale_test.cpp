// Large machines and many tasks: what nobody uses costs nothing.

#include <unistd.h>

#include <fstream>

#include "sim/machine.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// What this process has in memory, in bytes.
std::uint64_t resident() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t all = 0, pages = 0;
  in >> all >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

struct Cost {
  std::uint64_t resident = 0, steps = 0;
};

Cost small_workload(const std::string& memory) {
  RunSpec spec = spec_of_file("[machine]\nkernel = \"4.0\"\nmemory = \"" + memory + R"("
scheduler = { strategy = "fifo" }
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[task]]
program = "create_loop"
args = { dir = "/srv", count = 2000 }
[[task]]
program = "anon_hog"
args = { maps = 1, size = "4 MiB" }
)");
  Cost cost;
  std::uint64_t events = 0;
  spec.on_event = [&](const TraceEvent&) { ++events; };
  Machine machine(spec);
  const Outcome outcome = machine.run();
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  cost.resident = resident();
  cost.steps = events;
  return cost;
}

TEST(Scale, ATebibyteCostsWhatSixtyFourMebibytesDo) {
  const Cost small = small_workload("64 MiB");
  const Cost large = small_workload("1 TiB");
  EXPECT_LE(large.resident, 2 * small.resident);
  EXPECT_LE(large.steps * 10, small.steps * 12);
}

TEST(Scale, AHundredThousandTasksRun) {
  RunSpec spec = spec_of_file(R"(
[machine]
kernel = "4.0"
memory = "16 GiB"
scheduler = { strategy = "fifo" }
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[task]]
program = "anon_hog"
count = 100000
args = { maps = 1, size = "4 KiB" }
)");
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(count(outcome, "mmap", 0), 100'000u);
}

}  // namespace
}  // namespace brink
