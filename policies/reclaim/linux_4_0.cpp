// linux_4_0: how reclaim goes about it in Linux 4.0 and 6.1 (mm/vmscan.c). Its pace (priorities,
// batches, naps) is mechanism and lives in the simulated mm.
//
// Direct reclaim leaves dirty file pages to kswapd and the flusher since Linux 3.2, because a file
// system's writepage on top of any caller's stack could overflow it. Anonymous pages it does write.

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

class Linux40Reclaim final : public ReclaimPolicy {
 public:
  explicit Linux40Reclaim(Params& params)
      : swappiness_(static_cast<unsigned>(params.integer(
            "swappiness", 60, {0, 200},
            "how willingly anonymous pages are swapped, as vm.swappiness: 0 hardly, 100 like file "
            "pages; more than 100 since 5.8"))),
        direct_reclaim_writes_(params.boolean(
            "direct_reclaim_writes", false,
            "direct reclaim writes dirty file pages itself, as kernels before 3.2 did")) {}

  unsigned swappiness() const override { return swappiness_; }
  bool direct_reclaim_writes() const override { return direct_reclaim_writes_; }

 private:
  const unsigned swappiness_;
  const bool direct_reclaim_writes_;
};

}  // namespace

std::unique_ptr<ReclaimPolicy> make_linux_4_0_reclaim(Params& params) {
  return std::make_unique<Linux40Reclaim>(params);
}

}  // namespace brink
