// The choices of a run, in order: what replays it, whatever strategy made them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace brink {

/// Only departures from the default are written: how many default choices came before (varint),
/// then the choice plus one (varint). A fair schedule logs nothing, one preemption a few bytes.
class ChoiceLog {
 public:
  void clear() {
    bytes_.clear();
    count_ = defaults_ = 0;
  }

  /// The default was taken, if there was a choice.
  void add_default(bool choice = true) { defaults_ += choice; }

  /// Another option was taken.
  void add(std::uint32_t choice) {
    count_ += defaults_ + 1;
    put(defaults_);
    put(std::uint64_t{choice} + 1);
    defaults_ = 0;
  }

  /// Choices made so far, defaults included.
  std::uint64_t count() const { return count_ + defaults_; }

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  void put(std::uint64_t number) {
    while (number >= 0x80) {
      bytes_.push_back(static_cast<std::uint8_t>(number | 0x80));
      number >>= 7;
    }
    bytes_.push_back(static_cast<std::uint8_t>(number));
  }

  std::vector<std::uint8_t> bytes_;
  std::uint64_t count_ = 0;
  std::uint64_t defaults_ = 0;
};

}  // namespace brink
