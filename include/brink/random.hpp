// Reproducible luck: one counter-based stream for each subsystem, fault and task.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace brink {

/// Names a stream of random numbers. Streams are independent, so a draw more in one of them moves
/// no other.
using StreamId = std::uint64_t;

/// The stream of a name and an instance number: FNV-1a of the name, then of the number.
constexpr StreamId stream_id(std::string_view name, std::uint64_t instance = 0) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  for (int i = 0; i < 8; ++i) hash = (hash ^ ((instance >> (8 * i)) & 0xff)) * 0x100000001b3u;
  return hash;
}

/// Philox4x64-10 (Random123) in counter mode: key = seed, counter = (block, stream). The seed alone
/// is the key, so that two policies on the same seed share their luck draw by draw.
class Random {
 public:
  Random() = default;
  Random(std::uint64_t seed, StreamId stream) : seed_(seed), stream_(stream) {}

  /// 64 uniform bits.
  std::uint64_t next() {
    if (left_ == 0) refill();
    return block_[--left_];
  }

  /// Uniform in [0, n); n must be at least 1. Boost.Random's integer distribution: the same on
  /// every compiler, without modulo bias.
  std::uint64_t below(std::uint64_t n);

  /// True with `ppm` in a million; never at 0, always from 1,000,000 on. Integers only.
  bool chance(std::uint64_t ppm) { return below(1'000'000) < ppm; }

 private:
  void refill();

  std::uint64_t seed_ = 0;
  StreamId stream_ = 0;
  std::uint64_t blocks_ = 0;
  std::array<std::uint64_t, 4> block_{};
  unsigned left_ = 0;
};

}  // namespace brink
