// The table of kernel eras. `4.0` has no limit on retries: its policy's default, -1, is the rule
// that small requests are too small to fail. `4.0+knob` is the same kernel with the patch of March
// 2015 that makes that limit a setting. The rows `2.6.31+1` to `2.6.32-rc6+1+2+3+4+5` are those of
// Mel Gorman's tables of 12 November 2009: patches by number, each with those before it.

#include "policies/eras/eras.hpp"

#include <vector>

namespace brink {
namespace {

EraRow row_2_6(const char* name, const char* summary, const Rules& rules, const char* congestion) {
  return {name,
          summary,
          {"linux_2_6", {}},
          {"linux_2_6", {}},
          {"linux_2_6", {{"congestion", Value(congestion)}}},
          rules,
          linux_2_6_site,
          linux_4_0_slab};
}

/// Mel Gorman's patches 1 to `last` on top of a kernel.
EraRow patched(EraRow row, const char* name, const char* summary, int last) {
  row.name = name;
  row.summary = summary;
  row.rules.kswapd_wake = Rules::KswapdWake::restart;
  row.rules.rights_test = Rules::RightsTest::restart;
  if (last >= 2) row.rules.rt_harder_in_interrupt = false;
  Table& reclaim = row.reclaim_policy.params;
  if (last >= 3) reclaim.insert_or_assign("congestion", Value("both"));
  if (last >= 4) reclaim.insert_or_assign("kswapd_sleep", Value("second_look"));
  if (last >= 5) reclaim.insert_or_assign("kswapd_naps_by_order", Value(true));
  return row;
}

std::vector<EraRow> make_rows() {
  EraRow v30 = row_2_6("2.6.30",
                       "Linux 2.6.30: kswapd is woken after each restart; waits for congestion "
                       "end with reads",
                       linux_2_6_30_rules(), "sync");
  v30.oom_policy.params = {{"costly_nofail", Value(false)}};
  v30.alloc_policy.params = {{"costly_nofail", Value(false)}};
  const EraRow v31 = row_2_6("2.6.31",
                             "Linux 2.6.31: kswapd is woken once a request; waits for "
                             "congestion end with writeback",
                             linux_2_6_31_rules(), "async");
  const EraRow rc6 = row_2_6("2.6.32-rc6",
                             "Linux 2.6.32-rc6: 2.6.31 with the isolation throttle "
                             "and per-type page lists",
                             linux_2_6_32_rc6_rules(), "async");
  const EraRow v40 = {"4.0",
                      "Linux 4.0: small requests that may sleep are retried for ever",
                      {"bounded_retry", {}},
                      {"badness", {}},
                      {"linux_4_0", {}},
                      Rules{},
                      linux_4_0_site,
                      linux_4_0_slab};
  const auto again = [](EraRow row, const char* name, const char* summary) {
    row.name = name;
    row.summary = summary;
    return row;
  };
  const auto reverted = [](const EraRow& row, const char* name, const char* summary) {
    return row_2_6(name, summary, row.rules, "sync");
  };
  // 9879de7373fc, in force from 3.19-rc7 until cc87317726f8 (4.0-rc).
  EraRow v319 = again(v40, "3.19",
                      "Linux 3.19: requests without __GFP_FS fail at the first round without "
                      "progress");
  v319.alloc_policy.params = {{"retries", Value(0)},
                              {"scope", Value(Table{{"gfp", Value(List{"nofs", "noio"})}})}};
  EraRow v61 = again(v40, "6.1", "Linux 6.1");
  v61.alloc_policy = {"linux_6_1", {}};
  v61.rules = linux_6_1_rules();
  v61.slab = linux_6_1_slab;
  v61.oom_policy = {"linux_6_1", {}};
  v61.site = linux_6_1_site;
  return {
      v30,
      v31,
      patched(v31, "2.6.31+1", "2.6.31 that wakes kswapd after each restart", 1),
      patched(v31, "2.6.31+1+2", "and asks for real-time tasks outside of interrupts only", 2),
      patched(v31, "2.6.31+1+2+3", "and waits for congestion of both classes", 3),
      patched(v31, "2.6.31+1+2+3+4", "and looks again before kswapd sleeps", 4),
      patched(v31, "2.6.31+1+2+3+4+5", "and lets kswapd nap later for high orders", 5),
      reverted(v31, "2.6.31+revert-8aa7e847", "2.6.31 that waits for congestion as 2.6.30"),
      rc6,
      patched(rc6, "2.6.32-rc6+1", "2.6.32-rc6 that wakes kswapd after each restart", 1),
      patched(rc6, "2.6.32-rc6+1+2", "and asks for real-time tasks outside of interrupts only", 2),
      patched(rc6, "2.6.32-rc6+1+2+3", "and waits for congestion of both classes", 3),
      patched(rc6, "2.6.32-rc6+1+2+3+4", "and looks again before kswapd sleeps", 4),
      patched(rc6, "2.6.32-rc6+1+2+3+4+5", "and lets kswapd nap later for high orders", 5),
      reverted(rc6, "2.6.32-rc6+revert-8aa7e847", "2.6.32-rc6 that waits for congestion as 2.6.30"),
      patched(rc6, "2.6.32", "Linux 2.6.32: the release candidate with patches 1 and 2", 2),
      v319,
      v40,
      again(v40, "4.0+knob", "Linux 4.0 with vm.retry_allocation_attempts (posted 11 March 2015)"),
      v61,
  };
}

}  // namespace

std::span<const EraRow> eras() {
  static const std::vector<EraRow> rows = make_rows();
  return rows;
}

}  // namespace brink
