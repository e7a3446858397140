// The block layer of one machine: its devices, the bios, and who has which part of a device.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sim/block/bio_set.hpp"
#include "sim/block/device.hpp"
#include "sim/block/swap_device.hpp"

namespace brink {

/// A run of blocks of a device (struct hd_struct, in outline).
struct Partition {
  Device* device = nullptr;
  BlockNumber first = 0;
  std::uint64_t blocks = 0;
};

class Block {
 public:
  explicit Block(Memory& memory) : memory_(memory), bios_(memory) {}

  BioSet& bios() { return bios_; }
  /// The machine's one device of that row of the table, which must exist; plugged in on first use.
  Device& device(std::string_view row);
  /// The next `bytes` of that device.
  Partition partition(std::string_view row, std::uint64_t bytes);
  /// Puts swap on its own partition of that device, and tells Memory.
  void swap_on(std::string_view row, std::uint64_t bytes);

  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }

 private:
  Memory& memory_;
  BioSet bios_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<BlockNumber> used_;  ///< of each device: blocks given to partitions
  std::unique_ptr<SwapDevice> swap_;
};

}  // namespace brink
