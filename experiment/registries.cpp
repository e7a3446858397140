// The tables that brink comes with, in one place.

#include "experiment/registries.hpp"

namespace brink {

Registries builtin_registries() {
  return {eras(),
          alloc_policies(),
          oom_policies(),
          reclaim_policies(),
          fault_table(),
          program_table(),
          builtin_file_systems(),
          builtin_devices(),
          builtin_strategies()};
}

}  // namespace brink
