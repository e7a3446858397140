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

}  // namespace

int explain_command(const ExplainArguments& arguments) {
  const RunId id = parse_run_id(arguments.run_id);
  const std::string file = arguments.file.empty() ? find_experiment(id.name) : arguments.file;
  const Registries registries = builtin_registries();
  const Experiment experiment = load_experiment(file, {arguments.sets, {}}, registries);
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
