// The command line: words in, a command's arguments out. The only file that sees CLI11.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "brink/params.hpp"
#include "cli/commands.hpp"

namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 as expected, 1 an expectation does not hold, 2 bad input, 3 internal error,\n"
    "130 interrupted (the partial table is printed).";

void add_common(CLI::App& command, std::string& file, std::vector<std::string>& sets) {
  command.add_option("file", file, "the experiment, a TOML file")->required();
  command.add_option("--set", sets, "key=value: set a key of the file, as machine.memory=64MiB")
      ->allow_extra_args(false);
}

void add_seeds(CLI::App& command, brink::RunArguments& arguments) {
  command.add_option("--seeds", arguments.seeds, "runs of each point, instead of the file's")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
}

void add_run(CLI::App& app, brink::RunArguments& arguments, int& code) {
  CLI::App* command = app.add_subcommand("run", "run an experiment and print its table");
  add_common(*command, arguments.file, arguments.sets);
  add_seeds(*command, arguments);
  command
      ->add_option("--jobs", arguments.jobs, "worker threads; by default as many as the host has")
      ->check(CLI::Range(1u, 1024u));
  command->add_option("--json", arguments.json, "write the result to this file");
  command->add_flag("!--no-progress", arguments.progress, "print no progress");
  command->callback([&] { code = brink::run_command(arguments); });
}

void add_check(CLI::App& app, brink::RunArguments& arguments, int& code) {
  CLI::App* command = app.add_subcommand("check", "read an experiment, say what it would run");
  add_common(*command, arguments.file, arguments.sets);
  add_seeds(*command, arguments);
  command->callback([&] { code = brink::check_command(arguments); });
}

void add_list(CLI::App& app, std::string& what, int& code) {
  std::string words;
  for (const std::string& word : brink::listable()) words += (words.empty() ? "" : ", ") + word;
  CLI::App* command = app.add_subcommand("list", "list what an experiment may name");
  command->add_option("what", what, "one of " + words)->required();
  command->callback([&] { code = brink::list_command(what); });
}

void add_explain(CLI::App& app, brink::ExplainArguments& arguments, int& code) {
  CLI::App* command = app.add_subcommand("explain", "rerun one run and tell what happened in it");
  command->add_option("run-id", arguments.run_id, "as a report prints it")->required();
  command->add_option("--file", arguments.file,
                      "its experiment; by default configs/**/NAME.toml below here");
  command->add_option("--set", arguments.sets, "key=value, as it was given to `brink run`")
      ->allow_extra_args(false);
  command->add_option("--budget", arguments.budget,
                      "reruns spent on the point of no return; 0 for none");
  command
      ->add_option("--continuations", arguments.continuations,
                   "continuations tried from each choice")
      ->check(CLI::Range(1u, 1000u));
  command->add_flag("!--no-story", arguments.story, "leave out the story");
  command->add_flag("!--no-escapes", arguments.escapes,
                    "leave out the reruns: neither escapes nor the point of no return");
  command->add_flag("--kernel-log", arguments.kernel_log,
                    "print the run's kernel log, nothing else");
  command
      ->add_option("--proc", arguments.proc,
                   "print these files of /proc, nothing else: meminfo, buddyinfo, …")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--at", arguments.at, "virtual time for --proc, as \"12 s\"; else the end");
  command->callback([&] { code = brink::explain_command(arguments); });
}

std::string quoted_suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string guess = brink::did_you_mean(word, known);
  return guess.empty() ? "" : "; did you mean \"" + guess + "\"?";
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* command : app.get_subcommands()) {
    const std::vector<std::string> inner = option_names(*command);
    names.insert(names.end(), inner.begin(), inner.end());
  }
  return names;
}

/// CLI11's codes are its own, and it suggests nothing.
int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::string message = error.what();
  const std::vector<std::string> known = option_names(app);
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool blamed = word.starts_with("--") && message.find(word) != std::string::npos;
    if (!blamed || std::find(known.begin(), known.end(), word) != known.end()) continue;
    message += quoted_suggestion(word, known);
  }
  std::fprintf(stderr, "brink: error: %s\n", message.c_str());
  return brink::exit_bad_input;
}

/// True if the first word is meant as a command and is none.
bool unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return false;
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(command->get_name());
    if (known.back() == argv[1]) return false;
  }
  std::fprintf(stderr, "brink: error: unknown command \"%s\"%s\n", argv[1],
               quoted_suggestion(argv[1], known).c_str());
  return true;
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("At the brink of memory: does the kernel lock up, or does somebody get ENOMEM?",
               "brink");
  app.footer(exit_codes);
  app.set_version_flag("--version", "brink 0.1.0");
  app.require_subcommand(1);
  int code = brink::exit_as_expected;
  brink::RunArguments run, check;
  brink::ExplainArguments explain;
  std::string what;
  add_run(app, run, code);
  add_check(app, check, code);
  add_list(app, what, code);
  add_explain(app, explain, code);
  if (unknown_command(app, argc, argv)) return brink::exit_bad_input;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, argc, argv);
  }
  return code;
}

/// A report that nobody could read is no success.
int unless_unwritten(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fprintf(stderr, "brink: error: standard output could not be written\n");
  return brink::exit_internal;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return unless_unwritten(parse_and_run(argc, argv));
  } catch (...) {
    return brink::report_exception();
  }
}
