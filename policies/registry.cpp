// The policies by name: what `brink list` prints and what an experiment file may name.

#include <array>

#include "policies/builtin.hpp"

namespace brink {

std::span<const PolicyRow<AllocPolicy>> alloc_policies() {
  static constexpr std::array<PolicyRow<AllocPolicy>, 3> rows = {{
      {"bounded_retry",
       "retry a small request N times, then fail it: 0 fails at once, -1 never (Linux 4.0)",
       make_bounded_retry},
      {"linux_2_6",
       "the same, but requests without __GFP_FS never come to the OOM path, and waits are sleeps "
       "(Linux 2.6.3x)",
       make_linux_2_6_alloc},
      {"linux_6_1",
       "the same, but reclaim has 16 rounds in vain before the OOM path, and compaction its own "
       "retries (Linux 6.1)",
       make_linux_6_1_alloc},
  }};
  return rows;
}

std::span<const PolicyRow<OomPolicy>> oom_policies() {
  static constexpr std::array<PolicyRow<OomPolicy>, 8> rows = {{
      {"linux_2_6", "kill a child of the task with most virtual memory (Linux 2.6.30 to 2.6.35)",
       make_linux_2_6_oom},
      {"badness", "kill the task that uses most memory, one at a time (Linux 4.0)", make_badness},
      {"linux_6_1", "the same without children, and with the reaper (Linux 6.1)",
       make_linux_6_1_oom},
      {"lock_aware", "as badness, but only who can exit", make_lock_aware},
      {"oldest", "kill the process that was started first", make_oldest},
      {"largest", "kill the process with most pages, without adjustments", make_largest},
      {"panic", "panic instead of killing", make_panic_on_oom},
      {"none", "kill nobody", make_no_oom_killer},
  }};
  return rows;
}

std::span<const PolicyRow<ReclaimPolicy>> reclaim_policies() {
  static constexpr std::array<PolicyRow<ReclaimPolicy>, 2> rows = {{
      {"linux_2_6", "direct reclaim writes dirty file pages and naps for congestion (Linux 2.6.3x)",
       make_linux_2_6_reclaim},
      {"linux_4_0", "kswapd writes dirty file pages, direct reclaim does not (Linux 3.2 and later)",
       make_linux_4_0_reclaim},
  }};
  return rows;
}

}  // namespace brink
