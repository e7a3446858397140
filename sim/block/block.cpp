// Devices and partitions.

#include "sim/block/block.hpp"

#include "brink/assert.hpp"
#include "sim/block/dm_crypt.hpp"
#include "sim/block/queued_device.hpp"
#include "sim/block/zram.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

Device& Block::add(std::unique_ptr<Device> device) {
  devices_.push_back(std::move(device));
  used_.push_back(0);
  return *devices_.back();
}

Device& Block::make(const DeviceConfig& config) {
  if (config.kind == DeviceConfig::Kind::zram) {
    const Zram::Config zram{config.ratio, config.cpu_per_page, config.cpu_per_page / 3};
    return add(std::make_unique<Zram>(memory_, zram, config.name));
  }
  BRINK_ASSERT(config.kind == DeviceConfig::Kind::dm_crypt);
  const DmCrypt::Config crypt{config.cpu_per_page, config.pool_pages};
  const Partition below = partition(config.over, config.size);
  return add(std::make_unique<DmCrypt>(memory_, below, crypt, config.name));
}

void Block::flush() {
  for (const auto& device : devices_) device->flush_plug();
}

void Block::start() {
  bios_.fill_reserve();
  for (const auto& device : devices_) device->start();
}

Device& Block::device(std::string_view name) {
  for (const auto& device : devices_) {
    if (device->name() == name) return *device;
  }
  const DeviceRow* const found = find_device(name);
  BRINK_ASSERT(found != nullptr);
  return add(std::make_unique<QueuedDevice>(memory_, *found, std::string(name)));
}

Partition Block::partition(std::string_view name, std::uint64_t bytes) {
  Device& on = device(name);
  std::size_t index = 0;
  while (devices_[index].get() != &on) ++index;
  const Partition part{&on, used_[index], bytes / page_size};
  used_[index] += part.blocks;
  return part;
}

void Block::swap_on(std::string_view name, std::uint64_t bytes) {
  BRINK_ASSERT(swap_ == nullptr);
  const Partition part = partition(name, bytes);
  swap_ = std::make_unique<SwapDevice>(memory_, bios_, *part.device, part.first);
  memory_.set_swap_io(*swap_);
}

}  // namespace brink
