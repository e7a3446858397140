// The pages that one batch of reclaim has off its list, and what it found.
#pragma once

#include <array>

#include "sim/mm/vmscan.hpp"

namespace brink {

struct Reclaim::Batch {
  std::array<Pfn, swap_cluster_max> page;
  std::array<Result, swap_cluster_max> result;
  std::array<bool, swap_cluster_max> advanced{};  ///< changed by having been looked at
  Pages taken = 0;
  StateCounts states;
  Pages immediate = 0;  ///< under writeback for the second time round
  Pages reclaimed = 0;
  Pages pageouts = 0;     ///< that reclaim began to write
  std::uint64_t mix = 0;  ///< of the pages that did not stay as they were, for the run's hash
  bool changed = false;
};

/// What a list would show of a page that reclaim leaves as it is.
std::uint8_t page_state(Memory& memory, const Page& page);

/// Tasks that wait for others to put pages back on the lists.
class IsolatedWait final : public Waitable {
 public:
  explicit IsolatedWait(const Reclaim& reclaim) : Waitable(WaitKind::wakers), reclaim_(reclaim) {}
  void blockers(const Task& waiter, BlockerSink& sink) const override;
  std::string describe() const override { return "too many isolated pages"; }

 private:
  const Reclaim& reclaim_;
};

}  // namespace brink
