// What the simulation may not do, found by what it would have to write.

#include <algorithm>
#include <regex>

#include "tests/tidy/rules.hpp"

namespace brink::tidy {
namespace {

const std::vector<std::string_view> simulated = {"sim", "policies", "faults", "programs"};

/// Complains about each line of code in the folders that `pattern` is found in.
void forbid(const Tree& tree, const std::vector<std::string_view>& folders, const char* pattern,
            const std::string& why, Violations& out) {
  const std::regex regex(pattern, std::regex::optimize);
  for (const Source* source : below(tree, "")) {
    if (!in_any(*source, folders) || is_baseline(*source)) continue;
    for (std::size_t i = 0; i < source->code.size(); ++i) {
      if (std::regex_search(source->code[i], regex)) complain(out, *source, i, why);
    }
  }
}

}  // namespace

void no_clocks_and_no_foreign_luck(const Tree& tree, Violations& out) {
  const std::vector<std::string_view> folders = {"sim", "policies", "faults", "programs", "api"};
  forbid(
      tree, folders,
      R"(\b(steady|system|high_resolution)_clock::(now|to_)|\bclock_gettime\b|#include <chrono>)"
      R"(|\bgettimeofday\b|\brdtsc\b|\btime\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)|\bclock\s*\(\s*\))",
      "reads a clock", out);
  forbid(tree, folders,
         R"(\b(sleep_for|sleep_until|nanosleep|usleep)\s*\(\s*(std|&|\d)|std::thread\b)",
         "time is virtual, and a machine has one thread", out);
  forbid(tree, folders,
         R"(\b(random_device|mt19937(_64)?|default_random_engine|drand48)\b|\bs?rand\s*\()"
         R"(|std::\w+_distribution\b|#include <random>|\bgetenv\s*\()",
         "luck comes from brink::Random alone", out);
}

void no_floating_point(const Tree& tree, Violations& out) {
  forbid(tree, simulated, R"(\b(float|double)\b)", "floating point", out);
}

void no_order_by_address(const Tree& tree, Violations& out) {
  forbid(tree, simulated,
         R"(\bstd::(multi)?(set|map|less|hash)<\s*(const\s+)?[\w:]+\s*(const\s*)?\*)",
         "order or hash by address", out);
  const std::regex unordered(R"(\b(unordered_\w*(map|set)|flat_hash_\w+)\s*<)");
  for (const Source* source : below(tree, "")) {
    if (!in_any(*source, simulated)) continue;
    for (std::size_t i = 0; i < source->code.size(); ++i) {
      if (!std::regex_search(source->code[i], unordered)) continue;
      if (source->lines[i].find("// never iterated") != std::string::npos) continue;
      complain(out, *source, i, "unordered container without `// never iterated`");
    }
  }
}

void no_globals(const Tree& tree, Violations& out) {
  const char* const mutable_static =
      R"(^\s*(inline\s+)?static\s+(?!const\b|constexpr\b|inline\b|thread_local\b)[^()]*[;={])";
  forbid(tree, simulated, mutable_static, "mutable static", out);
  forbid(tree,
         {"include", "sim/locking", "sim/block", "sim/vfs", "sim/fs", "sim/kernel", "sim/watch",
          "policies", "faults", "programs"},
         R"(\bthread_local\b)", "thread_local", out);
}

void no_catch_all(const Tree& tree, Violations& out) {
  forbid(tree, simulated, R"(\bcatch\s*\(\s*\.\.\.\s*\))", "catch (...)", out);
}

void mechanism_names_no_choice(const Tree& tree, Violations& out) {
  // Names of two words and more; a single one, as `none`, may mean anything.
  std::string names;
  for (const Source* source : below(tree, "")) {
    const std::string name = stem(source->path);
    const bool plug_in = in_any(*source, {"policies", "faults", "programs"});
    if (plug_in && name.find('_') != std::string::npos) names += (names.empty() ? "" : "|") + name;
  }
  if (names.empty()) return;
  const std::regex regex("\\b(" + names + ")\\b");
  for (const Source* source : below(tree, "sim")) {
    for (std::size_t i = 0; i < source->lines.size(); ++i) {
      const std::string& line = source->lines[i];
      const std::string said = line.substr(0, line.find("//"));
      if (std::regex_search(said, regex)) complain(out, *source, i, "names a plug-in");
    }
  }
}

void no_disabled_tests(const Tree& tree, Violations& out) {
  forbid(tree, {"tests"}, R"(\b(DISABLED_\w+|GTEST_SKIP)\b)", "a test that does not run", out);
}

void names_say_something(const Tree& tree, Violations& out) {
  const std::vector<std::string_view> all = {"include", "api",      "sim",        "policies",
                                             "faults",  "programs", "experiment", "report",
                                             "cli",     "tests",    "bench"};
  forbid(
      tree, all,
      R"(\b(class|struct|namespace)\s+)"
      R"((\w*(Manager|Helper|Utils?|Base|Impl|Handler)|utils?|detail)\b)",
      "a name that says nothing", out);
}

}  // namespace brink::tidy
