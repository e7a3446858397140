// Transfers to and from a file (drivers/block/loop.c, Linux 2.6.31 to 4.0).

#include "sim/fs/loop.hpp"

#include <cerrno>

#include "sim/block/bio_set.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/filemap.hpp"
#include "sim/vfs/namei.hpp"

namespace brink {

LoopDevice::LoopDevice(Vfs& vfs, const DeviceConfig& config)
    : Device(vfs.memory(), config.name),
      vfs_(vfs),
      path_(config.file),
      served_(*this),
      thread_(vfs.core(), config.name, {run, this}) {
  if (vfs.memory().rules().loop_less_throttle) thread_.task().set(PF_LESS_THROTTLE);
}

int LoopDevice::open() {
  const int error = do_open(vfs_, path_, open_creat | open_rdwr, file_);
  if (error != 0) return error;
  if (vfs_.memory().rules().loop_masks_file) file_->inode->gfp_without = Gfp::io | Gfp::fs;
  return 0;
}

Nanos LoopDevice::page_time() const {
  return file_ != nullptr ? file_->inode->sb.device().page_time() : 0;
}

/// loop_make_request().
void LoopDevice::submit(Bio& bio) {
  BRINK_ASSERT(is_open());
  bio.set->carried(bio, served_);
  queue_.push_back(&bio);
  thread_.kick();
}

void LoopDevice::run(void* device) {
  LoopDevice& self = *static_cast<LoopDevice*>(device);
  for (;;) {
    self.thread_.wait_for_kick();
    while (!self.queue_.empty()) self.serve(*self.queue_.front());
  }
}

/// loop_handle_bio().
void LoopDevice::serve(Bio& bio) {
  Frame frame(core().current(), "loop_thread");
  const int error = transfer(bio);
  // The submitter is told of the effect: nothing is left of it here.
  FailureLedger& failures = memory().failures();
  failures.settle_all(failures.list_of(core().current()), Fate::translated);
  queue_.pop_front();
  end(bio, error);
}

/// 0 or -EIO: whatever went wrong with the file.
int LoopDevice::transfer(const Bio& bio) {
  if (bio.blocks == 0) return file_fsync(vfs_, *file_) == 0 ? 0 : -EIO;
  file_->pos = bio.block * page_size;
  const std::uint64_t bytes = std::uint64_t{bio.blocks} * page_size;
  if (!bio.write) return file_read(vfs_, *file_, bytes) >= 0 ? 0 : -EIO;
  const std::int64_t written = file_write(vfs_, *file_, bytes);
  return written == static_cast<std::int64_t>(bytes) ? 0 : -EIO;
}

void LoopDevice::blockers(const BioKey& of, const Task& waiter, BlockerSink& sink) const {
  for (const Bio* bio : queue_) {
    if (of.matches(*bio)) return served_.blockers(waiter, sink);
  }
  sink.event();
}

void LoopDevice::carriers(BlockerSink& sink) const {
  if (!queue_.empty()) sink.task(thread_.task());
}

}  // namespace brink
