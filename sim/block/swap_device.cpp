// Pages to and from their slots.

#include "sim/block/swap_device.hpp"

#include "brink/site_list.hpp"
#include "sim/block/bio_set.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

SwapDevice::SwapDevice(Memory& memory, BioSet& bios, Device& device, BlockNumber first)
    : memory_(memory), bios_(bios), device_(device), first_(first) {}

void SwapDevice::submit(std::uint32_t slot, Pfn page, bool write) {
  Bio& bio = bios_.alloc(site::mm_swap_bio, &device_);
  bio.block = first_ + slot;
  bio.blocks = 1;
  bio.write = write;
  bio.owner = this;
  bio.argument = page;
  bio.end_io = end_swap_io;
  device_.submit(bio);
}

void SwapDevice::end_swap_io(Bio& bio) {
  SwapDevice& self = *static_cast<SwapDevice*>(bio.owner);
  const auto page = static_cast<Pfn>(bio.argument);
  if (bio.write) {
    self.memory_.end_swap_write(page, bio.error);
  } else {
    self.memory_.end_swap_read(page, bio.error);
  }
}

void SwapDevice::blockers(Pfn page, const Task& waiter, BlockerSink& sink) const {
  device_.blockers({.owner = this, .argument = page}, waiter, sink);
}

}  // namespace brink
