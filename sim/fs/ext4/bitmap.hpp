// A block of bits, as the bitmap blocks of a group hold them.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "brink/assert.hpp"

namespace brink {

class Bitmap {
 public:
  explicit Bitmap(std::uint32_t bits) : words_((bits + 63) / 64), bits_(bits) {}

  std::uint32_t size() const { return bits_; }
  bool test(std::uint32_t bit) const { return (words_[bit / 64] >> (bit % 64) & 1) != 0; }
  void set(std::uint32_t bit) {
    BRINK_ASSERT(!test(bit));
    words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
  void clear(std::uint32_t bit) {
    BRINK_ASSERT(test(bit));
    words_[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
    if (bit < hint_) hint_ = bit;
  }
  void set(std::uint32_t bit, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) set(bit + i);
  }
  void clear(std::uint32_t bit, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) clear(bit + i);
  }

  /// The first clear bit from `from` on; size() if there is none.
  std::uint32_t find_clear(std::uint32_t from) {
    const bool whole = from <= hint_;
    if (whole) from = hint_;
    std::uint32_t word = from / 64;
    if (word >= words_.size()) return bits_;
    std::uint64_t free = ~words_[word] & (~std::uint64_t{0} << (from % 64));
    while (free == 0) {
      if (++word == words_.size()) {
        if (whole) hint_ = bits_;
        return bits_;
      }
      free = ~words_[word];
    }
    const std::uint32_t bit = word * 64 + static_cast<std::uint32_t>(std::countr_zero(free));
    if (bit >= bits_) {
      if (whole) hint_ = bits_;
      return bits_;
    }
    if (whole) hint_ = bit;
    return bit;
  }

  /// How many bits from `bit` on are clear, at most `limit`.
  std::uint32_t clear_run(std::uint32_t bit, std::uint32_t limit) const {
    std::uint32_t run = 0;
    while (run < limit && bit + run < bits_ && !test(bit + run)) ++run;
    return run;
  }

  std::uint32_t count() const {
    std::uint32_t set_bits = 0;
    for (const std::uint64_t word : words_) {
      set_bits += static_cast<std::uint32_t>(std::popcount(word));
    }
    return set_bits;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::uint32_t bits_;
  std::uint32_t hint_ = 0;  ///< no bit below it is clear
};

}  // namespace brink
