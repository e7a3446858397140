// Bad input: each mistake is refused with its file and, where there is one, its line and column;
// exit code 2, and nothing runs. tests/experiment has the details of each reader; here the whole
// program.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/program.hpp"

namespace brink {
namespace {

/// Runs a file with a mistake; what brink says of it, after checking that it ran nothing.
std::string refused(const std::string& text) {
  const std::string folder = fresh_folder();
  write_file(folder + "/small.toml", text);
  const Ended ended = run_brink(folder, {"run", "small.toml", "--json", "out.json"});
  EXPECT_EQ(ended.code, 2) << ended.out;
  EXPECT_EQ(ended.out, "");
  EXPECT_FALSE(std::filesystem::exists(folder + "/out.json"));
  return ended.err;
}

struct Mistake {
  const char* from;
  const char* to;
  const char* error;
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.to; }

class Refused : public testing::TestWithParam<Mistake> {};

TEST_P(Refused, WithItsPlace) {
  const Mistake& m = GetParam();
  const std::string error = refused(changed(m.from, m.to));
  EXPECT_TRUE(error.starts_with(m.error)) << error << "\nexpected " << m.error;
}

const Mistake mistakes[] = {
    {"memory =", "memori =",
     "small.toml:7:1: error: machine: unknown key \"memori\"; did you mean \"memory\"?\n"
     "  memori = \"64 MiB\"\n"
     "  ^\n"},
    {"[machine]", "[machin]",
     "small.toml:5:2: error: unknown table \"machin\"; did you mean \"machine\"?\n"},
    {"dir =", "dri =",
     "small.toml:18:10: error: task.0.args: unknown key \"dri\"; did you mean \"dir\"?\n"},
    {"\"64 MiB\"", "true", "small.toml:7:10: error: machine.memory: expected a size "},
    {"\"64 MiB\"", "-5",
     "small.toml:7:10: error: machine.memory: -5 is out of range; it must be from 4 MiB to 16 "
     "TiB\n"},
    {"\"64 MiB\"", "\"-64 MiB\"",
     "small.toml:7:10: error: machine.memory: \"-64 MiB\" is out of range"},
    {"\"64 MiB\"", "\"1e30 GiB\"",
     "small.toml:7:10: error: machine.memory: \"1e30 GiB\" is out of range"},
    {"retries = 0\n", "name = \"bounded_rety\"\nretries = 0\n",
     "small.toml:10:8: error: unknown allocation policy \"bounded_rety\"; did you mean "
     "\"bounded_retry\"?\n"},
    {"[sweep]", "[[fault]]\nname = \"failslb\"\n[sweep]",
     "small.toml:21:8: error: unknown fault \"failslb\"; did you mean \"failslab\"?\n"},
    {"mkdir_loop", "mkdir_lop",
     "small.toml:17:11: error: unknown program \"mkdir_lop\"; did you mean \"mkdir_loop\"?\n"},
    {"4.0+knob", "4.0+nob",
     "small.toml:6:10: error: unknown kernel era \"4.0+nob\"; did you mean \"4.0+knob\"?\n"},
    {"fs = \"ext4\"", "fs = \"ext5\"",
     "small.toml:14:6: error: unknown file system \"ext5\"; did you mean \"ext4\"?\n"},
    {"\"policy.alloc.retries\" = [", "\"policy.alloc.retris\" = [",
     "small.toml:21:1: error: policy.alloc sets no key \"retris\"; did you mean \"retries\"?\n"},
    {"[0, -1]", "[]",
     "small.toml:21:26: error: sweep: \"policy.alloc.retries\" is empty: there would be no runs\n"},
    {"seeds = 2", "seeds = 1000000000000",
     "small.toml:22:9: error: sweep: 2 points × 1000000000000 seeds are more than 20000000 runs\n"},
    {"at = \"/\"", "at = \"/mnt\"",
     "small.toml:12:1: error: mount: nothing is mounted at \"/\", and /mnt hangs on it; add a "
     "[[mount]] with at = \"/\"\n"},
    {"[[mount]]\nat = \"/\"\nfs = \"ext4\"\n", "",
     "small.toml:15:8: error: mkdir_loop uses /srv/, but nothing is mounted there; add a [[mount]] "
     "with at = \"/\"\n"},
    {"name = \"small\"", "name = \"small", "small.toml:2:14: error: "},
    {"completed = \"= runs\"", "completd = 4", "small.toml:25:9: error: "},
};

INSTANTIATE_TEST_SUITE_P(BadInput, Refused, testing::ValuesIn(mistakes));

TEST(BadInput, ASweepOfATrillionPointsIsRefusedAtOnce) {
  std::string list = "[";
  for (int i = 1; i <= 1000; ++i) list += std::to_string(i) + ",";
  list += "]\n";
  std::string axes;
  for (const char* key : {"policy.alloc.retries", "task.mkdir_loop.count", "machine.cpus",
                          "task.mkdir_loop.oom_score_adj"}) {
    axes += "\"" + std::string(key) + "\" = " + list;
  }
  std::string text = changed("\"policy.alloc.retries\" = [0, -1]\n", axes);
  text.insert(text.find("memory ="), "cpus = 2\n");
  text.insert(text.find("args ="), "count = 1\noom_score_adj = 1\n");
  const std::string error = refused(text);
  EXPECT_TRUE(
      error.starts_with("small.toml:25:1: error: sweep: more than 100000 points with this "
                        "axis (1000 × 1000 × "))
      << error.substr(0, 200);
}

TEST(BadInput, WhatIsNoTextIsRefusedAndNotShown) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 7);
  const std::string error = refused(bytes);
  EXPECT_EQ(error, "small.toml:1:1: error: is not a text file: it holds a NUL byte\n");
}

TEST(BadInput, DeepNestingIsRefused) {
  const std::string text =
      std::string(small_text) + "x = " + std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(refused(text), "small.toml:26:69: error: nested deeper than 64 brackets\n");
}

TEST(BadInput, FilesThatCannotBeReadAreNamed) {
  const std::string folder = fresh_folder();
  EXPECT_EQ(run_brink(folder, {"run", "no-such.toml"}).err,
            "no-such.toml: error: cannot be opened: No such file or directory\n");
  EXPECT_EQ(run_brink(folder, {"run", "."}).err, ".: error: is a directory, not a file\n");
  EXPECT_EQ(run_brink(folder, {"run", "/dev/zero"}).err,
            "/dev/zero: error: is larger than 16 MiB\n");
  EXPECT_EQ(run_brink(folder, {"run", "/dev/null"}).code, 2);
}

TEST(BadInput, OnTheCommandLineHasItsPlaceThere) {
  const std::string folder = fresh_folder();
  const Ended ended = run_brink(folder, {"run", "small.toml", "--set", "machine.memoy=3"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_TRUE(
      ended.err.starts_with("--set machine.memoy=3:1:1: error: machine: unknown key "
                            "\"memoy\"; did you mean \"memory\"?\n"))
      << ended.err;
}

TEST(BadInput, CarriageReturnsAndAByteOrderMarkAreNoMistakes) {
  std::string text = "\xEF\xBB\xBF" + std::string(small_text);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.replace(at, 1, "\r\n");
  }
  const std::string folder = fresh_folder();
  write_file(folder + "/small.toml", text);
  EXPECT_EQ(run_brink(folder, {"run", "small.toml"}).code, 0);
}

}  // namespace
}  // namespace brink
