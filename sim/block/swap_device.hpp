// Swap on a block device (mm/page_io.c, Linux 4.0): slot n is block n of it; each page is a bio of
// its own, and neighbours meet in the queue. Left out: swap files.
#pragma once

#include <vector>

#include "sim/block/device.hpp"
#include "sim/mm/upcalls.hpp"

namespace brink {

class SwapDevice final : public SwapIo {
 public:
  /// The slots begin at block `first` of the device.
  SwapDevice(Memory& memory, BioSet& bios, Device& device, BlockNumber first = 0);

  void submit_write(std::uint32_t slot, Pfn page) override { submit(slot, page, true); }
  void submit_read(std::uint32_t slot, Pfn page) override { submit(slot, page, false); }
  void slot_freed(std::uint32_t slot) override { device_.discard(first_ + slot); }
  void plug() override { device_.plug(); }
  void unplug() override { device_.unplug(); }
  void blockers(Pfn page, const Task& waiter, BlockerSink& sink) const override;

 private:
  void submit(std::uint32_t slot, Pfn page, bool write);
  static void end_swap_io(Bio& bio);

  Memory& memory_;
  BioSet& bios_;
  Device& device_;
  const BlockNumber first_;
};

}  // namespace brink
