// `brink explain`: find the experiment that an id belongs to, rerun the run, tell it.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "brink/machine.hpp"
#include "cli/commands.hpp"
#include "experiment/escape.hpp"
#include "report/explain_text.hpp"
#include "report/progress.hpp"

namespace brink {
namespace {

namespace fs = std::filesystem;

/// configs/**/NAME.toml below here.
std::string find_experiment(const std::string& name) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator at("configs", error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().filename() == name + ".toml") found.push_back(at->path().string());
  }
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return found.front();
  std::string message = "there is no configs/**/" + name + ".toml below here; name it with --file";
  if (found.size() > 1)
    message = "both " + found[0] + " and " + found[1] + " may be meant; use --file";
  throw ConfigError({"run id", 0, 0}, message);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void check_proc_files(const std::vector<std::string>& files) {
  const std::vector<std::string> known = proc_file_names();
  for (const std::string& file : files) {
    if (std::find(known.begin(), known.end(), file) != known.end()) continue;
    throw ConfigError({"--proc", 0, 0}, "there is no \"" + file + "\"; there are " + joined(known));
  }
}

/// Seconds and microseconds, as the kernel's log has them.
std::string seconds_text(Nanos time) {
  return std::to_string(time / seconds) + "." +
         std::to_string(1'000'000 + time % seconds / us).substr(1) + " s";
}

/// The run's log, or files of its /proc, as they are: for people and for scripts that know both.
int print_kernel_texts(const ExplainArguments& arguments, RunSpec spec) {
  check_proc_files(arguments.proc);
  spec.keep_log = arguments.kernel_log;
  spec.proc_files = arguments.proc;
  if (!arguments.at.empty()) {
    Params at({{"at", Value(arguments.at)}}, "-");
    spec.proc_at = at.duration("at", 0, 0, never - 1, "when");
  }
  const Outcome outcome = run_machine(spec);
  for (const std::string& line : outcome.log) std::printf("%s\n", line.c_str());
  for (const ProcText& file : outcome.proc) {
    if (outcome.proc.size() > 1) std::printf("==> /proc/%s <==\n", file.file.c_str());
    std::fputs(file.text.c_str(), stdout);
  }
  if (outcome.proc.empty()) return exit_as_expected;
  const Nanos at = outcome.proc.front().at;
  const bool early = spec.proc_at != never && at < spec.proc_at;
  std::fprintf(stderr, "brink: /proc at %s%s\n", seconds_text(at).c_str(),
               early ? ", where the run ended" : "");
  return exit_as_expected;
}

}  // namespace

int explain_command(const ExplainArguments& arguments) {
  const RunId id = parse_run_id(arguments.run_id);
  const std::string file = arguments.file.empty() ? find_experiment(id.name) : arguments.file;
  const Registries registries = builtin_registries();
  const Experiment experiment = load_experiment(file, {arguments.sets, {}}, registries);
  if (arguments.kernel_log || !arguments.proc.empty()) {
    return print_kernel_texts(arguments, spec_of(experiment, id, registries));
  }
  const RunFunction run = run_machine;
  Explanation explanation = explain(Rerunner(experiment, registries, run), id,
                                    {arguments.budget, arguments.continuations, arguments.escapes});
  if (!arguments.story) explanation.outcome.story.clear();
  const Terminal screen{isatty(STDOUT_FILENO) == 1, std::getenv("TERM"), std::getenv("NO_COLOR")};
  const std::string text = explain_text(explanation, {wants_colour(screen)});
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_as_expected;
}

}  // namespace brink
