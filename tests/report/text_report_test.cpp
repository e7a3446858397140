// The text report: its sentence, its tables, and what stands first when something is wrong.

#include "report/text_report.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "report/detail_tables.hpp"
#include "tests/report/result_of_two_points.hpp"

namespace brink {
namespace {

std::string golden() {
  std::ostringstream text;
  text << std::ifstream(BRINK_SOURCE_DIR "/tests/report/report.golden.txt").rdbuf();
  return text.str();
}

TEST(TextReport, IsThis) { EXPECT_EQ(text_report(result_of_two_points()), golden()); }

TEST(TextReport, SaysWhatIsWrongBeforeAnythingElse) {
  ExperimentResult result = result_of_two_points();
  result.faults_injected = false;
  EXPECT_TRUE(text_report(result).starts_with("Faults were configured, but none fired.\nx: 400 "));
  result.faults_configured = false;
  result.expectations[1].ok = true;
  EXPECT_TRUE(text_report(result).starts_with("x: 400 runs, as expected.\n"));
  result.expectations.clear();
  EXPECT_TRUE(text_report(result).starts_with("x: 400 runs, nothing was expected of them.\n"));
  result.partial = true;
  EXPECT_TRUE(text_report(result).starts_with("x: 400 runs, STOPPED EARLY"));
  result.determinism_differences = 1;
  result.determinism_report = "x@1-0:seed=1\n  event 7";
  EXPECT_TRUE(text_report(result).starts_with("x: 400 runs, NOT DETERMINISTIC"));
  EXPECT_NE(text_report(result).find("executed again:\n  x@1-0:seed=1\n  event 7"),
            std::string::npos);
}

TEST(TextReport, IsAsExpectedOnlyIfEverythingIs) {
  ExperimentResult result = result_of_two_points();
  EXPECT_FALSE(as_expected(result));
  result.expectations[1].ok = true;
  EXPECT_TRUE(as_expected(result));
  result.partial = true;
  EXPECT_FALSE(as_expected(result));
  result.partial = false;
  result.determinism_differences = 1;
  EXPECT_FALSE(as_expected(result));
}

TEST(TextReport, PaintsOnlyIfAsked) {
  EXPECT_EQ(text_report(result_of_two_points()).find('\x1b'), std::string::npos);
  EXPECT_NE(text_report(result_of_two_points(), {true}).find("\x1b[1;31mFAULTS"),
            std::string::npos);
}

TEST(Sentence, SpeaksOfOnePointAlone) {
  ExperimentResult result = result_of_two_points();
  result.points.resize(1);
  result.points[0].axes.clear();
  EXPECT_EQ(sentence(result),
            "12 of 200 runs locked up (all proved) and 1,234 system calls "
            "returned ENOMEM (1,200 because the policy gave up).");
  result.points.clear();
  EXPECT_EQ(sentence(result), "There were no runs.");
}

TEST(Sentence, WithoutLockupsComparesWhatWasRefused) {
  ExperimentResult result = result_of_two_points();
  for (PointResult& point : result.points) {
    point.lockups = point.lockups_proved = 0;
    point.axes.erase(point.axes.begin() + 1, point.axes.end());
  }
  EXPECT_EQ(sentence(result),
            "With retries = -1, 0 of 200 runs locked up and no system call returned ENOMEM; with "
            "retries = 0, 0 of 200 runs locked up and 1,234 system calls returned ENOMEM (1,200 "
            "because the policy gave up).");
}

TEST(DetailTables, BeyondEightPointsAreSummedUp) {
  ExperimentResult result = result_of_two_points();
  while (result.points.size() < 9) result.points.push_back(point_with(-1));
  EXPECT_EQ(errno_table(result).text(0),
            "system call  returned  all points\n"
            "mkdir        ENOMEM         1,234\n"
            "mkdir        success       36,000\n");
  EXPECT_EQ(reaction_table(result).text(0),
            "system call  returned  the program  all points\n"
            "mkdir        ENOMEM    checked           1,200\n"
            "mkdir        ENOMEM    retried              34\n");
}

}  // namespace
}  // namespace brink
