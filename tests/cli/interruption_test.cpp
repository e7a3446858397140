// Runs that are interrupted, killed, or have company; and what is seen of them meanwhile.

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/cli/program.hpp"

namespace brink {
namespace {

using namespace std::chrono_literals;

/// More runs than any machine does while a test lasts.
const Words endless = {"run", "small.toml", "--seeds", "5000000", "--json", "out.json"};

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(Interruption, PrintsWhatThereIsAndSaysThatItIsPartial) {
  const std::string folder = fresh_folder();
  Running running(folder, endless);
  std::this_thread::sleep_for(500ms);
  running.kill(SIGINT);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.code, 130) << ended.err;
  EXPECT_TRUE(ended.out.starts_with("small: ")) << ended.out;
  EXPECT_NE(ended.out.find("STOPPED EARLY: what follows is partial"), std::string::npos);
  rapidjson::Document document;
  document.Parse(contents(folder + "/out.json").c_str());
  ASSERT_FALSE(document.HasParseError());
  EXPECT_TRUE(document["partial"].GetBool());
  EXPECT_GT(document["runs"].GetUint64(), 0u);
  EXPECT_LT(document["runs"].GetUint64(), 10'000'000u);
  EXPECT_EQ(files_in(folder), 2u);
}

TEST(Interruption, ByAKillLeavesNoHalfWrittenFile) {
  const std::string folder = fresh_folder();
  write_file(folder + "/out.json", "what was there before");
  Running running(folder, endless);
  std::this_thread::sleep_for(300ms);
  running.kill(SIGKILL);
  EXPECT_EQ(running.wait().signal, SIGKILL);
  EXPECT_EQ(contents(folder + "/out.json"), "what was there before");
  EXPECT_EQ(files_in(folder), 2u);
}

TEST(Company, TwoAtOnceInOneFolderDoNotDisturbEachOther) {
  const std::string folder = fresh_folder();
  const Words words = {"run", "small.toml", "--seeds", "50", "--json", "out.json"};
  Running one(folder, words), other(folder, words);
  const Ended first = one.wait(), second = other.wait();
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(first.out, second.out);
  rapidjson::Document document;
  document.Parse(contents(folder + "/out.json").c_str());
  EXPECT_FALSE(document.HasParseError());
  EXPECT_EQ(files_in(folder), 2u);
}

TEST(Progress, OffATerminalIsOneLineForAShortRun) {
  const Ended ended = run_brink(fresh_folder(), {"run", "small.toml", "--seeds", "50"});
  EXPECT_TRUE(ended.err.starts_with("100/100 runs  100 %  ")) << ended.err;
  EXPECT_TRUE(ended.err.ends_with("/s  completed 100\n")) << ended.err;
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1);
  EXPECT_EQ(ended.err.find('\r'), std::string::npos);
}

TEST(Progress, OnATerminalIsABarThatIsWrittenOver) {
  const std::string text = on_a_terminal(fresh_folder(), {"run", "small.toml", "--seeds", "50"});
  EXPECT_NE(text.find("\r[####################] 100/100 runs  100 %  "), std::string::npos) << text;
  EXPECT_NE(text.find("\x1b[K"), std::string::npos);
  EXPECT_NE(text.find("\x1b[1msmall\x1b[0m: 100 runs, \x1b[32mas expected\x1b[0m."),
            std::string::npos)
      << text;
}

TEST(Progress, OnATerminalThatWantsNoColourHasNone) {
  const std::string text =
      on_a_terminal(fresh_folder(), {"run", "small.toml"}, {"TERM=xterm", "NO_COLOR=1"});
  EXPECT_NE(text.find("small: 4 runs, as expected."), std::string::npos) << text;
  EXPECT_EQ(text.find("\x1b[1m"), std::string::npos);
  EXPECT_EQ(text.find("\x1b[32m"), std::string::npos);
}

TEST(Progress, OnADumbTerminalIsPlainLines) {
  const std::string text = on_a_terminal(fresh_folder(), {"run", "small.toml"}, {"TERM=dumb"});
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_NE(text.find("4/4 runs  100 %"), std::string::npos);
}

}  // namespace
}  // namespace brink
