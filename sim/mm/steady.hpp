// Rounds of a loop for memory that change nothing. A kernel that loops while nothing changes makes
// the same round over and over; so a round that changed nothing, followed by none that could
// differ, is repeated as one bulk step up to the CPU's next event: charged in time and counters,
// one record.
#pragma once

#include <array>
#include <cstdint>

#include "brink/gfp.hpp"
#include "brink/units.hpp"

namespace brink {

class Memory;

class Steady {
 public:
  /// `gfp`: with which rights the rounds reclaim.
  Steady(Memory& memory, Gfp gfp) : memory_(memory), gfp_(gfp) {}

  /// A round begins that is really made.
  void begin();
  /// It ended in vain.
  void end();

  /// How many such rounds fit in before the next event of the running CPU, `until`, or `limit`; 0
  /// if the next round might come out otherwise than the last.
  std::uint64_t repeatable(std::uint64_t limit, Nanos until = never) const;
  /// Makes `rounds` of them.
  void repeat(std::uint64_t rounds);

  Nanos cost() const { return cost_; }

 private:
  Memory& memory_;
  const Gfp gfp_;
  bool valid_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t switches_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t warnings_ = 0;  ///< before the round; then, in the round
  std::uint64_t draws_ = 0;
  Nanos began_ = 0;
  Nanos cost_ = 0;
  static constexpr std::size_t counted = 9;
  std::array<std::uint64_t, counted> counters() const;

  std::array<std::uint64_t, counted> before_;
  std::array<std::uint64_t, counted> each_;  ///< what one round adds
};

}  // namespace brink
