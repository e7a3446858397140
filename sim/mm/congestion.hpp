// Waiting for congested devices (mm/backing-dev.c, Linux 2.6.30 to 4.0). A queue counts the
// requests that somebody waits for (sync: reads, and writes of fsync() and the journal) apart from
// those that nobody does (async: writeback), and so do the waits here.
#pragma once

#include <array>

#include "brink/policy.hpp"
#include "sim/locking/wait_queue.hpp"
#include "sim/mm/upcalls.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

class Congestion {
 public:
  /// `worker_naps`: Rules::worker_naps.
  explicit Congestion(Core& core, bool worker_naps = false)
      : core_(core),
        worker_naps_(worker_naps),
        classes_{{{core, "congestion_wqh[async]"}, {core, "congestion_wqh[sync]"}}} {}

  /// Whoever waits here lets go of what it holds back first.
  void set_plugs(Plugs& plugs) { plugs_ = &plugs; }

  /// set_bdi_congested(): a device's queue has too many requests of that class.
  void set(bool sync) noexcept { ++classes_[sync].devices; }
  /// clear_bdi_congested(): a request of that class has ended and left the queue shorter than where
  /// congestion ends. Whoever waits is woken, whether or not the queue `was_congested`: this is
  /// what makes the waits of 2009 short where requests end all the time, and long where none do.
  void clear(bool sync, bool was_congested) noexcept;
  bool congested(CongestionClass of) const;

  /// congestion_wait(): until a request of the class ends, or the time is up. `both` waits for an
  /// async one first, and for a sync one with the time that is left.
  void wait(CongestionClass of, Nanos timeout);
  void wait(Nanos timeout) { wait(CongestionClass::async, timeout); }
  /// wait_iff_congested(): the same if a queue of that class is congested and the zone met that
  /// lately; else only offers the CPU, or, as a worker that is to nap, sleeps for a tick. Whether
  /// it waited for a queue.
  bool wait_iff(const Zone& zone, CongestionClass of, Nanos timeout);
  bool wait_iff(const Zone& zone, Nanos timeout) {
    return wait_iff(zone, CongestionClass::async, timeout);
  }

 private:
  struct Class {
    Class(Core& core, const char* name) : queue(core, name, WaitKind::io) {}
    WaitQueue queue;
    std::uint32_t devices = 0;  ///< nr_bdi_congested
  };

  void wait_one(bool sync, Nanos deadline);

  Core& core_;
  const bool worker_naps_;
  Plugs* plugs_ = nullptr;
  std::array<Class, 2> classes_;  ///< async, sync
};

}  // namespace brink
