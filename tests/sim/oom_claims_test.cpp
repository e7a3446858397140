// What the OLPC's users feared of the OOM killer of 2.6 (claims C1.4, C1.5, C1.6): adjustments,
// children first, and the table of tasks.

#include <regex>

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

RunSpec xo(const std::string& kernel, const std::string& oom = "") {
  RunSpec spec =
      spec_of_file("[machine]\nkernel = \"" + kernel + "\"\nmemory = \"32 MiB\"\n[policy.oom]\n" +
                   oom + "\n[[task]]\nprogram = \"anon_hog\"\nargs = { size = \"4 KiB\" }\n");
  spec.tasks.clear();
  spec.keep_log = true;
  return spec;
}

/// A process that maps so much, in pieces that nobody would refuse, touches some of it and stays
/// until it is killed or time is up.
TaskConfig& holder(RunSpec& spec, const std::string& name, std::uint64_t mapped,
                   std::uint64_t touched) {
  return add_task(spec, name, [mapped, touched](Syscalls& sys) {
    std::vector<std::int64_t> maps;
    for (std::uint64_t done = 0; done < mapped; done += 1 * MiB) {
      maps.push_back(sys.mmap_anonymous(std::min(mapped - done, 1 * MiB)));
    }
    sys.sleep(10 * ms);
    std::uint64_t left = touched;
    for (const std::int64_t map : maps) {
      const std::uint64_t bytes = std::min(left, 1 * MiB);
      if (bytes != 0) sys.touch(static_cast<Address>(map), bytes);
      left -= bytes;
    }
    sys.sleep(20 * seconds);
    return 0;
  });
}

std::string first_victim(const RunSpec& spec) {
  const std::vector<std::string> all = victims(run_machine(spec));
  return all.empty() ? "" : all.front();
}

TEST(OomClaims, AnAdjustmentOf15OutweighsTwoToTheFifteenthTimesTheMemory) {
  const auto victim_with = [](int adj) {
    RunSpec spec = xo("2.6.30");
    holder(spec, "tiny", 4 * KiB, 4 * KiB).oom_adj = adj;
    holder(spec, "hog", 64 * MiB, 64 * MiB);
    return first_victim(spec);
  };
  EXPECT_EQ(victim_with(0), "hog");
  EXPECT_EQ(victim_with(15), "tiny") << "1 page << 15 is more than 64 MiB of pages";
  RunSpec spec = xo("2.6.30");
  holder(spec, "hog", 24 * MiB, 24 * MiB).oom_adj = -17;
  holder(spec, "other", 12 * MiB, 12 * MiB);
  EXPECT_EQ(first_victim(spec), "other") << "-17 is never";
}

TEST(OomClaims, TheFirstChildDiesForTheSession) {
  const auto session = [](const char* kernel) {
    RunSpec spec = xo(kernel);
    holder(spec, "session", 30 * MiB, 1 * MiB);
    holder(spec, "journal", 1 * MiB, 1 * MiB).parent = "session";
    holder(spec, "browser", 10 * MiB, 10 * MiB).parent = "session";
    holder(spec, "hog", 26 * MiB, 26 * MiB);
    return first_victim(spec);
  };
  EXPECT_EQ(session("2.6.30"), "journal") << "a small one, that used next to nothing";
  EXPECT_EQ(session("4.0"), "hog");
}

std::size_t rows(const Outcome& outcome) {
  const std::regex row("\\] \\[ *[0-9]+\\] +0 +[0-9]+ +[0-9]+ +[0-9]+ .* [a-z]+$");
  return static_cast<std::size_t>(
      std::count_if(outcome.log.begin(), outcome.log.end(),
                    [&](const std::string& line) { return std::regex_search(line, row); }));
}

TEST(OomClaims, TheTableOfTasksIsThereIfAskedFor) {
  const auto run = [](const char* kernel, const char* oom) {
    RunSpec spec = xo(kernel, oom);
    holder(spec, "one", 1 * MiB, 1 * MiB);
    holder(spec, "two", 1 * MiB, 1 * MiB);
    holder(spec, "hog", 64 * MiB, 64 * MiB);
    return rows(run_machine(spec));
  };
  EXPECT_EQ(run("2.6.30", ""), 0u) << "vm.oom_dump_tasks is 0 there";
  EXPECT_EQ(run("2.6.30", "dump_tasks = true"), 4u) << "one for each task with memory, init too";
  EXPECT_EQ(run("4.0", ""), 3u);
  EXPECT_EQ(run("4.0", "dump_tasks = false"), 0u);
  EXPECT_EQ(run("6.1", ""), 3u);
}

}  // namespace
}  // namespace brink
