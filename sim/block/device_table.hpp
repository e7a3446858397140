// The block devices that a machine can have, and how fast they are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "brink/units.hpp"

namespace brink {

/// How long a device takes for a request: `command`, then `seek` unless it begins where the last
/// one ended, then `page` for each page of it. Values tagged `guess` are orders of magnitude.
struct DeviceRow {
  const char* name;
  const char* summary;
  Nanos seek;
  Nanos command;
  Nanos page;
  std::uint32_t depth;  ///< requests that it serves at once
};

/// disk: design §3 (6 ms) for a seek; 41 us a page, that is 100 MB/s (guess); one request at a
/// time. ssd: design §3 (100 us) a command; 8 us a page, that is 500 MB/s (guess); 8 at once
/// (guess). network: a round trip of 500 us, ten times that of the loopback of design §3, and a
/// gigabit link with 16 requests under way (all guess); its own sockets and buffers are left out.
/// ramdisk: 1 us a page (guess).
std::span<const DeviceRow> device_table();

/// The row of that name, or null.
const DeviceRow* find_device(std::string_view name);

}  // namespace brink
