// A machine with block devices and tasks, nothing else.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "brink/params.hpp"
#include "brink/site_list.hpp"
#include "policies/builtin.hpp"
#include "policies/eras/eras.hpp"
#include "sim/block/block.hpp"
#include "sim/locking/locks.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"
#include "sim/sched/fifo.hpp"

namespace brink::test {

class Disk {
 public:
  explicit Disk(std::string row = "disk", std::vector<std::unique_ptr<Fault>> faults = {})
      : alloc_(make_bounded_retry(params_)),
        oom_(make_badness(params_)),
        reclaim_(make_linux_4_0_reclaim(params_)),
        core(config(), fifo_),
        locks(core),
        memory(core, locks, setup(std::move(faults))),
        block(memory),
        device(block.device(row)) {
    task([this] { block.bios().fill_reserve(); });
  }
  ~Disk() { core.abort(); }

  void task(std::function<void()> body) {
    bodies_.push_back(std::move(body));
    core.spawn("task",
               {[](void* run) { (*static_cast<std::function<void()>*>(run))(); }, &bodies_.back()});
  }
  /// Submits a transfer by the running task; `done` gets the block and the time of its end.
  void submit(BlockNumber at, std::uint32_t blocks, bool write, Site site = site::bh_bio,
              bool sync = false) {
    Bio& bio = block.bios().alloc(site, &device);
    bio.block = at;
    bio.blocks = blocks;
    bio.write = write;
    bio.owner = this;
    bio.argument = at;
    bio.sync = sync;
    bio.end_io = [](Bio& ended) {
      Disk& self = *static_cast<Disk*>(ended.owner);
      self.done.push_back({ended.block, self.core.now(), ended.error});
    };
    device.submit(bio);
  }

  struct Named final : BlockerSink {
    void task(const Task& blocker) override { tasks.push_back(blocker.id); }
    void event() override { ++events; }
    void anyone() override { ++events; }
    std::vector<TaskId> tasks;
    int events = 0;
  };
  /// Who must act before the transfer that begins at this block ends.
  Named blockers_of(BlockNumber at) {
    Named named;
    device.blockers({.owner = this, .argument = at}, core.current(), named);
    return named;
  }

  struct Done {
    BlockNumber block;
    Nanos at;
    int error;
  };

 private:
  static CoreConfig config() {
    CoreConfig config;
    config.cpus = 2;
    config.time_limit = 100 * seconds;
    return config;
  }
  MemorySetup setup(std::vector<std::unique_ptr<Fault>> faults) {
    MemorySetup setup;
    setup.config.memory = 32 * MiB;
    setup.rules = Rules{};
    setup.site_rule = linux_4_0_site;
    setup.policies.alloc = alloc_.get();
    setup.policies.oom = oom_.get();
    setup.policies.reclaim = reclaim_.get();
    setup.faults = std::move(faults);
    return setup;
  }

  Params params_;
  const std::unique_ptr<AllocPolicy> alloc_;
  const std::unique_ptr<OomPolicy> oom_;
  const std::unique_ptr<ReclaimPolicy> reclaim_;
  FifoStrategy fifo_;
  std::deque<std::function<void()>> bodies_;

 public:
  std::vector<Done> done;
  Core core;
  Locks locks;
  Memory memory;
  Block block;
  Device& device;
};

}  // namespace brink::test
