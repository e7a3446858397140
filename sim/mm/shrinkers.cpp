// Caches that can be made smaller (mm/vmscan.c: shrink_slab and do_shrink_slab, Linux 4.0).

#include "sim/mm/shrinkers.hpp"

#include <algorithm>

#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

void Shrinkers::add(Shrinker& shrinker) { entries_.push_back({&shrinker, 0, {}}); }

void Shrinkers::drop(Shrinker& shrinker) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.shrinker == &shrinker; });
}

void Shrinkers::shrink(Gfp gfp, Pages scanned, Pages eligible) {
  if (scanned == 0) scanned = 32;
  // By index: a shrinker that sleeps may meet another one being registered.
  for (std::size_t i = 0; i < entries_.size(); ++i) shrink_one(entries_[i], gfp, scanned, eligible);
  memory_.core().cond_resched();
}

/// How many of a cache's objects go with so many pages.
std::uint64_t Shrinkers::share(const Shrinker& shrinker, std::uint64_t freeable, Pages scanned,
                               Pages eligible) {
  return 4 * scanned / shrinker.seeks() * freeable / (eligible + 1);
}

void Shrinkers::shrink_one(Entry& entry, Gfp gfp, Pages scanned, Pages eligible) {
  Shrinker& shrinker = *entry.shrinker;
  const std::uint64_t freeable = shrinker.count(gfp);
  if (freeable == 0 || tried_all(entry, gfp, freeable)) return;

  const std::uint64_t delta = share(shrinker, freeable, scanned, eligible);
  std::uint64_t total = entry.deferred + delta;
  entry.deferred = 0;
  // Only a large delta by itself may ask for the whole cache: what callers without __GFP_FS had to
  // leave undone must not empty it at once.
  if (delta < freeable / 4) total = std::min(total, freeable / 2);
  total = std::min(total, freeable * 2);
  while (total >= shrinker.batch() || total >= freeable) {
    const std::uint64_t nr = std::min(shrinker.batch(), total);
    memory_.changed();  // Whatever it does, this round was not like one without it.
    const std::uint64_t freed = shrinker.scan(gfp, nr);
    if (freed == Shrinker::stop) {
      note(entry, gfp, freeable, freeable);
      break;
    }
    if (freed != 0) {
      memory_.reclaim_changed();
    } else {
      note(entry, gfp, freeable, nr);
    }
    total -= nr;
    memory_.core().cond_resched();
    if (total == 0) break;
  }
  entry.deferred += total;
}

bool Shrinkers::tried_all(const Entry& entry, Gfp gfp, std::uint64_t count) const {
  // Whoever was asked in vain with more rights need not be asked with fewer.
  for (auto c = static_cast<std::size_t>(reclaim_class(gfp)); c < reclaim_classes; ++c) {
    const Tries& tries = entry.tries[c];
    if (tries.generation == memory_.generation() && tries.count == count &&
        tries.scanned >= count) {
      return true;
    }
  }
  return false;
}

void Shrinkers::note(Entry& entry, Gfp gfp, std::uint64_t count, std::uint64_t asked) {
  Tries& tries = entry.tries[static_cast<std::size_t>(reclaim_class(gfp))];
  if (tries.generation != memory_.generation() || tries.count != count) {
    tries = {memory_.generation(), count, 0};
  }
  tries.scanned += asked;
}

/// What shrink_one() would do with a share of at most this much: nothing, however often.
bool Shrinkers::never_asked(const Entry& entry, std::uint64_t count, std::uint64_t share) {
  const std::uint64_t whole = std::min(count, entry.shrinker->batch());
  if (share >= count / 4) return share == 0 && entry.deferred < whole;
  return count / 2 < whole;
}

/// Whether every shrinker that has something, and was not asked for all of it in vain, `holds`.
template <class Holds>
bool Shrinkers::all(Gfp gfp, Pages scanned, Pages eligible, Holds&& holds) const {
  return std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const std::uint64_t count = entry.shrinker->count(gfp);
    if (count == 0 || tried_all(entry, gfp, count)) return true;
    return holds(entry, count, share(*entry.shrinker, count, scanned, eligible));
  });
}

bool Shrinkers::barren(Gfp gfp, Pages scanned, Pages eligible) const {
  return all(gfp, scanned, eligible, never_asked);
}

bool Shrinkers::steady(Gfp gfp, Pages scanned, Pages eligible) const {
  return all(gfp, scanned, eligible,
             [](const Entry& entry, std::uint64_t count, std::uint64_t share) {
               if (!never_asked(entry, count, share)) return false;
               return share == 0 || std::min(entry.deferred + share, count / 2) == entry.deferred;
             });
}

}  // namespace brink
