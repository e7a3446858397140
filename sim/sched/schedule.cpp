// Reading and writing recorded schedules. What is read came from outside: nothing in it is trusted.

#include "sim/sched/schedule.hpp"

#include <limits>
#include <span>

#include "brink/params.hpp"

namespace brink {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw ConfigError(Where{}, "malformed schedule: " + why);
}

std::uint8_t digit(std::string_view hex, std::size_t at) {
  const char c = hex[at];
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  refuse("character " + std::to_string(at + 1) + " is no lower-case hex digit");
}

std::vector<std::uint8_t> bytes_from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) refuse("odd number of hex digits");
  std::vector<std::uint8_t> bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(digit(hex, 2 * i) << 4 | digit(hex, 2 * i + 1));
  }
  return bytes;
}

/// Takes numbers off the front of bytes.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ == bytes_.size(); }

  std::uint8_t byte() {
    if (at_end()) refuse("it ends in the middle of a number");
    return bytes_[at_++];
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t part = byte();
      const std::uint64_t bits = part & 0x7f;
      if (shift == 63 && bits > 1) refuse("a number does not fit 64 bits");
      value |= bits << shift;
      if (part < 0x80) {
        if (part == 0 && shift != 0) refuse("a number has needless digits");
        return value;
      }
      if (shift == 63) refuse("a number does not fit 64 bits");
    }
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

void put(std::vector<std::uint8_t>& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<std::uint8_t>(number | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(number));
}

/// The pairs of a choice log: defaults before, choice plus one.
std::vector<Departure> read_departures(Reader& reader, std::uint64_t count) {
  std::vector<Departure> departures;
  std::uint64_t made = 0;
  while (!reader.at_end()) {
    const std::uint64_t defaults = reader.number();
    if (reader.at_end()) refuse("it ends before a choice");
    const std::uint64_t choice = reader.number();
    if (choice == 0 || choice - 1 > std::numeric_limits<std::uint32_t>::max()) {
      refuse("choice " + std::to_string(choice) + " is out of range");
    }
    if (defaults >= count - made) refuse("more choices than its count says");
    made += defaults + 1;
    departures.push_back({made - 1, static_cast<std::uint32_t>(choice - 1)});
  }
  return departures;
}

}  // namespace

Schedule schedule_of(const ChoiceLog& log, bool asks_at_points) {
  Reader reader(log.bytes());
  return {asks_at_points, log.count(), read_departures(reader, log.count())};
}

std::string to_hex(const Schedule& schedule) {
  std::vector<std::uint8_t> bytes;
  bytes.push_back(schedule.asks_at_points ? 1 : 0);
  put(bytes, schedule.count);
  std::uint64_t made = 0;
  for (const Departure& departure : schedule.departures) {
    put(bytes, departure.at - made);
    put(bytes, std::uint64_t{departure.choice} + 1);
    made = departure.at + 1;
  }
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

Schedule schedule_from_hex(std::string_view hex) {
  const std::vector<std::uint8_t> bytes = bytes_from_hex(hex);
  if (bytes.empty()) refuse("it is empty");
  if (bytes[0] > 1) refuse("its first byte is neither 00 nor 01");
  Reader reader(std::span<const std::uint8_t>(bytes).subspan(1));
  Schedule schedule;
  schedule.asks_at_points = bytes[0] == 1;
  schedule.count = reader.number();
  schedule.departures = read_departures(reader, schedule.count);
  return schedule;
}

}  // namespace brink
