// What the documentation tells people to type works: each command in a code block of README.md and
// docs/ is run, with few seeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/cli/program.hpp"

namespace brink {
namespace {

const std::string root = BRINK_SOURCE_DIR;

std::vector<std::string> pages() {
  std::vector<std::string> found = {root + "/README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(root + "/docs")) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// What follows `brink` in a line of a code block; nothing if that is no command of brink's.
std::string command_in(std::string line) {
  line.erase(0, line.find_first_not_of(' '));
  for (const std::string start : {"./dev ", "build/release/brink ", "brink "}) {
    if (!line.starts_with(start)) continue;
    std::string command = line.substr(start.size());
    const std::size_t comment = command.find("  #");
    if (comment != std::string::npos) command.resize(comment);
    // The script has commands of its own.
    return start != "./dev " || command.starts_with("run ") ? command : "";
  }
  return {};
}

/// The lines of fenced and indented blocks.
std::vector<std::string> commands_in(const std::string& page) {
  std::istringstream lines(contents(page));
  std::vector<std::string> commands;
  bool fenced = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) fenced = !fenced;
    if (!fenced && !line.starts_with("    ")) continue;
    const std::string command = command_in(line);
    if (!command.empty()) commands.push_back(command);
  }
  return commands;
}

/// Words as a shell splits them, without anything but quotes.
Words words_of(const std::string& command) {
  Words words;
  std::string word;
  char quote = 0;
  bool begun = false;
  for (const char c : command + " ") {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      begun = true;
    } else if (c != ' ') {
      word += c;
    } else if (begun || !word.empty()) {
      words.push_back(word);
      word.clear();
      begun = false;
    }
  }
  return words;
}

std::string some_run_id() {
  static const std::string id = [] {
    const std::string out =
        run_brink(root, {"run", "configs/canary-must-lock-up.toml", "--seeds", "1"}).out;
    const std::size_t at = out.find("brink explain '") + 15;
    return out.substr(at, out.find('\'', at) - at);
  }();
  return id;
}

TEST(Documentation, CommandsWork) {
  std::size_t ran = 0;
  for (const std::string& page : pages()) {
    for (const std::string& command : commands_in(page)) {
      Words words = words_of(command);
      std::replace(words.begin(), words.end(), std::string("RUN-ID"), some_run_id());
      const bool run = words[0] == "run";
      if (run) words.insert(words.end(), {"--seeds", "1"});
      if (words[0] == "explain") words.push_back("--no-escapes");
      if (std::find(words.begin(), words.end(), "FILE") != words.end()) continue;
      const Ended ended = run_brink(root, words);
      // One seed may be too few for what an experiment expects.
      EXPECT_TRUE(ended.code == 0 || (run && ended.code == 1)) << page << ": " << command << "\n"
                                                               << ended.err;
      ++ran;
    }
  }
  EXPECT_GE(ran, 5u);
}

TEST(Documentation, CommandsAreFound) {
  EXPECT_EQ(command_in("    ./dev run a.toml --seeds 2  # quick"), "run a.toml --seeds 2");
  EXPECT_EQ(command_in("brink list sites"), "list sites");
  EXPECT_EQ(command_in("./dev test"), "");
  EXPECT_EQ(command_in("brink"), "");
  const Words expected = {"run", "x y", "--set", "a=\"b\"", ""};
  EXPECT_EQ(words_of("run 'x y' --set a='\"b\"' ''"), expected);
}

}  // namespace
}  // namespace brink
