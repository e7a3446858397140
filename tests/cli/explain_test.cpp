// `brink explain`: the ids that a report prints lead to the runs that it speaks of, and those that
// an explanation prints end as it says.

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "tests/cli/program.hpp"

namespace brink {
namespace {

/// Nobody kills, so tasks that touch more than there is wait for memory for ever; and a refusal
/// does not help them, because the access is executed again.
const char* const hogs = R"([experiment]
name = "hogs"

[machine]
kernel = "4.0"
memory = "16 MiB"

[policy.oom]
name = "none"

[[task]]
program = "anon_hog"
count = 2
args = { size = "12 MiB" }
)";

std::vector<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> all;
  for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) {
    all.push_back((*i)[1]);
  }
  return all;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string folder_with_hogs() {
  const std::string folder = fresh_folder();
  std::filesystem::create_directories(folder + "/configs/deep");
  write_file(folder + "/configs/deep/hogs.toml", hogs);
  return folder;
}

/// The ids in `brink explain 'ID'`.
std::vector<std::string> ids_in(const std::string& text) {
  return found(text, "brink explain '([^']+)'");
}

TEST(Explain, TellsTheRunThatAReportNames) {
  const std::string folder = folder_with_hogs();
  const Ended run = run_brink(folder, {"run", "configs/deep/hogs.toml"});
  ASSERT_EQ(run.code, 0) << run.err;
  const std::vector<std::string> ids = ids_in(run.out);
  ASSERT_EQ(ids.size(), 1u) << run.out;
  const Ended told = run_brink(folder, {"explain", ids[0], "--budget", "10"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_TRUE(told.out.starts_with(ids[0] + "\nmemory_deadlock: ")) << told.out;
  EXPECT_TRUE(holds(told.out, "\nThe closed set\nClosed at "));
  EXPECT_TRUE(holds(told.out, " loops for memory\n"));
  EXPECT_TRUE(holds(told.out, "      refusal     never by the policy, after "));
  EXPECT_TRUE(holds(told.out, "stuck       in #PF\n"));
  EXPECT_TRUE(holds(told.out,
                    "\nEscapes: none: mm.fault.anon_page (refused never: the access is "
                    "executed again)\n"))
      << told.out;
  EXPECT_TRUE(holds(told.out, "\nPoint of no return: no continuation was found that escapes"));
}

TEST(Explain, EachRerunEndsAsItIsSaidTo) {
  const std::string folder = folder_with_hogs();
  const Ended run = run_brink(folder, {"run", "configs/deep/hogs.toml"});
  const std::vector<std::string> ids = ids_in(run.out);
  ASSERT_EQ(ids.size(), 1u);
  const std::string told = run_brink(folder, {"explain", ids[0], "--budget", "0"}).out;
  const std::vector<std::string> reruns = found(told, "N = [0-9]+: brink explain '([^']+)'");
  ASSERT_FALSE(reruns.empty()) << told;
  for (const std::string& id : reruns) {
    const Ended rerun = run_brink(folder, {"explain", id, "--budget", "0"});
    EXPECT_TRUE(rerun.out.starts_with(id + "\nmemory_deadlock: ")) << rerun.out << rerun.err;
    EXPECT_TRUE(holds(rerun.out, "\nEscapes: not sought: "));
  }
}

TEST(Explain, LeavesOutTheRerunsIfTold) {
  const std::string folder = folder_with_hogs();
  const std::string id = ids_in(run_brink(folder, {"run", "configs/deep/hogs.toml"}).out).at(0);
  const Ended told = run_brink(folder, {"explain", id, "--no-escapes"});
  EXPECT_TRUE(told.out.starts_with(id + "\nmemory_deadlock: ")) << told.out;
  EXPECT_TRUE(holds(told.out, "\nThe closed set\n"));
  EXPECT_FALSE(holds(told.out, "Escapes"));
  EXPECT_FALSE(holds(told.out, "Point of no return"));
}

TEST(Explain, PrintsTheKernelsLogAndNothingElse) {
  const std::string folder = folder_with_hogs();
  const Words set = {"--set", "policy.oom.name=badness"};
  const Ended run = run_brink(folder, {"run", "configs/deep/hogs.toml", set[0], set[1]});
  const std::vector<std::string> ids = ids_in(run.out);
  ASSERT_FALSE(ids.empty()) << run.out;
  const Ended log = run_brink(folder, {"explain", ids[0], set[0], set[1], "--kernel-log"});
  EXPECT_EQ(log.code, 0) << log.err;
  EXPECT_TRUE(log.out.starts_with("[    ")) << log.out;
  EXPECT_TRUE(holds(log.out, " invoked oom-killer: ")) << log.out;
  EXPECT_TRUE(holds(log.out, "] Mem-Info:\n"));
  EXPECT_FALSE(holds(log.out, "Escapes"));
}

TEST(Explain, PrintsFilesOfProcAtAnyTime) {
  const std::string folder = folder_with_hogs();
  const std::string id = ids_in(run_brink(folder, {"run", "configs/deep/hogs.toml"}).out).at(0);
  const Ended one = run_brink(folder, {"explain", id, "--proc", "meminfo", "--at", "1 ms"});
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_TRUE(one.out.starts_with("MemTotal:          16384 kB\nMemFree: ")) << one.out;
  EXPECT_TRUE(one.err.starts_with("brink: /proc at 0.00")) << one.err;
  const Ended end = run_brink(folder, {"explain", id, "--proc", "meminfo"});
  EXPECT_NE(end.out, one.out) << "memory has filled since";
  const Ended two = run_brink(folder, {"explain", id, "--proc", "buddyinfo,vmstat"});
  EXPECT_TRUE(two.out.starts_with("==> /proc/buddyinfo <==\nNode 0, zone ")) << two.out;
  EXPECT_TRUE(holds(two.out, "==> /proc/vmstat <==\nnr_free_pages "));
  const Ended none = run_brink(folder, {"explain", id, "--proc", "cpuinfo"});
  EXPECT_EQ(none.code, 2);
  EXPECT_TRUE(holds(none.err, "there is no \"cpuinfo\"; there are meminfo, ")) << none.err;
  EXPECT_EQ(run_brink(folder, {"explain", id, "--proc", "meminfo", "--at", "soon"}).code, 2);
}

TEST(Explain, IsTheSameStoryEveryTime) {
  const std::string folder = folder_with_hogs();
  const std::string id = ids_in(run_brink(folder, {"run", "configs/deep/hogs.toml"}).out).at(0);
  const std::string once = run_brink(folder, {"explain", id}).out;
  EXPECT_NE(once, "");
  EXPECT_EQ(run_brink(folder, {"explain", id}).out, once);
}

TEST(Explain, RefusesWhatIsNotARunOfThisFile) {
  const std::string folder = folder_with_hogs();
  const std::string id = ids_in(run_brink(folder, {"run", "configs/deep/hogs.toml"}).out).at(0);
  write_file(folder + "/configs/deep/hogs.toml", std::string(hogs) + "start = \"1 s\"\n");
  const Ended changed_since = run_brink(folder, {"explain", id});
  EXPECT_EQ(changed_since.code, 2);
  EXPECT_TRUE(holds(changed_since.err, "it was made by another state of ")) << changed_since.err;
  write_file(folder + "/configs/hogs.toml", hogs);
  EXPECT_TRUE(holds(run_brink(folder, {"explain", id}).err, "may be meant; use --file"));
  EXPECT_EQ(run_brink(folder, {"explain", id, "--budget", "0", "--file", "configs/hogs.toml"}).code,
            0);
}

TEST(Explain, OfARunWithSetWantsTheSameSet) {
  const std::string folder = folder_with_hogs();
  const Words set = {"--set", "machine.memory=24MiB"};
  const std::string id =
      ids_in(run_brink(folder, {"run", "configs/deep/hogs.toml", set[0], set[1]}).out).at(0);
  const Ended without = run_brink(folder, {"explain", id});
  EXPECT_EQ(without.code, 2);
  EXPECT_TRUE(holds(without.err, "(was it run with --set? then explain it with the same --set)"));
  EXPECT_EQ(run_brink(folder, {"explain", id, set[0], set[1], "--budget", "0"}).code, 0);
}

}  // namespace
}  // namespace brink
