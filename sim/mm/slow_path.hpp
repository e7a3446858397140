// One request's way through the slow path, in rounds (mm/page_alloc.c: __alloc_pages_slowpath,
// Linux 2.6.31 to 6.1; in 2.6.30 a part of __alloc_pages_internal). At the end of each failed round
// the allocation policy is asked once what to do; how a round goes is a matter of rules.
//
// Left out: NUMA but for GFP_THISNODE, cpusets, suspended storage.
#pragma once

#include <optional>

#include "sim/locking/poll.hpp"
#include "sim/mm/memory_wait.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/steady.hpp"

namespace brink {

class SlowPath {
 public:
  SlowPath(Memory& memory, const PageRequest& request);

  /// The pages, or no_page: then a failure is on the task's list, unless the request is quiet.
  Pfn run();

 private:
  /// `again`: another round.
  enum class Step : std::uint8_t { go_on, again, got, give_up };
  /// How a round is come to: from outside, from the OOM path (goto restart), or from a round that
  /// ended without it (goto rebalance).
  enum class Edge : std::uint8_t { entry, restart, rebalance };

  // slow_path.cpp: a round, up to the question.
  bool gives_up_at_once() const;
  Step enter_round();
  /// Whether what is done on this occasion is done in a round that was come to so.
  template <class Occasion>
  static bool due(Occasion when, Edge edge) {
    if (when == Occasion::round) return true;
    return when == Occasion::restart ? edge != Edge::rebalance : edge == Edge::entry;
  }
  void wake_kswapd();
  unsigned rights() const;
  Step take(Watermark mark, unsigned flags);
  Step reserve();
  void wait_in_vain(Pause how, bool alike);
  Step refused();
  Step compact_first(Edge edge);
  Step compact(CompactPriority priority);
  Step reclaim();
  void count_round(Pages progress);
  Step last_resort() { return take(Watermark::min, ALLOC_HIGH); }
  bool has_last_resort() const;
  void drain();
  Step fail(Cause cause);
  void failed_round();
  Pfn finish(Step how);

  // slow_path_decide.cpp: the question, and what follows from the answer.
  Step decide();
  void describe_task();
  void describe_memory();
  Step give_up();
  void update_loop();
  Step carry_out();
  Step oom_path();
  bool oom_helped() const;
  Step after_oom(OomResult result);
  void pause(Pause how, Nanos longest);
  bool sleeps(Pause how) const;
  bool repeat_rounds();
  std::uint64_t repeatable_rounds();
  void repeat(std::uint64_t rounds);
  bool changed_meanwhile() const;
  void verify_round();

  bool has_flag(AllocFlag flag) const { return (flags_ & flag) != 0; }
  const Rules& rules() const;

  Memory& memory_;
  Core& core_;
  Task& me_;
  const PageRequest& request_;
  MemoryWait wait_;
  AllocAttempt& attempt_;
  Steady steady_;
  std::optional<UnlimitedLoop> loop_;
  unsigned flags_ = 0;
  Edge edge_ = Edge::entry;
  Pages progress_ = 0;           ///< of the last round's reclaim
  bool woke_kswapd_ = false;     ///< in this round
  std::uint64_t looked_at_ = 0;  ///< Reclaim::looked_at() before it
  Pfn page_ = no_page;
  FailureId failure_ = no_failure;
  Action action_;
};

}  // namespace brink
