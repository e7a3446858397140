// Caches that can be made smaller, and how hard each is asked to (mm/vmscan.c: shrink_slab, Linux
// 4.0). Left out: shrinker_rwsem (registering does not race with reclaim here), NUMA and memory
// cgroups.
//
// One shortcut: a shrinker that was asked for all its objects in vain is not asked again until the
// number of its objects changes, or anything else that reclaim could notice (Memory::generation).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/mm/memory_wait.hpp"
#include "sim/mm/upcalls.hpp"

namespace brink {

class Memory;

class Shrinkers {
 public:
  explicit Shrinkers(Memory& memory) : memory_(memory) {}

  void add(Shrinker& shrinker);
  void drop(Shrinker& shrinker);

  /// Asks each for as much as the LRU lists were asked for: `scanned` of `eligible` pages.
  void shrink(Gfp gfp, Pages scanned, Pages eligible);

  /// Whether every shrinker was asked for everything in vain, with such rights, and still would be;
  /// or is never asked, if `scanned` of `eligible` pages are the most and the least from now on: a
  /// small cache's share is put off for ever (do_shrinker_shrink's cap on what is deferred).
  bool barren(Gfp gfp, Pages scanned, Pages eligible) const;
  /// The same, and being asked in exactly this proportion again would not even defer any more.
  bool steady(Gfp gfp, Pages scanned, Pages eligible) const;

 private:
  struct Tries {
    std::uint64_t generation = ~std::uint64_t{0};
    std::uint64_t count = 0;    ///< objects there were
    std::uint64_t scanned = 0;  ///< of these, asked for in vain
  };
  struct Entry {
    Shrinker* shrinker;
    std::uint64_t deferred = 0;  ///< nr_deferred
    std::array<Tries, reclaim_classes> tries;
  };

  static std::uint64_t share(const Shrinker& shrinker, std::uint64_t freeable, Pages scanned,
                             Pages eligible);
  static bool never_asked(const Entry& entry, std::uint64_t count, std::uint64_t share);
  template <class Holds>
  bool all(Gfp gfp, Pages scanned, Pages eligible, Holds&& holds) const;
  void shrink_one(Entry& entry, Gfp gfp, Pages scanned, Pages eligible);
  bool tried_all(const Entry& entry, Gfp gfp, std::uint64_t count) const;
  void note(Entry& entry, Gfp gfp, std::uint64_t count, std::uint64_t asked);

  Memory& memory_;
  std::vector<Entry> entries_;
};

}  // namespace brink
