// The faults by name: what `brink list` prints and what an experiment file may name.

#include <array>

#include "faults/builtin.hpp"

namespace brink {

std::span<const FaultRow> fault_table() {
  static constexpr std::array<FaultRow, 4> rows = {{
      {"fail_nth", "fail the n-th allocation of each task, whatever the probability",
       make_fail_nth},
      {"fail_page_alloc", "fail requests for pages (Linux's fail_page_alloc)",
       make_fail_page_alloc},
      {"failslab", "fail requests for slab objects (Linux's failslab)", make_failslab},
      {"lock_dependency", "make a task take a lock that it would not need", make_lock_dependency},
  }};
  return rows;
}

}  // namespace brink
