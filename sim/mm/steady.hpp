// Rounds of a loop for memory that change nothing. A kernel that loops while nothing changes makes
// the same round over and over; so a round that changed nothing, followed by none that could
// differ, is repeated as one bulk step up to the CPU's next event: charged in time and counters,
// one record.
//
// Where reclaim is exhausted, a round that only moves pages between active and inactive lists has
// changed nothing either: each of them was tried in vain and will be. A bulk step leaves them in
// the order in which the last round left them.
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

  /// What a round counts for itself, whatever others count meanwhile.
  struct Own {
    std::uint64_t oom_rounds = 0, pages_scanned = 0, kswapd_wakes = 0;
  };

  /// A round begins that is really made.
  void begin();
  /// It ended in vain.
  void end() { end(nullptr); }
  /// The same for a round of the slow path. Where others step so often that none is ever made
  /// alone, one will do in which they have changed nothing either.
  void end(const Own& own) { end(&own); }

  /// How many such rounds fit in before the next event of the running CPU, `until`, or `limit`; 0
  /// if the next round might come out otherwise than the last.
  std::uint64_t repeatable(std::uint64_t limit, Nanos until = never) const;
  /// Makes `rounds` of them.
  void repeat(std::uint64_t rounds);

  /// Whether such a round turns lists.
  bool turns_lists() const { return turns_lists_; }
  Nanos cost() const { return cost_; }

 private:
  static constexpr std::size_t counted = 9;
  using Counts = std::array<std::uint64_t, counted>;
  /// Rounds in company, without a change, after which no round alone is waited for. Two CPUs that
  /// step by chance leave one alone in a hundred rounds or so, if it is as short as that of 4.0.
  /// One in which others had so many turns that chance would never leave it alone counts for many;
  /// a shorter one that turned lists for none.
  static constexpr std::uint32_t patience = 2'000;
  static constexpr std::uint64_t many_turns = 24;

  void end(const Own* own);
  bool undisturbed() const;
  void count_company();
  std::uint64_t changes() const;
  std::uint64_t list_turns() const;
  bool exhausted() const;
  Counts counters() const;

  Memory& memory_;
  const Gfp gfp_;
  bool valid_ = false;
  bool turns_lists_ = false;
  std::uint32_t in_company_ = 0;  ///< such rounds, up to `patience`
  std::uint64_t changes_ = 0;
  std::uint64_t list_turns_ = 0;
  std::uint64_t switches_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t warnings_ = 0;  ///< before the round; then, in the round
  std::uint64_t draws_ = 0;
  Nanos began_ = 0;
  Nanos cost_ = 0;
  Counts before_;
  Counts each_;  ///< what one round adds
};

}  // namespace brink
