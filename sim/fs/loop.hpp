// A block device that is a file on a mounted file system (drivers/block/loop.c, Linux 2.6.31 to
// 4.0). A thread of its own reads and writes the file through the page cache, one transfer after
// the other; so does the work queue of 4.0 with writes, and here with reads as well. The file's
// pages are allocated without __GFP_IO and __GFP_FS, or reclaim could come to wait for this very
// device.
//
// The file is sparse at first. Left out: encryption, direct I/O, discard, read-only devices, the
// throttling of the thread at the dirty limit that 2.6.31 spared it.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "brink/machine.hpp"
#include "sim/block/device.hpp"
#include "sim/sched/kthread.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

class LoopDevice final : public Device {
 public:
  LoopDevice(Vfs& vfs, const DeviceConfig& config);

  /// Opens its file, or makes it (LOOP_SET_FD): 0 or a negative errno. By the task that boots,
  /// before the first transfer.
  [[nodiscard]] int open();
  bool is_open() const { return file_ != nullptr; }
  const std::string& file() const { return path_; }

  void submit(Bio& bio) override;
  bool congested(bool) const override { return false; }
  /// As the device that the file is on.
  Nanos page_time() const override;
  void blockers(const BioKey& of, const Task& waiter, BlockerSink& sink) const override;
  void carriers(BlockerSink& sink) const override;

 private:
  /// A transfer that the thread must get to.
  class Served final : public Waitable {
   public:
    explicit Served(const LoopDevice& device) : Waitable(WaitKind::wakers), device_(device) {}
    void blockers(const Task&, BlockerSink& sink) const override {
      sink.task(device_.thread_.task());
    }
    std::string describe() const override { return "a transfer of " + device_.name(); }

   private:
    const LoopDevice& device_;
  };

  static void run(void* device);
  void serve(Bio& bio);
  int transfer(const Bio& bio);

  Vfs& vfs_;
  const std::string path_;
  const Served served_;
  File* file_ = nullptr;
  std::deque<Bio*> queue_;  ///< the first is being served
  Kthread thread_;
};

}  // namespace brink
