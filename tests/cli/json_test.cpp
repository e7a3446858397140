// `--json`: what other programs read, of real runs. Types, every key of the contract, and sums that
// must agree.

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <filesystem>

#include "tests/cli/program.hpp"

namespace brink {
namespace {

using Json = rapidjson::Value;

rapidjson::Document parsed(const std::string& path) {
  rapidjson::Document document;
  document.Parse(contents(path).c_str());
  EXPECT_FALSE(document.HasParseError()) << path;
  return document;
}

std::uint64_t sum(const Json& object) {
  std::uint64_t total = 0;
  for (const auto& member : object.GetObject()) total += member.value.GetUint64();
  return total;
}

std::uint64_t at(const Json& object, const char* key) {
  EXPECT_TRUE(object.HasMember(key) && object[key].IsUint64()) << key;
  return object.HasMember(key) ? object[key].GetUint64() : 0;
}

const char* const verdicts[] = {"panic",    "memory_deadlock", "deadlock",
                                "livelock", "hung_task",       "soft_lockup",
                                "bug",      "limit",           "completed"};
const char* const causes[] = {"give_up", "injected", "no_sleep", "victim", "limit"};

void expect_verdicts(const Json& point) {
  const Json& counts = point["verdicts"];
  ASSERT_EQ(counts.MemberCount(), std::size(verdicts));
  for (const char* verdict : verdicts) at(counts, verdict);
  EXPECT_EQ(sum(counts), at(point, "runs"));
  const std::uint64_t proved = at(counts, "memory_deadlock") + at(counts, "deadlock");
  EXPECT_EQ(at(point, "lockups_proved"), proved);
  EXPECT_EQ(at(point, "lockups"),
            proved + at(counts, "livelock") + at(counts, "hung_task") + at(counts, "soft_lockup"));
  EXPECT_LE(at(point, "lockups_unattributed"), at(point, "lockups"));
  const Json& interval = point["lockups_ci95"];
  ASSERT_EQ(interval.Size(), 2u);
  const double rate =
      static_cast<double>(at(point, "lockups")) / static_cast<double>(at(point, "runs"));
  EXPECT_LE(interval[0].GetDouble(), rate);
  EXPECT_GE(interval[1].GetDouble(), rate);
  ASSERT_TRUE(point["first"].IsObject());
  for (const char* verdict : verdicts) {
    EXPECT_EQ(point["first"].HasMember(verdict), at(counts, verdict) > 0) << verdict;
  }
}

void expect_errors(const Json& point) {
  ASSERT_EQ(point["enomem_by_cause"].MemberCount(), std::size(causes));
  for (const char* cause : causes) at(point["enomem_by_cause"], cause);
  std::uint64_t returned = 0;
  for (const auto& call : point["errno"].GetObject()) {
    for (const auto& error : call.value.GetObject()) {
      EXPECT_TRUE(error.value.IsUint64());
      if (std::string("ENOMEM") == error.name.GetString()) returned += error.value.GetUint64();
    }
  }
  EXPECT_EQ(returned, at(point, "enomem_syscalls"));
  EXPECT_EQ(sum(point["enomem_by_cause"]), at(point, "enomem_syscalls"));
  for (const auto& site : point["fates"].GetObject()) EXPECT_GT(sum(site.value), 0u);
  at(point, "oom_kills");
  const std::string hash = point["trace_hash"].GetString();
  EXPECT_EQ(hash.size(), 16u);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
}

void expect_contract(const Json& document) {
  EXPECT_EQ(document["format"].GetInt(), 1);
  EXPECT_TRUE(document["experiment"].IsString());
  for (const Json& point : document["points"].GetArray()) {
    EXPECT_TRUE(point["axes"].IsObject());
    expect_verdicts(point);
    expect_errors(point);
  }
  for (const Json& line : document["expect"].GetArray()) {
    EXPECT_TRUE(line["where"].IsString());
    EXPECT_TRUE(line["ok"].IsBool());
    EXPECT_TRUE(line["found"].IsString());
  }
  EXPECT_GE(at(document["determinism"], "checked"), 1u);
  EXPECT_EQ(at(document["determinism"], "differences"), 0u);
}

TEST(Json, OfASmallExperimentKeepsTheContract) {
  const std::string folder = fresh_folder();
  ASSERT_EQ(run_brink(folder, {"run", "small.toml", "--json", "out.json"}).code, 0);
  const rapidjson::Document document = parsed(folder + "/out.json");
  expect_contract(document);
  EXPECT_EQ(document["experiment"].GetString(), std::string("small"));
  ASSERT_EQ(document["points"].Size(), 2u);
  EXPECT_EQ(document["points"][1]["axes"]["policy.alloc.retries"].GetInt(), -1);
  EXPECT_EQ(at(document["points"][0]["errno"]["mkdir"], "0"), 6u);
  EXPECT_EQ(document["expect"].Size(), 1u);
  EXPECT_FALSE(document["partial"].GetBool());
}

TEST(Json, OfRunsThatLockUpKeepsTheContract) {
  const std::string folder = fresh_folder();
  const std::string canary = BRINK_SOURCE_DIR "/configs/canary-must-lock-up.toml";
  const Ended ended = run_brink(folder, {"run", canary, "--seeds", "4", "--json", "out.json"});
  ASSERT_EQ(ended.code, 0) << ended.out;
  const rapidjson::Document document = parsed(folder + "/out.json");
  expect_contract(document);
  const Json& point = document["points"][0];
  EXPECT_EQ(at(point, "lockups_proved"), 4u);
  const std::string id = point["first"]["memory_deadlock"].GetString();
  EXPECT_NE(ended.out.find("brink explain '" + id + "'"), std::string::npos);
}

TEST(Json, OfRunsThatGetErrorsKeepsTheContract) {
  const std::string folder = fresh_folder();
  std::string text = changed("[sweep]",
                             "[[fault]]\nname = \"failslab\"\nprobability = \"5 %\"\n"
                             "ignore_gfp_wait = false\ntimes = -1\n\n[sweep]");
  text.replace(text.find("count = 3"), 9, "count = 300");
  write_file(folder + "/small.toml", text);
  const Ended ended = run_brink(folder, {"run", "small.toml", "--json", "out.json"});
  ASSERT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_TRUE(ended.out.starts_with("FAULTS WERE INJECTED"));
  const rapidjson::Document document = parsed(folder + "/out.json");
  expect_contract(document);
  EXPECT_GT(at(document["points"][0]["enomem_by_cause"], "injected"), 0u);
  EXPECT_TRUE(document["faults_injected"].GetBool());
}

TEST(Json, IsTheSameForAnyNumberOfJobs) {
  const std::string folder = fresh_folder();
  run_brink(folder, {"run", "small.toml", "--json", "one.json", "--jobs", "1"});
  run_brink(folder, {"run", "small.toml", "--json", "four.json", "--jobs", "4"});
  EXPECT_NE(contents(folder + "/one.json"), "");
  EXPECT_EQ(contents(folder + "/one.json"), contents(folder + "/four.json"));
}

TEST(Json, OfAnExpectationThatDoesNotHoldSaysSo) {
  const std::string folder = fresh_folder();
  write_file(folder + "/small.toml", changed("\"= runs\"", "0"));
  EXPECT_EQ(run_brink(folder, {"run", "small.toml", "--json", "out.json"}).code, 1);
  const rapidjson::Document document = parsed(folder + "/out.json");
  EXPECT_FALSE(document["expect"][0]["ok"].GetBool());
  EXPECT_EQ(document["expect"][0]["found"].GetString(), std::string("4"));
}

}  // namespace
}  // namespace brink
