// The table of kernel eras. `4.0` has no limit on retries: its policy's default, -1, is the rule
// that small requests are too small to fail. `4.0+knob` is the same kernel with the patch of March
// 2015 that makes that limit a setting.

#include "policies/eras/eras.hpp"

#include <array>

namespace brink {

std::span<const EraRow> eras() {
  static const std::array<EraRow, 2> rows = {{
      {"4.0", "Linux 4.0: small requests that may sleep are retried for ever", "bounded_retry",
       "badness", "linux_4_0", linux_4_0_rules(), linux_4_0_site},
      {"4.0+knob", "Linux 4.0 with vm.retry_allocation_attempts (posted 11 March 2015)",
       "bounded_retry", "badness", "linux_4_0", linux_4_0_rules(), linux_4_0_site},
  }};
  return rows;
}

}  // namespace brink
