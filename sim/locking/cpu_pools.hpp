// The worker pools of the CPUs, which all bound work queues of a machine share: system_wq,
// system_freezable_power_efficient_wq and the like (kernel/workqueue.c, Linux 4.0). Left out:
// high-priority pools, power_efficient = 1 (which makes such queues unbound), CPUs that come and
// go, the queues' own limits of active items.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "sim/locking/work_queue.hpp"

namespace brink {

class CpuPools {
 public:
  CpuPools(Core& core, std::uint32_t cpus);

  std::uint32_t count() const { return static_cast<std::uint32_t>(pools_.size()); }
  /// A pool has no worker before it is first asked for.
  WorkQueue& of(std::uint32_t cpu);

 private:
  struct Pool {
    std::string name;
    std::unique_ptr<WorkQueue> queue;
  };

  Core& core_;
  std::deque<Pool> pools_;
};

}  // namespace brink
