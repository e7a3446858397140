// The device table. Latencies do not vary: what differs between runs is the order of requests.

#include "sim/block/device_table.hpp"

#include <array>

namespace brink {

std::span<const DeviceRow> device_table() {
  static constexpr std::array<DeviceRow, 2> rows = {{
      {"disk", "a hard disk: 6 ms a seek, 100 MB/s", 6 * ms, 0, 41 * us, 1},
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
