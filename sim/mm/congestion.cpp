// Waiting for congested devices (mm/backing-dev.c, Linux 4.0).

#include "sim/mm/congestion.hpp"

namespace brink {

void Congestion::set(bool congested) noexcept {
  if (congested) {
    ++devices_;
    return;
  }
  --devices_;
  queue_.wake_up_all();
}

void Congestion::wait(Nanos timeout) {
  static_cast<void>(queue_.sleep(WaitMode::uninterruptible, core_.now() + timeout));
}

void Congestion::wait_iff(const Zone& zone, Nanos timeout) {
  if (!congested() || (zone.flags & ZONE_CONGESTED) == 0) return core_.cond_resched();
  wait(timeout);
}

}  // namespace brink
