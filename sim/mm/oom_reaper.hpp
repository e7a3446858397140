// The OOM reaper (mm/oom_kill.c: oom_reaper, Linux 6.1): a kernel thread that takes the memory of a
// victim which has not given it back by itself some time after the kill. It waits for no lock and
// allocates nothing that it cannot do without; when it is done, or has given up, nobody waits for
// that victim any more. Left out: freezing. The kernel takes the latest of several victims first,
// this one the earliest.
#pragma once

#include <deque>

#include "sim/sched/core.hpp"

namespace brink {

class AddressSpace;
class Memory;

class OomReaper {
 public:
  static constexpr unsigned tries_max = 10;  ///< MAX_OOM_REAP_RETRIES
  static constexpr Nanos nap = 100 * ms;     ///< HZ/10

  /// `delay`: OOM_REAPER_DELAY.
  OomReaper(Memory& memory, Nanos delay) : memory_(memory), delay_(delay) {}

  /// Spawns the daemon.
  void start();
  const Task& task() const { return *task_; }

  /// queue_oom_reaper().
  void queue(const Task& victim, AddressSpace& mm);
  /// Some victim's memory has yet to be tried: it will act by itself, since it only waits for time.
  bool busy() const { return !queue_.empty(); }

 private:
  struct Victim {
    TaskId task;
    AddressSpace* mm;
    Nanos due;
  };

  static void body(void* self);
  void run();
  void reap(const Victim& victim);
  void report(const Victim& victim, bool reaped) const;

  Memory& memory_;
  const Nanos delay_;
  Task* task_ = nullptr;
  std::deque<Victim> queue_;  ///< by time
};

}  // namespace brink
