// The pools, made as they are asked for (kernel/workqueue.c, Linux 4.0).

#include "sim/locking/cpu_pools.hpp"

#include "brink/assert.hpp"

namespace brink {

CpuPools::CpuPools(Core& core, std::uint32_t cpus) : core_(core) {
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) pools_.push_back({std::to_string(cpu), nullptr});
}

WorkQueue& CpuPools::of(std::uint32_t cpu) {
  BRINK_ASSERT(cpu < pools_.size());
  Pool& pool = pools_[cpu];
  if (pool.queue == nullptr) {
    pool.queue = std::make_unique<WorkQueue>(
        core_, WorkQueueConfig{.name = pool.name.c_str(), .bound = true});
  }
  return *pool.queue;
}

}  // namespace brink
