// The file systems that a machine can mount.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "brink/machine.hpp"
#include "sim/vfs/vfs.hpp"

namespace brink {

class PanicSink;

struct FileSystemRow {
  const char* name;
  const char* summary;
  bool on_device;  ///< else it is in memory, and needs no partition
  /// Makes an empty one on the partition (mkfs), without cost.
  std::unique_ptr<SuperBlock> (*make)(Vfs& vfs, const Partition& partition,
                                      const MountConfig& config, PanicSink& panic);
};

/// By name.
std::span<const FileSystemRow> file_systems();

/// The row of that name, or null.
const FileSystemRow* find_file_system(std::string_view name);

}  // namespace brink
