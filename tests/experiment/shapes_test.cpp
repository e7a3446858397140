// The deadlock shapes of configs/shapes: each file says in its first comment what it shows, and
// does; the shape and its twin differ in the cause alone, and the twin completes.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "experiment/experiment.hpp"
#include "experiment/metrics.hpp"
#include "experiment/runner.hpp"
#include "sim/machine.hpp"

namespace brink {
namespace {

const std::string root = BRINK_SOURCE_DIR;

std::vector<std::string> shapes() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/configs/shapes")) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().stem().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// `# Twin:   kernel = 4.0 and every = 1 GiB (in words)`: what follows the word, up to the words.
std::string said(const std::string& text, const std::string& word) {
  std::smatch found;
  const std::regex line("(?:^|\n)# " + word + ": +([^(\n]*[^( \n])");
  return std::regex_search(text, found, line) ? found[1].str() : "";
}

class Shape : public testing::TestWithParam<std::string> {
 protected:
  Shape()
      : file_(root + "/configs/shapes/" + GetParam() + ".toml"),
        text_(contents(file_)),
        experiment_(load_experiment(file_, {}, builtin_registries())) {}

  /// The points that the line with this word speaks of.
  std::vector<std::size_t> points(const std::string& word) const {
    std::vector<AxisWords> words;
    for (const Axis& axis : experiment_.sweep.axes) words.push_back({axis.name, axis.values});
    const auto filter = parse_filter(said(text_, word), words);
    std::vector<std::size_t> fit;
    for (std::size_t i = 0; i < experiment_.points.size(); ++i) {
      if (matches(*filter, experiment_.points[i].axes)) fit.push_back(i);
    }
    return fit;
  }

  const std::string file_, text_;
  const Experiment experiment_;
};

TEST_P(Shape, SaysWhatItShows) {
  EXPECT_TRUE(experiment_.warnings.empty()) << experiment_.warnings.front();
  for (const char* word : {"Verdict", "Shape", "Twin"}) {
    EXPECT_FALSE(said(text_, word).empty()) << "there is no line \"# " << word << ": …\"";
  }
  const std::string runs = "= " + std::to_string(experiment_.runs()) + " runs.";
  EXPECT_NE(text_.find(runs), std::string::npos) << "makes " << experiment_.runs() << " runs";
  EXPECT_NE(contents(root + "/docs/shapes.md").find("configs/shapes/" + GetParam() + ".toml"),
            std::string::npos)
      << "docs/shapes.md does not name it";
}

/// The cause is one axis: all else is the same.
TEST_P(Shape, DiffersFromItsTwinInTheCauseAlone) {
  const std::vector<std::size_t> shape = points("Shape"), twin = points("Twin");
  ASSERT_FALSE(shape.empty());
  ASSERT_FALSE(twin.empty());
  const Axes &one = experiment_.points[shape.front()].axes,
             &other = experiment_.points[twin.front()].axes;
  int differences = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    differences += one[i].second.text() == other[i].second.text() ? 0 : 1;
  }
  EXPECT_EQ(differences, 1);
}

TEST_P(Shape, ShowsItAndItsTwinCompletes) {
  SweepOptions options;
  options.run = run_machine;
  options.recheck_ppm = 0;
  const ExperimentResult result = run_sweep(experiment_, options);
  for (const Expectation& line : result.expectations) {
    EXPECT_TRUE(line.ok) << line.where << ": " << line.says << ", found " << line.found;
  }
  for (const std::size_t i : points("Twin")) {
    EXPECT_EQ(result.points[i].verdicts[static_cast<std::size_t>(Verdict::completed)],
              result.points[i].runs);
  }
  const std::string verdict = said(text_, "Verdict");
  const bool proves = verdict.starts_with("memory_deadlock") || verdict.starts_with("deadlock");
  for (const std::size_t i : points("Shape")) {
    EXPECT_EQ(result.points[i].lockups_proved > 0, proves) << verdict;
    if (proves)
      EXPECT_EQ(result.points[i].lockups, result.points[i].lockups_proved) << "not proved";
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Configs, Shape, testing::ValuesIn(shapes()), test_name);

}  // namespace
}  // namespace brink
