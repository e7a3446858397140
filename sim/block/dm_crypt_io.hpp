// What dm-crypt notes about one transfer, and about each bio that it sends below for it (struct
// dm_crypt_io, drivers/md/dm-crypt.c). Others wait for what these hold of the mempools.
#pragma once

#include <string>
#include <vector>

#include "sim/block/dm_crypt.hpp"

namespace brink {

struct DmCrypt::Io final : Waitable {
  Io(DmCrypt& of, Bio& bio, const MempoolElement& element)
      : Waitable(WaitKind::work),
        device(of),
        base(bio),
        memory(element),
        io({io_work, this}, "kcryptd_io"),
        crypt({crypt_work, this}, "kcryptd_crypt") {}
  void blockers(const Task& waiter, BlockerSink& sink) const override;
  std::string describe() const override { return "a transfer of " + device.name(); }

  DmCrypt& device;
  Bio& base;
  MempoolElement memory;
  WorkItem io, crypt;
  std::uint32_t pending = 0;
  int error = 0;
  std::vector<Buffer*> buffers;  ///< those below, or being filled
};

/// A clone, with the pages that it is made of if it is a write.
struct DmCrypt::Buffer final : Waitable {
  Buffer(DmCrypt& of, Io& one) : Waitable(WaitKind::wakers), device(of), io(one) {
    io.buffers.push_back(this);
  }
  void blockers(const Task& waiter, BlockerSink& sink) const override;
  std::string describe() const override { return "a clone of " + device.name(); }

  DmCrypt& device;
  Io& io;
  std::vector<MempoolElement> pages;
};

}  // namespace brink
