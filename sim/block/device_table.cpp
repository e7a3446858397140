// The device table. Latencies do not vary: what differs between runs is the order of requests.

#include "sim/block/device_table.hpp"

#include <array>

namespace brink {

std::span<const DeviceRow> device_table() {
  static constexpr std::array<DeviceRow, 4> rows = {{
      {"disk", "a hard disk: 6 ms a seek, 100 MB/s", 6 * ms, 0, 41 * us, 1},
      {"network", "a disk at the other end of a network (nbd): 500 us a round trip, 100 MB/s", 0,
       500 * us, 41 * us, 16},
      {"ramdisk", "memory that is not the machine's own: 1 us a request, 4 GB/s", 0, 1 * us, 1 * us,
       1},
      {"ssd", "a SATA flash disk: 100 us a request, 500 MB/s", 0, 100 * us, 8 * us, 8},
  }};
  return rows;
}

const DeviceRow* find_device(std::string_view name) {
  for (const DeviceRow& row : device_table()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

}  // namespace brink
