// A device of real hardware behind a request queue (block/blk-core.c, Linux 4.0). The queue counts
// the requests that somebody waits for apart from the others, each up to 128. Left out: partitions,
// per-process I/O contexts and their batches, ioprio, tag queues, blk-mq.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/block/device.hpp"
#include "sim/block/device_table.hpp"
#include "sim/block/elevator.hpp"
#include "sim/block/pool.hpp"
#include "sim/locking/wait_queue.hpp"

namespace brink {

class QueuedDevice final : public Device {
 public:
  QueuedDevice(Memory& memory, const DeviceRow& row, std::string name);

  /// Joined to an adjacent transfer that waits, or as a request of its own, for which it may sleep
  /// while the queue is full.
  void submit(Bio& bio) override;
  void plug() override;
  void unplug() override;
  void flush_plug() override;
  bool congested(bool write) const override { return classes_[!write].congested; }
  std::uint32_t in_flight() const override { return classes_[0].requests + classes_[1].requests; }
  std::uint64_t requests_served() const override { return served_count_; }
  Nanos page_time() const override { return row_.page; }
  void blockers(const BioKey& of, const Task& waiter, BlockerSink& sink) const override;
  void carriers(BlockerSink& sink) const override;

 private:
  // nr_requests, and where a queue begins and ends to count as congested (blk_queue_congestion_
  // threshold): of 128, on from 113, off below 103.
  static constexpr std::uint32_t nr_requests = 128;
  static constexpr std::uint32_t congestion_on = 113;
  static constexpr std::uint32_t congestion_off = 103;
  static constexpr std::size_t max_plugged = 16;  // BLK_MAX_REQUEST_COUNT

  struct Class {
    explicit Class(Core& core) : full(core, "a free request of the device", WaitKind::io) {}
    std::uint32_t requests = 0;
    bool congested = false;
    WaitQueue full;
  };
  struct Held {
    TaskId task;
    std::uint32_t depth;
    std::vector<Bio*> bios;
  };

  Held* held_by(TaskId task);
  const Bio* plugged(const BioKey& key) const;
  void queue(Bio& bio);
  void draw_luck(Bio& bio);
  Request& get_request(Bio& bio);
  void serve();
  Nanos service_time(const Request& request) const;
  static void finished(void* device, std::uint64_t slot);
  void complete(Request& request);
  void put_request(Request& request);

  const DeviceRow& row_;
  Elevator elevator_;
  std::array<Class, 2> classes_;  ///< async, sync
  Pool<Request> requests_;
  std::vector<Request*> served_;  ///< by slot of the hardware; null if the slot is free
  std::vector<Held> plugs_;
  BlockNumber head_ = 0;  ///< where the last transfer ended
  std::uint64_t arrivals_ = 0;
  std::uint64_t served_count_ = 0;
};

}  // namespace brink
