// `brink list`: what an experiment file may name, with the keys that each thing takes.

#include <cstdio>
#include <functional>

#include "brink/site_list.hpp"
#include "cli/commands.hpp"
#include "experiment/listing.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

struct Listing {
  const char* name;
  std::string (*text)(const Registries&);
};

const Listing listings[] = {
    {"policies", list_policies}, {"oom", list_oom},
    {"reclaim", list_reclaim},   {"eras", list_eras},
    {"rules", list_rules},       {"faults", list_faults},
    {"programs", list_programs}, {"syscalls", list_syscalls},
    {"sites", list_sites},       {"strategies", list_strategies},
    {"fs", list_file_systems},   {"devices", list_devices},
    {"metrics", list_metrics},   {"machine", list_machine},
    {"keys", list_keys},
};

}  // namespace

std::vector<std::string> listable() { return names_of(std::span<const Listing>(listings)); }

int list_command(const std::string& what) {
  const Listing& listing =
      row_named(std::span<const Listing>(listings), what, "list", {"brink list", 0, 0});
  const std::string text = listing.text(builtin_registries());
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_as_expected;
}

}  // namespace brink
