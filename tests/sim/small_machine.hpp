// Whole machines for tests: as an experiment file describes them, with programs that are closures
// beside those that the file names.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "brink/machine.hpp"
#include "brink/outcome.hpp"
#include "experiment/experiment.hpp"

namespace brink {

/// Run `number` of the first point of an experiment file without its [experiment].
inline RunSpec spec_of_file(const std::string& text, std::uint64_t seed = 1) {
  const std::string file = "[experiment]\nname = \"small\"\n" + text;
  const Experiment experiment =
      load_experiment(parse_document(file, "small.toml"), ".", {}, builtin_registries());
  return sweep_spec(experiment, 0, seed - 1, "");
}

/// A program that is a closure.
class Closure final : public Program {
 public:
  using Body = std::function<int(Syscalls&)>;

  explicit Closure(Body body, std::vector<std::string> paths = {})
      : body_(std::move(body)), paths_(std::move(paths)) {}
  int main(Syscalls& sys) const override { return body_(sys); }
  std::vector<std::string> paths() const override { return paths_; }

 private:
  const Body body_;
  const std::vector<std::string> paths_;
};

/// Adds a task that runs a closure; more can be said about it through what comes back.
inline TaskConfig& add_task(RunSpec& spec, const std::string& name, Closure::Body body,
                            std::vector<std::string> paths = {}) {
  TaskConfig task;
  task.program = name;
  task.code = std::make_shared<Closure>(std::move(body), std::move(paths));
  spec.tasks.push_back(std::move(task));
  return spec.tasks.back();
}

/// One of everything: ext4 on a disk, swap, too little memory, hogs that look names up where others
/// make directories and files, an OOM killer, allocations that fail by bad luck, and a lock that
/// victims must take.
inline const std::string complete_machine = R"(
[machine]
kernel = "4.0+knob"
memory = "24 MiB"
swap = "16 MiB"
[policy.alloc]
retries = 10
[[mount]]
at = "/"
fs = "ext4"
[[task]]
program = "anon_hog"
count = 3
args = { maps = 2, size = "8 MiB", hold = "10 ms", lookup = { path = "/srv/x", every = "256 KiB" } }
[[task]]
program = "mkdir_loop"
args = { dir = "/srv", count = 200 }
[[task]]
program = "create_loop"
args = { dir = "/srv", count = 200 }
[[fault]]
name = "failslab"
probability = "500 ppm"
ignore_gfp_wait = false
times = -1
[[fault]]
name = "lock_dependency"
task = "anon_hog"
lock = "ext4.dir.i_mutex:/srv"
when = "exit.files"
)";

/// A small machine with a file system, without tasks.
inline const std::string plain_machine = R"(
[machine]
kernel = "4.0+knob"
memory = "64 MiB"
[policy.alloc]
retries = -1
[[mount]]
at = "/"
fs = "ext4"
device = "ssd"
[[task]]
program = "mkdir_loop"
args = { dir = "/", count = 1 }
)";

/// The same with no task of its own.
inline RunSpec plain_spec(const std::string& more = "", std::uint64_t seed = 1) {
  RunSpec spec = spec_of_file(plain_machine + more, seed);
  spec.tasks.erase(spec.tasks.begin());
  return spec;
}

/// Whom the OOM killer of 6.1 killed, by the kernel's log, in order.
inline std::vector<std::string> victims(const Outcome& outcome) {
  const std::regex killed("Killed process [0-9]+ \\(([a-z]+)\\)");
  std::vector<std::string> names;
  for (const std::string& line : outcome.log) {
    std::smatch match;
    if (std::regex_search(line, match, killed)) names.push_back(match[1]);
  }
  return names;
}

inline std::uint64_t count(const Outcome& outcome, const std::string& syscall, int error) {
  for (const SyscallCount& row : outcome.syscalls) {
    if (row.syscall == syscall && row.error == error) return row.count;
  }
  return 0;
}

inline std::uint64_t fates(const Outcome& outcome, Fate fate) {
  std::uint64_t sum = 0;
  for (const auto& [site, row] : outcome.fates) sum += row[static_cast<std::size_t>(fate)];
  return sum;
}

}  // namespace brink
