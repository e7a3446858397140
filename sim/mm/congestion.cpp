// Waiting for congested devices (mm/backing-dev.c, Linux 2.6.30 to 4.0).

#include "sim/mm/congestion.hpp"

namespace brink {

void Congestion::clear(bool sync, bool was_congested) noexcept {
  Class& own = classes_[sync];
  if (was_congested) --own.devices;
  if (own.queue.has_waiters()) own.queue.wake_up_all();
}

bool Congestion::congested(CongestionClass of) const {
  const bool async = of != CongestionClass::sync && classes_[0].devices != 0;
  return async || (of != CongestionClass::async && classes_[1].devices != 0);
}

void Congestion::wait_one(bool sync, Nanos deadline) {
  static_cast<void>(classes_[sync].queue.sleep(WaitMode::uninterruptible, deadline));
}

void Congestion::wait(CongestionClass of, Nanos timeout) {
  if (plugs_ != nullptr) plugs_->flush();
  const Nanos deadline = core_.now() + timeout;
  wait_one(of == CongestionClass::sync, deadline);
  if (of == CongestionClass::both && core_.now() < deadline) wait_one(true, deadline);
}

bool Congestion::wait_iff(const Zone& zone, CongestionClass of, Nanos timeout) {
  if (!congested(of) || (zone.flags & ZONE_CONGESTED) == 0) {
    if (worker_naps_ && core_.current().has(PF_WQ_WORKER)) {
      core_.sleep(core_.tick());
    } else {
      core_.cond_resched();
    }
    return false;
  }
  wait(of, timeout);
  return true;
}

}  // namespace brink
