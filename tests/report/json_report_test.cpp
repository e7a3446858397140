// JSON: the contract's keys in their order, numbers as numbers, and files that are whole or not
// there.

#include "report/json_report.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/report/result_of_two_points.hpp"

namespace brink {
namespace {

TEST(JsonReport, HoldsTheContractsKeysInTheirOrder) {
  const std::string text = json_report(result_of_two_points());
  std::size_t at = 0;
  for (const char* key : {"\"format\": 1",
                          "\"experiment\": \"x\"",
                          "\"points\": [{",
                          "\"axes\": {",
                          "\"policy.alloc.retries\": 0",
                          "\"machine.memory\": \"100 MiB\"",
                          "\"runs\": 200",
                          "\"verdicts\": {",
                          "\"completed\": 188",
                          "\"lockups\": 12",
                          "\"lockups_proved\": 12",
                          "\"lockups_unattributed\": 0",
                          "\"lockups_ci95\": [0.0347, 0.1019]",
                          "\"enomem_syscalls\": 1234",
                          "\"enomem_by_cause\": {",
                          "\"give_up\": 1200",
                          "\"injected\": 30",
                          "\"no_sleep\": 4",
                          "\"victim\": 0",
                          "\"errno\": {",
                          "\"mkdir\": {",
                          "\"0\": 4000",
                          "\"ENOMEM\": 1234",
                          "\"fates\": {",
                          "\"ext4.inode.alloc\": {",
                          "\"returned\": 1234",
                          "\"oom_kills\": 1999",
                          "\"trace_hash\": \"0000000000abcdef\"",
                          "\"first\": {",
                          "\"completed\": \"x@1-0:policy.alloc.retries=0:seed=9\"",
                          "\"policy.alloc.retries\": -1",
                          "\"expect\": [{",
                          "\"where\": \"retries = -1\"",
                          "\"ok\": true",
                          "\"found\": \"184\"",
                          "\"ok\": false",
                          "\"determinism\": {",
                          "\"checked\": 9",
                          "\"differences\": 0"}) {
    const std::size_t found = text.find(key, at);
    ASSERT_NE(found, std::string::npos) << key << " is not after\n" << text.substr(0, at);
    at = found;
  }
}

TEST(JsonReport, IsJson) {
  rapidjson::Document document;
  document.Parse(json_report(result_of_two_points()).c_str());
  ASSERT_FALSE(document.HasParseError());
  EXPECT_EQ(document["points"].Size(), 2u);
  EXPECT_EQ(document["points"][0]["verdicts"].MemberCount(), verdict_count);
  EXPECT_EQ(document["points"][0]["faults"][0]["fired"].GetUint64(), 10u);
  EXPECT_EQ(document["points"][0]["reactions"][1]["reaction"].GetString(), std::string("retried"));
  EXPECT_EQ(document["points"][0]["page_touches_median"].GetUint64(), 85'000u);
  EXPECT_FALSE(document["partial"].GetBool());
  EXPECT_TRUE(document["faults_injected"].GetBool());
  EXPECT_EQ(document["warnings"][0].GetString(), std::string("x.toml:1:2: warning: careful"));
}

TEST(JsonReport, KeepsTheKindsOfAxisValues) {
  ExperimentResult result = result_of_two_points();
  result.points.resize(1);
  result.points[0].axes = {
      {"a", Value(true)}, {"b", Value(0.5)}, {"c", Value("x\"y")}, {"d", Value(List{Value(1)})}};
  rapidjson::Document document;
  document.Parse(json_report(result).c_str());
  const auto& axes = document["points"][0]["axes"];
  EXPECT_TRUE(axes["a"].GetBool());
  EXPECT_EQ(axes["b"].GetDouble(), 0.5);
  EXPECT_EQ(axes["c"].GetString(), std::string("x\"y"));
  EXPECT_EQ(axes["d"].GetString(), std::string("[1]"));
}

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(WriteWhole, ReplacesAFileAndLeavesNothingElse) {
  const std::filesystem::path folder = testing::TempDir() + "/write_whole";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const std::string path = folder / "out.json";
  EXPECT_EQ(cannot_write(path), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_EQ(write_whole(path, "one"), "");
  EXPECT_EQ(write_whole(path, "two"), "");
  EXPECT_EQ(contents(path), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(WriteWhole, WritesToDevicesAndThroughLinks) {
  EXPECT_EQ(cannot_write("/dev/null"), "");
  EXPECT_EQ(write_whole("/dev/null", "one"), "");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const std::filesystem::path folder = testing::TempDir() + "/write_whole_link";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "file") << "old";
  std::filesystem::create_symlink(folder / "file", folder / "link");
  EXPECT_EQ(write_whole(folder / "link", "new"), "");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(contents(folder / "file"), "new");
}

TEST(WriteWhole, SaysWhatIsInTheWay) {
  const std::string path = testing::TempDir() + "/no/such/folder/out.json";
  EXPECT_NE(cannot_write(path).find("No such file or directory"), std::string::npos);
  EXPECT_NE(write_whole(path, "x").find("No such file or directory"), std::string::npos);
  // A folder cannot be replaced by a file; the temporary file goes away again.
  const std::filesystem::path folder = testing::TempDir() + "/write_whole_folder";
  std::filesystem::create_directories(folder / "full");
  EXPECT_NE(cannot_write(folder).find("Is a directory"), std::string::npos);
  EXPECT_NE(write_whole(folder, "x"), "");
  for (const auto& entry : std::filesystem::directory_iterator(testing::TempDir())) {
    EXPECT_EQ(entry.path().string().find("write_whole_folder.tmp"), std::string::npos);
  }
}

}  // namespace
}  // namespace brink
