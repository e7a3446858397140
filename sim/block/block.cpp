// Devices and partitions.

#include "sim/block/block.hpp"

#include "brink/assert.hpp"
#include "sim/block/queued_device.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

Device& Block::device(std::string_view row) {
  for (const auto& device : devices_) {
    if (device->name() == row) return *device;
  }
  const DeviceRow* const found = find_device(row);
  BRINK_ASSERT(found != nullptr);
  devices_.push_back(std::make_unique<QueuedDevice>(memory_, *found, std::string(row)));
  used_.push_back(0);
  return *devices_.back();
}

Partition Block::partition(std::string_view row, std::uint64_t bytes) {
  Device& on = device(row);
  std::size_t index = 0;
  while (devices_[index].get() != &on) ++index;
  const Partition part{&on, used_[index], bytes / page_size};
  used_[index] += part.blocks;
  return part;
}

void Block::swap_on(std::string_view row, std::uint64_t bytes) {
  BRINK_ASSERT(swap_ == nullptr);
  const Partition part = partition(row, bytes);
  swap_ = std::make_unique<SwapDevice>(memory_, bios_, *part.device, part.first);
  memory_.set_swap_io(*swap_);
}

}  // namespace brink
