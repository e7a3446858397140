// Waiting for congested devices (mm/backing-dev.c, Linux 4.0). Left out: the split into synchronous
// and asynchronous requests; only writes count.
#pragma once

#include "sim/locking/wait_queue.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

class Congestion {
 public:
  explicit Congestion(Core& core)
      : core_(core), queue_(core, "congestion_wqh", WaitKind::io) {}

  void set(bool congested) noexcept;
  bool congested() const { return devices_ != 0; }

  /// congestion_wait(): until a device is no longer congested, or the time is up.
  void wait(Nanos timeout);
  /// wait_iff_congested(): the same if any device is congested and the zone met that lately; else
  /// only offers the CPU.
  void wait_iff(const Zone& zone, Nanos timeout);

 private:
  Core& core_;
  WaitQueue queue_;
  std::uint32_t devices_ = 0;
};

}  // namespace brink
