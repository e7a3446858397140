// The running hash of everything that happened, and the kinds of things that happen (design §7).
#pragma once

#include <bit>
#include <cstdint>

namespace brink {

/// What an event of the trace is. The numbers are part of the format version: append only.
enum class EventKind : std::uint8_t {
  context_switch = 1,  ///< a = task that runs next, b = its CPU's clock
  lock_grant = 2,      ///< a = task, b = lock id
  alloc_answer = 3,    ///< a = site and order, b = first page or -errno
  page_list = 4,       ///< a = page and count, b = from and to list
  fault_draw = 5,      ///< a = fault and point, b = answer
  time_advance = 6,    ///< a = new machine time, b = timer sequence number
  syscall_return = 7,  ///< a = task and syscall number, b = result
};

/// Order-sensitive 64-bit hash of events: one multiplication deep for each, so that it runs beside
/// the simulation rather than before it. Not cryptographic.
class EventHash {
 public:
  void add(EventKind kind, std::uint64_t a, std::uint64_t b) {
    const std::uint64_t event = ((a << 3) | static_cast<std::uint64_t>(kind)) ^ std::rotl(b, 32);
    value_ = std::rotl(value_ ^ event, 29) * 0xd6e8feb86659fd93u;
  }

  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x243f6a8885a308d3u;
};

}  // namespace brink
