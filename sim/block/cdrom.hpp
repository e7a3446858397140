// A CD-ROM drive that the kernel asks for changed media every two seconds (block/genhd.c:
// disk_events_workfn(), drivers/scsi/sr.c: sr_check_events() and block/bio.c: bio_copy_kern(),
// Linux 4.0). It does so in a worker of a CPU's pool, and for each command takes a bio and a page
// for the answer, whose buffer is on the stack. Nobody reads from the drive.
//
// The poll stays with the pool of CPU 0, where the drive was found. Left out: the request, which
// comes from the queue's mempool, TEST UNIT READY and what follows from a change, runtime power
// management, errors of the drive.
#pragma once

#include "sim/locking/cpu_pools.hpp"

namespace brink {

class Memory;

class Cdrom {
 public:
  struct Config {
    Nanos poll = 2 * seconds;        ///< events_dfl_poll_msecs, as udev sets it
    Nanos first_poll = 2 * seconds;  ///< when that begins
  };

  /// `name` must outlive it.
  Cdrom(Memory& memory, CpuPools& pools, const Config& config, const char* name);
  Cdrom(const Cdrom&) = delete;
  Cdrom& operator=(const Cdrom&) = delete;

  void start();
  /// How often the drive has answered, and how often there was no memory to ask it.
  std::uint64_t answers() const { return answers_; }
  std::uint64_t failures() const { return failures_; }

 private:
  static void poll(void* drive);
  int execute();

  Memory& memory_;
  CpuPools& pools_;
  const Config config_;
  WorkItem events_;
  std::uint64_t answers_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace brink
