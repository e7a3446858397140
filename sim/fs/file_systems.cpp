// One row for each file system.

#include "sim/fs/file_systems.hpp"

#include <array>

#include "sim/fs/ext4/ext4.hpp"
#include "sim/fs/tmpfs/tmpfs.hpp"

namespace brink {

std::span<const FileSystemRow> file_systems() {
  static constexpr std::array<FileSystemRow, 2> rows = {{
      {"ext4", "ext4 with its jbd2 journal, data=ordered", true,
       [](Vfs& vfs, const Partition& partition, const MountConfig& config,
          PanicSink& panic) -> std::unique_ptr<SuperBlock> {
         const Ext4Config ext4{config.errors, config.journal};
         return std::make_unique<Ext4>(vfs, partition, ext4, &panic);
       }},
      {"tmpfs", "files in memory and swap only; its size is half of RAM unless it is told", false,
       [](Vfs& vfs, const Partition&, const MountConfig& config,
          PanicSink&) -> std::unique_ptr<SuperBlock> {
         return std::make_unique<Tmpfs>(vfs, config.size);
       }},
  }};
  return rows;
}

const FileSystemRow* find_file_system(std::string_view name) {
  for (const FileSystemRow& row : file_systems()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

}  // namespace brink
