// Who may include what: the arrows between the folders.

#include <algorithm>
#include <array>
#include <optional>

#include "tests/tidy/rules.hpp"

namespace brink::tidy {
namespace {

struct Include {
  std::string file;
  bool angled = false;
  std::size_t line = 0;
};

bool is_include(std::string_view code) {
  code.remove_prefix(std::min(code.find_first_not_of(" \t"), code.size()));
  if (!code.starts_with('#')) return false;
  code.remove_prefix(std::min(code.find_first_not_of(" \t", 1), code.size()));
  return code.starts_with("include");
}

std::vector<Include> includes(const Source& source) {
  std::vector<Include> found;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    if (!is_include(source.code[i])) continue;
    const std::string& line = source.lines[i];
    const std::size_t open = line.find_first_of("<\"");
    if (open == std::string::npos) continue;
    const bool angled = line[open] == '<';
    const std::size_t close = line.find(angled ? '>' : '"', open + 1);
    found.push_back({line.substr(open + 1, close - open - 1), angled, i});
  }
  return found;
}

/// The ladder of sim/: each rung uses only those before it.
constexpr std::array<std::string_view, 8> ladder = {"sched", "locking", "mm",     "block",
                                                    "vfs",   "fs",      "kernel", "watch"};

/// Beginnings of what a source may include; nothing if it may include everything.
std::optional<std::vector<std::string>> allowed(const Source& source) {
  if (in_any(source, {"tests/examples"})) return {{"brink/"}};
  if (in_any(source, {"tests", "bench"})) return std::nullopt;
  if (in_any(source, {"experiment"})) return {{"brink/", "experiment/", "sim/machine.hpp"}};
  if (in_any(source, {"cli"})) return {{"brink/", "cli/", "experiment/", "report/"}};
  if (in_any(source, {"include"})) return {{"brink/"}};
  if (!in_any(source, {"sim"})) {
    return {{"brink/", source.path.substr(0, source.path.find('/') + 1)}};
  }
  std::vector<std::string> may = {"brink/"};
  if (folder_of(source.path) == "sim") may.emplace_back("sim/");
  for (const std::string_view rung : ladder) {
    if (folder_of(source.path) == "sim") break;
    may.push_back("sim/" + std::string(rung) + "/");
    if (in_any(source, {may.back().substr(0, may.back().size() - 1)})) return may;
  }
  return folder_of(source.path) == "sim" ? may : std::vector<std::string>{"brink/"};
}

bool begins_with_any(const std::string& text, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string& beginning) { return text.starts_with(beginning); });
}

bool is_standard(const std::string& header) {
  return header.find_first_of("./") == std::string::npos;
}

struct Library {
  std::string_view beginning;
  std::vector<std::string_view> homes;
};

const std::vector<Library>& libraries() {
  static const std::vector<Library> all = {
      {"boost/fiber/", {"sim/sched", "tests/sim/sched", "tests/soak", "bench"}},
      {"boost/context/", {"sim/sched", "tests/sim/sched", "tests/soak", "bench"}},
      {"toml++/", {"experiment", "tests/experiment"}},
      {"CLI/", {"cli"}},
      {"gtest/", {"tests"}},
      {"rapidcheck", {"tests"}},
  };
  return all;
}

}  // namespace

void include_arrows(const Tree& tree, Violations& out) {
  for (const Source* source : below(tree, "")) {
    const auto may = allowed(*source);
    if (!may) continue;
    for (const Include& include : includes(*source)) {
      const bool ours = !include.angled || include.file.starts_with("brink/");
      if (ours && !begins_with_any(include.file, *may)) {
        complain(out, *source, include.line, "may not include " + include.file);
      }
      if (!ours && in_any(*source, {"include"}) && !is_standard(include.file)) {
        complain(out, *source, include.line, "public headers include only the standard library");
      }
    }
  }
}

void includes_exist(const Tree& tree, Violations& out) {
  for (const Source* source : below(tree, "")) {
    for (const Include& include : includes(*source)) {
      if (include.angled) continue;
      const bool beside = is_baseline(*source) || in_any(*source, {"tests/install"});
      const std::string neighbour = folder_of(source->path) + "/" + include.file;
      const bool found = find(tree, include.file) != nullptr ||
                         find(tree, "include/" + include.file) != nullptr ||
                         (beside && find(tree, neighbour) != nullptr);
      if (!found) complain(out, *source, include.line, "there is no " + include.file);
    }
  }
}

void libraries_stay_at_home(const Tree& tree, Violations& out) {
  for (const Source* source : below(tree, "")) {
    for (const Include& include : includes(*source)) {
      for (const Library& library : libraries()) {
        if (!include.angled || !include.file.starts_with(library.beginning)) continue;
        if (in_any(*source, library.homes)) continue;
        complain(out, *source, include.line,
                 include.file + " belongs in " + std::string(library.homes.front()));
      }
    }
  }
}

void few_includes(const Tree& tree, Violations& out) {
  constexpr std::size_t most = 14;
  for (const Source* source : below(tree, "")) {
    if (in_any(*source, {"tests", "bench"}) || source->path == "include/brink/brink.hpp") continue;
    const std::size_t count = includes(*source).size();
    if (count <= most) continue;
    complain(out, *source, 0, std::to_string(count) + " includes; at most " + std::to_string(most));
  }
}

}  // namespace brink::tidy
