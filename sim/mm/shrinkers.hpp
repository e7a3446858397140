// Caches that can be made smaller, and how hard each is asked to (mm/vmscan.c: shrink_slab, Linux
// 2.6.30 to 6.1). Left out: NUMA and memory cgroups; unregistering does not take shrinker_rwsem;
// and reclaimers do not leave early for the sake of somebody who registers (6.1).
//
// One shortcut: a shrinker that was asked for all its objects in vain is not asked again until the
// number of its objects changes, or anything else that reclaim could notice (Memory::generation).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "brink/rules.hpp"
#include "sim/locking/rwsem.hpp"
#include "sim/mm/memory_wait.hpp"
#include "sim/mm/upcalls.hpp"

namespace brink {

class Memory;

class Shrinkers {
 public:
  explicit Shrinkers(Memory& memory);

  /// register_shrinker(); by a task, waits for whoever is shrinking.
  void add(Shrinker& shrinker);
  void drop(Shrinker& shrinker);

  /// Asks each for as much as the LRU lists were asked for: `scanned` of `eligible` pages; or by
  /// the priority. Returns the number of objects freed; 1 while somebody registers a shrinker, so
  /// that nobody takes it for the end.
  std::uint64_t shrink(Gfp gfp, Pages scanned, Pages eligible, int priority = 0);
  RwSem& rwsem() { return rwsem_; }

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

  /// How much of a cache a reclaimer is to go through.
  struct Ask {
    std::uint64_t delta = 0;  ///< for what it did itself
    std::uint64_t total = 0;  ///< with what others have put off
    std::uint64_t batch = 0;
    bool small_too = true;  ///< less than a batch, if that is the whole cache
  };

  Rules::ShrinkerShare rule() const;
  std::uint64_t share(const Shrinker& shrinker, std::uint64_t freeable, Pages scanned,
                      Pages eligible, int priority) const;
  Ask ask(const Entry& entry, std::uint64_t freeable, std::uint64_t delta, int priority) const;
  bool never_asked(const Entry& entry, std::uint64_t count, std::uint64_t share) const;
  template <class Holds>
  bool all(Gfp gfp, Pages scanned, Pages eligible, Holds&& holds) const;
  std::uint64_t shrink_one(Entry& entry, Gfp gfp, Pages scanned, Pages eligible, int priority);
  bool tried_all(const Entry& entry, Gfp gfp, std::uint64_t count) const;
  void note(Entry& entry, Gfp gfp, std::uint64_t count, std::uint64_t asked);

  Memory& memory_;
  RwSem rwsem_;  ///< shrinker_rwsem
  std::vector<Entry> entries_;
};

}  // namespace brink
