// `brink run` and `brink check`.

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "brink/machine.hpp"
#include "cli/commands.hpp"
#include "experiment/runner.hpp"
#include "report/json_report.hpp"
#include "report/progress.hpp"
#include "report/text_report.hpp"

namespace brink {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "it is set in a signal handler");

/// The first Ctrl-C ends the sweep after the runs under way, the second one the process.
void catch_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
}

Terminal terminal(int descriptor) {
  Terminal terminal{isatty(descriptor) == 1, std::getenv("TERM"), std::getenv("NO_COLOR")};
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
  return terminal;
}

void put(std::FILE* file, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

Experiment load(const RunArguments& arguments) {
  Experiment experiment =
      load_experiment(arguments.file, {arguments.sets, arguments.seeds}, builtin_registries());
  for (const std::string& warning : experiment.warnings) put(stderr, warning + "\n");
  return experiment;
}

ExperimentResult sweep(const Experiment& experiment, const RunArguments& arguments) {
  const Terminal screen = terminal(STDERR_FILENO);
  ProgressLine line(progress_mode(screen, arguments.progress), screen.width);
  const auto begun = std::chrono::steady_clock::now();
  Progress latest;
  const auto show = [&](const Progress& progress, bool last) {
    latest = progress;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begun;
    const std::string text = line.update(progress, elapsed.count(), last);
    if (!text.empty()) put(stderr, text);
  };
  SweepOptions options;
  options.run = run_machine;
  options.jobs = arguments.jobs;
  options.stop = &interrupted;
  options.on_progress = [&](const Progress& progress) { show(progress, false); };
  ExperimentResult result = run_sweep(experiment, options);
  show(latest, true);
  // Said already, before the runs.
  result.warnings.erase(
      result.warnings.begin(),
      result.warnings.begin() + static_cast<std::ptrdiff_t>(experiment.warnings.size()));
  return result;
}

std::string counted(std::uint64_t number, const char* what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

int exit_code(const ExperimentResult& result) {
  if (result.determinism_differences > 0) return exit_internal;
  if (result.partial) return exit_interrupted;
  return as_expected(result) ? exit_as_expected : exit_unexpected;
}

}  // namespace

int run_command(const RunArguments& arguments) {
  const Experiment experiment = load(arguments);
  if (!arguments.json.empty()) {
    const std::string why = cannot_write(arguments.json);
    if (!why.empty()) throw ConfigError({"--json", 0, 0}, why);
  }
  catch_interrupt();
  ExperimentResult result = sweep(experiment, arguments);
  put(stdout, text_report(result, {wants_colour(terminal(STDOUT_FILENO))}));
  if (arguments.json.empty()) return exit_code(result);
  result.warnings.insert(result.warnings.begin(), experiment.warnings.begin(),
                         experiment.warnings.end());
  const std::string why = write_whole(arguments.json, json_report(result));
  if (why.empty()) return exit_code(result);
  put(stderr, "brink: error: " + why + "\n");
  return exit_internal;
}

int check_command(const RunArguments& arguments) {
  const Experiment experiment = load(arguments);
  std::string text = experiment.name + ": " + counted(experiment.sweep.points, "point") + " × " +
                     counted(experiment.sweep.seeds.count, "seed") + " = " +
                     counted(experiment.runs(), "run") + ", " +
                     counted(experiment.expectations.size(), "expectation") + ", digest " +
                     experiment.digest + "\n";
  for (const Axis& axis : experiment.sweep.axes) {
    text += "  " + axis.name + " = " + Value(List(axis.values)).text() + "\n";
  }
  put(stdout, text);
  return exit_as_expected;
}

}  // namespace brink
