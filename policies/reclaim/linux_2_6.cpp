// linux_2_6: how reclaim goes about it in Linux 2.6.30 to 2.6.32 (mm/vmscan.c), with what Mel
// Gorman's patches of 12 November 2009 would have changed.
//
// Direct reclaim writes dirty file pages itself. Whoever waits for congestion waits for one class
// of requests: callers always meant writeback, but since 1faa16d22877 (2.6.30) the constant that
// they passed has meant synchronous requests, until 8aa7e847d834 (2.6.31) made it say what was
// meant.

#include <algorithm>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

constexpr int def_priority = 12;

class Linux26Reclaim final : public ReclaimPolicy {
 public:
  explicit Linux26Reclaim(Params& params)
      : swappiness_(static_cast<unsigned>(
            params.integer("swappiness", 60, {0, 100},
                           "how willingly anonymous pages are swapped, as vm.swappiness"))),
        writes_(params.boolean("direct_reclaim_writes", true,
                               "direct reclaim writes dirty file pages itself")),
        class_(static_cast<CongestionClass>(params.choice(
            "congestion", 0, {"async", "sync", "both"},
            "whose completions end a wait for congestion: writeback (2.6.31), synchronous requests "
            "(2.6.30, revert of 8aa7e847d834), or first the one and then the other (patch 3)"))),
        sleep_(static_cast<KswapdSleep>(params.choice(
            "kswapd_sleep", 0, {"at_once", "second_look"},
            "how kswapd goes to sleep: at once, or after a nap and a second look (patch 4)"))),
        naps_by_order_(params.boolean(
            "kswapd_naps_by_order", false,
            "kswapd begins to nap later when it works for a high order (patch 5)")) {}

  unsigned swappiness() const override { return swappiness_; }
  bool direct_reclaim_writes() const override { return writes_; }
  CongestionClass congestion_class() const override { return class_; }
  KswapdSleep kswapd_sleep() const override { return sleep_; }
  int kswapd_naps_below(unsigned order) const override {
    const int from = def_priority - 2;
    return naps_by_order_ ? from - std::min(from, static_cast<int>(order)) : from;
  }

 private:
  const unsigned swappiness_;
  const bool writes_;
  const CongestionClass class_;
  const KswapdSleep sleep_;
  const bool naps_by_order_;
};

}  // namespace

std::unique_ptr<ReclaimPolicy> make_linux_2_6_reclaim(Params& params) {
  return std::make_unique<Linux26Reclaim>(params);
}

}  // namespace brink
