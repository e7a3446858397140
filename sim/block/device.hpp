// A block device as those above it see it (struct block_device and its queue's make_request_fn,
// Linux 4.0): real hardware behind a request queue (queued_device.hpp), or something that is made
// of other devices. Left out: partitions' own statistics, discard but of swap slots, resizing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "sim/block/bio.hpp"
#include "sim/sched/wait.hpp"

namespace brink {

class BioSet;
class Core;
class Memory;

/// Names a transfer by what its submitter wrote into the bio: the owner and either the argument or
/// one of the pages.
struct BioKey {
  const void* owner = nullptr;
  std::uint64_t argument = 0;
  Pfn page = no_page;

  bool matches(const Bio& bio) const;
};

class Device {
 public:
  /// `name` is what hooks and messages call it.
  Device(Memory& memory, std::string name) : memory_(memory), name_(std::move(name)) {}
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;

  /// What it needs before it can be used: filled pools, threads. By the task that boots.
  virtual void start() {}

  /// Starts a transfer, for which it may sleep. `end_io` is called when it has ended, then the bio
  /// is freed.
  virtual void submit(Bio& bio) = 0;

  /// Nobody will read the block again before it is written (swap_slot_free_notify).
  virtual void discard(BlockNumber /*block*/) {}

  /// What the running task submits is held back until unplug(), or until it sleeps for a bio or a
  /// request, or until 16 bios are held (blk_start_plug). Plugs nest.
  virtual void plug() {}
  virtual void unplug() {}
  virtual void flush_plug() {}
  /// For a mempool's caller, whose plug may hold the reserve.
  BeforeSleep flush_before_sleep() {
    return {[](void* device) { static_cast<Device*>(device)->flush_plug(); }, this};
  }

  /// Too many requests of that direction's class are queued or being served (bdi_write_congested,
  /// bdi_read_congested).
  virtual bool congested(bool write) const = 0;
  /// Requests that real hardware, or its queue, has.
  virtual std::uint32_t in_flight() const { return 0; }
  virtual std::uint64_t requests_served() const { return 0; }
  /// What a page takes, one after the other: the measure of the device's bandwidth.
  virtual Nanos page_time() const = 0;

  // --- For whoever asks who must act.

  /// Before the transfer ends that was submitted with this key. Any one of those named is enough.
  virtual void blockers(const BioKey& of, const Task& waiter, BlockerSink& sink) const = 0;
  /// Before any of its transfers ends that hardware does not have yet.
  virtual void carriers(BlockerSink& /*sink*/) const {}

  const std::string& name() const { return name_; }
  /// Blocks transferred since the start.
  std::uint64_t blocks_moved(bool write) const { return moved_[write]; }

 protected:
  Memory& memory() const { return memory_; }
  Core& core() const;
  void count_moved(const Bio& bio) { moved_[bio.write] += bio.blocks; }
  /// bio_endio(), and bio_put(). The bio is gone then.
  void end(Bio& bio, int error) noexcept;

 private:
  Memory& memory_;
  const std::string name_;
  std::array<std::uint64_t, 2> moved_{};
};

}  // namespace brink
