// The registries as documentation: one entry a row, with the keys that it takes.
#pragma once

#include <string>

#include "experiment/registries.hpp"

namespace brink {

std::string list_policies(const Registries& registries);
std::string list_oom(const Registries& registries);
std::string list_reclaim(const Registries& registries);
std::string list_eras(const Registries& registries);
std::string list_rules(const Registries& registries);
std::string list_faults(const Registries& registries);
std::string list_programs(const Registries& registries);
std::string list_syscalls(const Registries& registries);
std::string list_sites(const Registries& registries);
std::string list_strategies(const Registries& registries);
std::string list_file_systems(const Registries& registries);
std::string list_devices(const Registries& registries);
std::string list_metrics(const Registries& registries);
/// The keys of [machine], [[mount]] and [[task]].
std::string list_machine(const Registries& registries);

/// All of these but sites and system calls as one page of Markdown: docs/keys.md.
std::string list_keys(const Registries& registries);

}  // namespace brink
