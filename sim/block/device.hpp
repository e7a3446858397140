// One block device: its request queue, and the hardware behind it (block/blk-core.c, Linux 4.0).
// Left out: partitions, per-process I/O contexts, ioprio, tag queues, blk-mq.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/block/device_table.hpp"
#include "sim/block/elevator.hpp"
#include "sim/block/pool.hpp"
#include "sim/locking/wait_queue.hpp"

namespace brink {

class BioSet;
class Memory;

class Device {
 public:
  /// `name` is what hooks and messages call it.
  Device(Memory& memory, BioSet& bios, const DeviceRow& row, std::string name);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// Queues a transfer: joined to an adjacent one that waits, or as a request of its own, for which
  /// it may sleep while the queue is full. `end_io` is called when it has ended, then the bio is
  /// freed.
  void submit(Bio& bio);

  /// What the running task submits is held back until unplug(), or until it sleeps for a bio or a
  /// request, or until 16 bios are held (blk_start_plug). Plugs nest.
  void plug();
  void unplug();
  void flush_plug();
  /// The bio with this owner and argument, if somebody holds it back; else null.
  const Bio* plugged(const void* owner, std::uint64_t argument) const;

  /// Too many requests of that direction are queued or being served (bdi_rw_congested).
  bool congested(bool write) const { return classes_[write].congested; }
  /// Requests that the hardware or the queue has.
  std::uint32_t in_flight() const { return classes_[0].requests + classes_[1].requests; }

  const std::string& name() const { return name_; }
  const DeviceRow& row() const { return row_; }
  /// Blocks transferred since the start.
  std::uint64_t blocks_moved(bool write) const { return classes_[write].blocks; }
  std::uint64_t requests_served() const { return served_count_; }

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
    std::uint64_t blocks = 0;
    WaitQueue full;
  };
  struct Held {
    TaskId task;
    std::uint32_t depth;
    std::vector<Bio*> bios;
  };

  Held* held_by(TaskId task);
  void queue(Bio& bio);
  void draw_luck(Bio& bio);
  Request& get_request(Bio& bio);
  void serve();
  Nanos service_time(const Request& request) const;
  static void finished(void* device, std::uint64_t slot);
  void complete(Request& request);
  void put_request(Request& request);

  Memory& memory_;
  Core& core_;
  BioSet& bios_;
  const DeviceRow& row_;
  const std::string name_;
  Elevator elevator_;
  std::array<Class, 2> classes_;  ///< reads, writes
  Pool<Request> requests_;
  std::vector<Request*> served_;  ///< by slot of the hardware; null if the slot is free
  std::vector<Held> plugs_;
  BlockNumber head_ = 0;          ///< where the last transfer ended
  std::uint64_t arrivals_ = 0;
  std::uint64_t served_count_ = 0;
};

}  // namespace brink
