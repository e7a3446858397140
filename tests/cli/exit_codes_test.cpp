// What the program ends with, and what it prints when all is well.

#include <gtest/gtest.h>

#include "tests/cli/program.hpp"

namespace brink {
namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ExitCode, IsZeroIfEverythingIsAsExpected) {
  const Ended ended = run_brink(fresh_folder(), {"run", "small.toml"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_TRUE(ended.out.starts_with("small: 4 runs, as expected.\n")) << ended.out;
  EXPECT_TRUE(holds(ended.out, "  yes  all: completed = runs: 4 against 4\n"));
  EXPECT_TRUE(holds(ended.out, "executed twice; none differed."));
}

TEST(ExitCode, IsOneIfAnExpectationDoesNotHold) {
  const std::string folder = fresh_folder();
  write_file(folder + "/small.toml", changed("\"= runs\"", "0"));
  const Ended ended = run_brink(folder, {"run", "small.toml"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.out.starts_with("small: 4 runs, 1 of 1 expectations do not hold.\n"));
  EXPECT_TRUE(holds(ended.out, "  NO   all: completed = 0: 4\n")) << ended.out;
}

TEST(ExitCode, IsOneIfAnExpectationSpeaksOfNoRuns) {
  const std::string folder = fresh_folder();
  write_file(folder + "/small.toml", changed("all = {", "\"retries = 7\" = {"));
  const Ended ended = run_brink(folder, {"run", "small.toml"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(
      ended.err.starts_with("small.toml:25:19: warning: no point of the sweep fits "
                            "\"retries = 7\": "))
      << ended.err;
}

TEST(ExitCode, IsTwoForBadInputOfEveryCommand) {
  const std::string folder = fresh_folder();
  for (const Words& words : std::vector<Words>{{},
                                               {"runn", "small.toml"},
                                               {"run"},
                                               {"run", "small.toml", "--jsn", "x"},
                                               {"run", "small.toml", "--seeds", "0"},
                                               {"run", "small.toml", "--seeds", "many"},
                                               {"run", "small.toml", "--jobs", "0"},
                                               {"run", "small.toml", "--json", "/no/such/folder/x"},
                                               {"run", "small.toml", "--json", "/tmp"},
                                               {"run", "small.toml", "--set", "machine.memory"},
                                               {"check", "no-such.toml"},
                                               {"list"},
                                               {"list", "polices"},
                                               {"explain", "small"},
                                               {"explain", "small@1-0:seed=1"}}) {
    const Ended ended = run_brink(folder, words);
    EXPECT_EQ(ended.code, 2) << testing::PrintToString(words);
    EXPECT_EQ(ended.out, "") << testing::PrintToString(words);
    EXPECT_TRUE(holds(ended.err, "error: ")) << ended.err;
  }
}

TEST(ExitCode, IsThreeIfTheResultCannotBeWritten) {
  const std::string folder = fresh_folder();
  const Ended ended = run_brink(folder, {"run", "small.toml", "--json", "/dev/full"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_TRUE(holds(ended.err, "brink: error: /dev/full: No space left on device\n")) << ended.err;
}

TEST(CommandLine, SuggestsWhatMayHaveBeenMeant) {
  const std::string folder = fresh_folder();
  EXPECT_EQ(run_brink(folder, {"runn"}).err,
            "brink: error: unknown command \"runn\"; did you mean \"run\"?\n");
  EXPECT_EQ(run_brink(folder, {"list", "polices"}).err,
            "brink list: error: unknown list \"polices\"; did you mean \"policies\"?\n");
  EXPECT_TRUE(holds(run_brink(folder, {"run", "small.toml", "--jsn", "x"}).err,
                    "did you mean \"--json\"?"));
}

TEST(CommandLine, HelpsWithEveryCommand) {
  const std::string folder = fresh_folder();
  for (const char* command : {"run", "check", "list", "explain"}) {
    const Ended ended = run_brink(folder, {command, "--help"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_TRUE(holds(ended.out, "Usage: brink " + std::string(command))) << ended.out;
  }
  EXPECT_TRUE(holds(run_brink(folder, {"--help"}).out, "2 bad input, 3 internal error"));
}

TEST(Check, SaysWhatWouldRunAndRunsNothing) {
  const Ended ended = run_brink(fresh_folder(), {"check", "small.toml", "--seeds", "5"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.out.starts_with("small: 2 points × 5 seeds = 10 runs, 1 expectation, digest "))
      << ended.out;
  EXPECT_TRUE(holds(ended.out, "  policy.alloc.retries = [0, -1]\n"));
}

TEST(List, ListsEverythingThatItNames) {
  const std::string folder = fresh_folder();
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"policies", "bounded_retry\n"}, {"oom", "badness\n"},
      {"reclaim", "linux_4_0\n"},      {"eras", "4.0+knob\n"},
      {"faults", "failslab\n"},        {"programs", "anon_hog\n"},
      {"syscalls", "mkdir\n"},         {"sites", "ext4.inode.alloc\n"},
      {"strategies", "pct\n"},         {"fs", "ext4\n"},
      {"devices", "disk\n"},           {"metrics", "lockups\n"},
      {"machine", "[machine]\n"}};
  for (const auto& [what, row] : rows) {
    const Ended ended = run_brink(folder, {"list", what});
    EXPECT_EQ(ended.code, 0) << what;
    EXPECT_TRUE(holds("\n" + ended.out, "\n" + row)) << what << "\n" << ended.out;
  }
}

TEST(Options, SetChangesAKeyAndAnAxis) {
  const std::string folder = fresh_folder();
  const Ended ended =
      run_brink(folder, {"run", "small.toml", "--set", "machine.memory=32MiB", "--set",
                         "sweep.\"policy.alloc.retries\"=[5]", "--seeds", "3", "--jobs", "1"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_TRUE(holds(ended.out, ", 32 MiB of memory"));
  EXPECT_TRUE(ended.out.starts_with("small: 3 runs, as expected.\nWith retries = 5, "))
      << ended.out;
}

TEST(Options, TheNumberOfJobsChangesNothingThatIsPrinted) {
  const std::string folder = fresh_folder();
  const std::string one = run_brink(folder, {"run", "small.toml", "--jobs", "1"}).out;
  EXPECT_EQ(run_brink(folder, {"run", "small.toml", "--jobs", "4"}).out, one);
}

TEST(Options, WithoutProgressNothingIsSaidOnStandardError) {
  EXPECT_EQ(run_brink(fresh_folder(), {"run", "small.toml", "--no-progress"}).err, "");
}

TEST(Faults, ThatCanNeverFireAreWarnedAbout) {
  const std::string folder = fresh_folder();
  write_file(folder + "/small.toml",
             changed("[sweep]", "[[fault]]\nname = \"failslab\"\nprobability = 0\n\n[sweep]"));
  const Ended ended = run_brink(folder, {"run", "small.toml", "--no-progress"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(
      ended.err.starts_with("small.toml:20:1: warning: fault 0 (failslab) can never fire: "))
      << ended.err;
  EXPECT_TRUE(ended.out.starts_with("Faults were configured, but none fired.\n")) << ended.out;
}

TEST(Faults, ThatTheirFiltersKeptFromFiringAreWarnedAboutAfterwards) {
  const std::string folder = fresh_folder();
  write_file(folder + "/small.toml", changed("[sweep]",
                                             "[[fault]]\nname = \"failslab\"\nprobability = 100\n"
                                             "cache_filter = \"no-such-cache\"\n\n[sweep]"));
  const Ended ended = run_brink(folder, {"run", "small.toml", "--no-progress"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(holds(ended.out,
                    "warning: fault 0 (failslab) never fired: its filters excluded "
                    "all of the "))
      << ended.out << ended.err;
}

}  // namespace
}  // namespace brink
