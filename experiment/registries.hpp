// Everything that an experiment file may call by name. Tests and users bring tables of their own.
#pragma once

#include <span>

#include "brink/hook.hpp"
#include "brink/policy.hpp"
#include "brink/program.hpp"
#include "brink/rules.hpp"

namespace brink {

/// A word that a file may use where there is nothing else to say about it.
struct WordRow {
  const char* name;
  const char* summary;
};

struct Registries {
  std::span<const EraRow> eras;
  std::span<const PolicyRow<AllocPolicy>> alloc_policies;
  std::span<const PolicyRow<OomPolicy>> oom_policies;
  std::span<const PolicyRow<ReclaimPolicy>> reclaim_policies;
  std::span<const FaultRow> faults;
  std::span<const ProgramRow> programs;
  std::span<const WordRow> file_systems;
  std::span<const WordRow> devices;
  std::span<const WordRow> strategies;
};

/// What brink comes with.
Registries builtin_registries();

/// The words of `brink list` and of error messages that belong to the simulated machine.
std::span<const WordRow> builtin_file_systems();
std::span<const WordRow> builtin_devices();
std::span<const WordRow> builtin_strategies();
std::span<const WordRow> builtin_syscalls();

}  // namespace brink
