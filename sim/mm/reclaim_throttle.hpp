// Where reclaimers wait for what is in their way (mm/vmscan.c: reclaim_throttle(), Linux 6.1): each
// reason has a queue, a longest time and somebody who ends the wait earlier. Left out:
// PF_IO_WORKER (workers here are kernel threads, which are exempt as well).
#pragma once

#include <array>

#include "sim/locking/wait_queue.hpp"

namespace brink {

class Memory;

class ReclaimThrottle {
 public:
  enum class Reason : std::uint8_t { writeback, isolated, no_progress, congested };

  explicit ReclaimThrottle(Memory& memory);

  /// Waits for the reason to go away, for its longest time at most. Kernel threads but kswapd do
  /// not wait: they may be what everybody waits for.
  void wait(Reason reason);
  /// Somebody's reclaim gets on.
  void wake(Reason reason);
  /// A page was written. Those that wait for writeback go on after 32 for each of them.
  void wrote_page() noexcept;

 private:
  bool pointless(Reason reason) const;
  Nanos longest(Reason reason) const;
  WaitQueue& queue(Reason reason) { return queues_[static_cast<std::size_t>(reason)].queue; }

  Memory& memory_;
  struct Queue {
    Queue(Core& core, const char* name) : queue(core, name, WaitKind::io) {}
    WaitQueue queue;
  };
  std::array<Queue, 4> queues_;
  std::uint32_t waiting_for_writeback_ = 0;  ///< nr_writeback_throttled
  std::uint64_t written_ = 0;                ///< since the first of them came
};

}  // namespace brink
