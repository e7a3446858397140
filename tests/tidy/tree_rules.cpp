// What must be there: rows and tests of plug-ins, targets of links, expectations of experiments.

#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "tests/tidy/rules.hpp"

namespace brink::tidy {
namespace {

/// Where plug-ins live. The table that lists them is the registry.cpp of each.
constexpr std::array<const char*, 3> shelves = {"policies", "faults", "programs"};

bool says(const Source& source, const std::string& words) {
  return std::any_of(source.lines.begin(), source.lines.end(), [&](const std::string& line) {
    return line.find(words) != std::string::npos;
  });
}

/// The folder's .cpp files without a header of their own: files with one are shared code. Eras are
/// no plug-ins: they have a table of their own and are tested through it.
std::vector<const Source*> plug_ins(const Tree& tree, const std::string& shelf) {
  std::vector<const Source*> found;
  for (const Source* source : below(tree, shelf)) {
    const std::string name = folder_of(source->path) + "/" + stem(source->path);
    if (!source->path.ends_with(".cpp") || stem(source->path) == "registry") continue;
    if (find(tree, name + ".hpp") != nullptr || in_any(*source, {"policies/eras"})) continue;
    found.push_back(source);
  }
  return found;
}

/// What a plug-in may be called by: its name in quotes, and its factories.
std::vector<std::string> callings(const Source& source) {
  static const std::regex factory(R"(\bmake_\w+(?=\(Params\b))");
  std::vector<std::string> found = {"\"" + stem(source.path) + "\""};
  for (const std::string& line : source.code) {
    std::smatch match;
    if (std::regex_search(line, match, factory)) found.push_back(match.str());
  }
  return found;
}

/// A test of its own, or one beside the others that calls it.
bool has_test(const Tree& tree, const std::string& folder, const Source& tested,
              const std::vector<std::string>& callings) {
  for (const Source* source : below(tree, folder)) {
    if (stem(source->path) == stem(tested.path) + "_test") return true;
    const auto called = [&](const std::string& calling) { return says(*source, calling); };
    if (std::any_of(callings.begin(), callings.end(), called)) return true;
  }
  return false;
}

/// The headers of `folder` that a source includes.
std::vector<std::string> headers_of(const Source& source, const std::string& folder) {
  const std::regex include("#include \"(" + folder + "[^\"]+)\"");
  std::vector<std::string> found;
  for (const std::string& line : source.lines) {
    std::smatch match;
    if (std::regex_search(line, match, include)) found.push_back(match[1]);
  }
  return found;
}

bool is_kebab_case(const std::string& name) {
  return std::regex_match(name, std::regex("[a-z0-9]+(-[a-z0-9]+)*"));
}

std::vector<std::string> links(const std::string& line) {
  static const std::regex link(R"(\]\(([^)\s]+)\))");
  std::vector<std::string> found;
  for (std::sregex_iterator i(line.begin(), line.end(), link), end; i != end; ++i) {
    found.push_back((*i)[1]);
  }
  return found;
}

}  // namespace

void plug_ins_have_rows_and_tests(const Tree& tree, Violations& out) {
  for (const std::string shelf : shelves) {
    const Source* table = find(tree, shelf + "/registry.cpp");
    for (const Source* source : plug_ins(tree, shelf)) {
      if (table == nullptr || !says(*table, "\"" + stem(source->path) + "\"")) {
        complain(out, *source, 0, "has no row in " + shelf + "/registry.cpp");
      }
      if (!has_test(tree, "tests/" + shelf, *source, callings(*source))) {
        complain(out, *source, 0, "has no test");
      }
    }
  }
}

void strategies_are_used_and_tested(const Tree& tree, Violations& out) {
  const std::vector<const Source*> mechanism = below(tree, "sim");
  for (const Source* source : below(tree, "sim/sched")) {
    if (!says(*source, ": public Strategy {")) continue;
    const std::string name = stem(source->path), header = "sim/sched/" + name + ".hpp";
    const auto uses = [&](const Source* other) {
      return stem(other->path) != name && says(*other, header);
    };
    if (std::none_of(mechanism.begin(), mechanism.end(), uses)) {
      complain(out, *source, 0, "can be chosen by nobody");
    }
    if (!has_test(tree, "tests/sim/sched", *source, {"\"" + name + "\"", header})) {
      complain(out, *source, 0, "has no test");
    }
  }
}

void reports_have_tests(const Tree& tree, Violations& out) {
  for (const Source* source : below(tree, "report")) {
    if (!source->path.ends_with(".cpp")) continue;
    if (!has_test(tree, "tests/report", *source, headers_of(*source, "report/"))) {
      complain(out, *source, 0, "has no test");
    }
  }
}

void sources_are_compiled(const Tree& tree, const std::string& root, const std::string& compiled,
                          Violations& out) {
  std::set<std::string> known;
  std::istringstream lines(compiled);
  for (std::string line; std::getline(lines, line);) known.insert(line);
  for (const Source* source : below(tree, "")) {
    // The consumer of the installed library is built by install_test.
    if (!source->path.ends_with(".cpp") || in_any(*source, {"tests/install"})) continue;
    if (!known.contains(root + "/" + source->path)) complain(out, *source, 0, "is in no target");
  }
}

void experiments_expect(const Tree& tree, Violations& out) {
  for (const Source& source : tree) {
    if (!in_any(source, {"configs"}) || !source.path.ends_with(".toml")) continue;
    if (!is_kebab_case(stem(source.path))) complain(out, source, 0, "is not kebab-case");
    if (!says(source, "[expect")) complain(out, source, 0, "expects nothing");
  }
}

void links_exist(const Tree& tree, const std::string& root, Violations& out) {
  const std::regex elsewhere("^(https?:|mailto:|#).*");
  for (const Source& source : tree) {
    if (!source.path.ends_with(".md")) continue;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const std::string& link : links(source.lines[i])) {
        if (std::regex_match(link, elsewhere)) continue;
        const std::filesystem::path from = std::filesystem::path(root) / folder_of(source.path);
        const bool there = std::filesystem::exists(from / link.substr(0, link.find('#')));
        if (!there) complain(out, source, i, "dead link: " + link);
      }
    }
  }
}

void contributing_is_short(const Tree& tree, Violations& out) {
  const Source* guide = find(tree, "CONTRIBUTING.md");
  if (guide == nullptr) out.push_back("there is no CONTRIBUTING.md");
  if (guide != nullptr && guide->lines.size() > 60) complain(out, *guide, 60, "too long");
}

}  // namespace brink::tidy
