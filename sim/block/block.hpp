// The block layer of one machine: its devices, the bios, and who has which part of a device.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "brink/machine.hpp"
#include "sim/block/bio_set.hpp"
#include "sim/block/device.hpp"
#include "sim/block/swap_device.hpp"
#include "sim/mm/memory.hpp"

namespace brink {

/// A run of blocks of a device (struct hd_struct, in outline).
struct Partition {
  Device* device = nullptr;
  BlockNumber first = 0;
  std::uint64_t blocks = 0;
};

class Block final : public Plugs {
 public:
  explicit Block(Memory& memory) : memory_(memory), bios_(memory) { memory.set_plugs(*this); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  BioSet& bios() { return bios_; }
  /// A device that is made of others, dm-crypt or zram, by its name from now on.
  Device& make(const DeviceConfig& config);
  /// The same of one that a higher rung has made.
  Device& add(std::unique_ptr<Device> device);
  /// Fills the pools of all devices that there are; by the task that boots.
  void start();
  /// The machine's device of that name, or its one of that row of the table, which is plugged in on
  /// first use. It must exist.
  Device& device(std::string_view name);
  /// The next `bytes` of that device.
  Partition partition(std::string_view name, std::uint64_t bytes);
  /// Puts swap on its own partition of that device, and tells Memory.
  void swap_on(std::string_view name, std::uint64_t bytes);

  /// Of all devices (Plugs).
  void flush() override;

  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }

 private:
  Memory& memory_;
  BioSet bios_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<BlockNumber> used_;  ///< of each device: blocks given to partitions
  std::unique_ptr<SwapDevice> swap_;
};

}  // namespace brink
