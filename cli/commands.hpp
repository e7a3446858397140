// The commands of brink, as main() calls them once it has read their arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brink {

/// What the process ends with.
enum ExitCode : int {
  exit_as_expected = 0,
  exit_unexpected = 1,  ///< an expectation does not hold
  exit_bad_input = 2,
  exit_internal = 3,  ///< a bug of brink: a run that differs from itself, a broken invariant
  exit_interrupted = 130,
};

struct RunArguments {
  std::string file;
  std::vector<std::string> sets;
  std::optional<std::uint64_t> seeds;
  unsigned jobs = 0;  ///< 0: as many as the host has
  std::string json;
  bool progress = true;
};

struct ExplainArguments {
  std::string run_id;
  std::string file;  ///< empty: look for configs/**/NAME.toml
  std::vector<std::string> sets;
  std::uint64_t budget = 200;
  std::uint32_t continuations = 4;
  bool story = true;
  bool escapes = true;
  bool kernel_log = false;        ///< print the run's kernel log instead
  std::vector<std::string> proc;  ///< print these files of /proc instead
  std::string at;                 ///< as they were then; empty: at the end
};

int run_command(const RunArguments& arguments);
int check_command(const RunArguments& arguments);
int explain_command(const ExplainArguments& arguments);
int list_command(const std::string& what);

/// What `brink list` can list.
std::vector<std::string> listable();

/// Reports what a command threw, and returns its exit code. To be called while handling it.
int report_exception();

}  // namespace brink
