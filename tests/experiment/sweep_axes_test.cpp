// [sweep]: what is an axis, what multiplies, and what is refused before anything is built.

#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

std::string sweeping(const std::string& lines) {
  std::string text = small_file();
  text.resize(text.find("[sweep]"));
  return text + "[sweep]\n" + lines;
}

TEST(Sweep, AxesKeepTheOrderOfTheFileAndTheLastVariesFastest) {
  const Experiment experiment =
      load_text(sweeping("\"task.hog.program\" = ['hog']\n\"policy.alloc.retries\" = [1, 2]\n"
                         "\"machine.memory\" = ['64 MiB', '8 MiB', '16 MiB']\n"));
  ASSERT_EQ(experiment.points.size(), 6u);
  EXPECT_EQ(axes_text(experiment.points[0].axes),
            "task.hog.program=hog,policy.alloc.retries=1,machine.memory=64%20MiB");
  EXPECT_EQ(axes_text(experiment.points[4].axes),
            "task.hog.program=hog,policy.alloc.retries=2,machine.memory=8%20MiB");
  EXPECT_EQ(experiment.points[4].spec.machine.memory, 8 * MiB);
  EXPECT_EQ(retries_of(*experiment.points[4].spec.alloc_policy), 2);
}

TEST(Sweep, SeedsAreNoAxis) {
  Experiment experiment = load_text(sweeping("seeds = { first = 7, count = 3 }\n"));
  EXPECT_EQ(experiment.points.size(), 1u);
  EXPECT_EQ(experiment.runs(), 3u);
  EXPECT_EQ(sweep_spec(experiment, 0, 2, "").seed, 9u);
  experiment = load_text(sweeping("seeds = 5\n"), {{}, 2});
  EXPECT_EQ(experiment.runs(), 2u);
  EXPECT_EQ(load_text(sweeping("")).runs(), 1u);
}

TEST(Sweep, OnlyLeavesThePointsThatFitIt) {
  const std::string axes =
      "\"policy.alloc.retries\" = [0, -1]\n\"machine.memory\" = ['64 MiB', '8 MiB']\nseeds = 3\n";
  const Experiment experiment =
      load_text(sweeping(axes + "only = 'retries = -1 or memory = 8 MiB'\n"));
  ASSERT_EQ(experiment.points.size(), 3u);
  EXPECT_EQ(axes_text(experiment.points[0].axes), "policy.alloc.retries=0,machine.memory=8%20MiB");
  EXPECT_EQ(experiment.runs(), 9u);
  EXPECT_EQ(error_of(sweeping(axes + "only = 'retry = -1'\n")).substr(0, 14), "x.toml:14:9: e");
  EXPECT_EQ(error_of(sweeping(axes + "only = 5\n")),
            "x.toml:14:8: error: sweep.only: expected a filter, found an integer");
  EXPECT_EQ(error_of(sweeping(axes + "only = 'retries > 0'\n")),
            "x.toml:10:1: error: sweep.only: no point fits: there would be no runs");
}

TEST(Sweep, UnquotedPathsAreAxesToo) {
  const Experiment experiment = load_text(sweeping("policy.alloc.retries = [1, 2]\n"));
  EXPECT_EQ(experiment.sweep.axes.at(0).name, "policy.alloc.retries");
}

TEST(Sweep, AnOverrideMayAddAnAxisAfterThoseOfTheFile) {
  const Experiment experiment = load_text(sweeping("\"policy.alloc.retries\" = [1, 2]\n"),
                                          {{"sweep.\"machine.memory\"=[67108864]"}, {}});
  EXPECT_EQ(axes_text(experiment.points[0].axes), "policy.alloc.retries=1,machine.memory=67108864");
}

TEST(Sweep, MistakesAreNamedWithTheirPlace) {
  EXPECT_EQ(error_of(sweeping("\"policy.alloc.retris\" = [1]\n")),
            "x.toml:11:1: error: policy.alloc sets no key \"retris\"; did you mean \"retries\"?");
  EXPECT_EQ(
      error_of(sweeping("\"policy.alloc.retries\" = []\n")),
      "x.toml:11:26: error: sweep: \"policy.alloc.retries\" is empty: there would be no runs");
  EXPECT_EQ(error_of(sweeping("\"policy.alloc.retries\" = 5\n")),
            "x.toml:11:26: error: sweep: \"policy.alloc.retries\" must be a list of values, found "
            "an integer; a single value belongs in its own table");
  EXPECT_EQ(error_of(sweeping("\"policy.alloc.retries\" = [1, 2, 1]\n")),
            "x.toml:11:33: error: sweep: \"policy.alloc.retries\" lists 1 twice");
  EXPECT_EQ(error_of(sweeping("\"policy.alloc.retries\" = [1, 2, 'x']\n")),
            "x.toml:11:33: error: policy.alloc.retries: expected an integer, found a string, "
            "\"x\"");
  EXPECT_EQ(error_of(sweeping("\"experiment.name\" = ['a']\n")),
            "x.toml:11:1: error: sweep: \"experiment.name\" is no axis; an axis is a key of "
            "machine, rules, policy, device, memcg, mount, task or fault");
  EXPECT_EQ(error_of(sweeping("seeds = 0\n")),
            "x.toml:11:9: error: sweep.seeds: 0 is out of range; it must be from 1 to "
            "1099511627776");
}

TEST(Sweep, TheSameKeyIsNoSecondAxis) {
  EXPECT_EQ(error_of(sweeping("\"task.hog.program\" = ['hog']\n\"task.0.program\" = ['hog']\n")),
            "x.toml:12:1: error: sweep: \"task.0.program\" lies within the axis "
            "\"task.hog.program\"");
  EXPECT_NE(error_of(sweeping("\"policy.alloc\" = [{}]\n\"policy.alloc.retries\" = [1]\n")), "");
}

TEST(Sweep, TooManyPointsOrRunsAreRefusedBeforeAnyIsBuilt) {
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += std::to_string(i + 1) + ",";
  std::string lines = "\"policy.alloc.retries\" = [" + thousand + "]\n";
  lines += "\"machine.memory\" = [" + thousand + "]\n";
  EXPECT_EQ(error_of(sweeping(lines)),
            "x.toml:12:1: error: sweep: more than 100000 points with "
            "this axis (1000 × 1000)");
  EXPECT_EQ(error_of(sweeping("\"policy.alloc.retries\" = [1, 2]\nseeds = 500_000_000_000\n")),
            "x.toml:12:9: error: sweep: 2 points × 500000000000 seeds are more than 20000000 "
            "runs");
}

}  // namespace
}  // namespace brink
