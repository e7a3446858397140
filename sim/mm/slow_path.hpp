// One request's way through the slow path, in rounds (mm/page_alloc.c: __alloc_pages_slowpath,
// Linux 4.0). At the end of each failed round the allocation policy is asked once what to do.
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
  enum class Step : std::uint8_t { go_on, got, give_up };

  void wake_kswapd();
  Step attempt();
  Step reserve();
  Step refused();
  Step reclaim();
  Step decide();
  Step carry_out(const Action& action);
  Step oom_path();
  Step fail(Cause cause);
  void pause(const Action& action);
  bool repeat_rounds();
  void verify_round();
  void describe_task();
  void update_loop();
  void failed_round();
  Pfn finish(Step how);
  bool has_flag(AllocFlag flag) const { return (flags_ & flag) != 0; }

  Memory& memory_;
  Core& core_;
  Task& me_;
  const PageRequest& request_;
  MemoryWait wait_;
  AllocAttempt& attempt_;
  Steady steady_;
  std::optional<UnlimitedLoop> loop_;
  unsigned flags_ = 0;
  bool restart_ = true;
  Pfn page_ = no_page;
  FailureId failure_ = no_failure;
  Action action_;
};

}  // namespace brink
