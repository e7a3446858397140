// Caches that can be made smaller (mm/vmscan.c: shrink_slab and do_shrink_slab, Linux
// 2.6.30 to 6.1).

#include "sim/mm/shrinkers.hpp"

#include <algorithm>

#include "sim/locking/locks.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

Shrinkers::Shrinkers(Memory& memory)
    : memory_(memory), rwsem_(memory.locks(), memory.locks().lock_class("shrinker_rwsem")) {}

void Shrinkers::add(Shrinker& shrinker) {
  const bool races = memory_.core().in_task();
  if (races) rwsem_.down_write();
  entries_.push_back({&shrinker, 0, {}});
  if (races) rwsem_.up_write();
}

void Shrinkers::drop(Shrinker& shrinker) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.shrinker == &shrinker; });
}

std::uint64_t Shrinkers::shrink(Gfp gfp, Pages scanned, Pages eligible, int priority) {
  if (scanned == 0) scanned = 32;
  if (entries_.empty()) return 0;
  if (!rwsem_.down_read_trylock()) return 1;
  std::uint64_t freed = 0;
  // By index: while a shrinker sleeps, another one may go away.
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    freed += shrink_one(entries_[i], gfp, scanned, eligible, priority);
  }
  rwsem_.up_read();
  memory_.core().cond_resched();
  return freed;
}

Rules::ShrinkerShare Shrinkers::rule() const { return memory_.rules().shrinker_share; }

/// How many of a cache's objects go with so many pages, or with the priority.
std::uint64_t Shrinkers::share(const Shrinker& shrinker, std::uint64_t freeable, Pages scanned,
                               Pages eligible, int priority) const {
  if (rule() == Rules::ShrinkerShare::priority)
    return (freeable >> priority) * 4 / shrinker.seeks();
  return 4 * scanned / shrinker.seeks() * freeable / (eligible + 1);
}

Shrinkers::Ask Shrinkers::ask(const Entry& entry, std::uint64_t freeable, std::uint64_t delta,
                              int priority) const {
  Ask ask;
  ask.delta = delta;
  ask.total = entry.deferred + delta;
  ask.batch = entry.shrinker->batch();
  switch (rule()) {
    case Rules::ShrinkerShare::all_zones:
      ask.batch = 128;
      ask.small_too = false;
      break;
    case Rules::ShrinkerShare::lru_ratio:
      // Only a large delta by itself may ask for the whole cache: what callers without __GFP_FS had
      // to leave undone must not empty it at once.
      if (delta < freeable / 4) ask.total = std::min(ask.total, freeable / 2);
      break;
    case Rules::ShrinkerShare::priority: ask.total = (entry.deferred >> priority) + delta; break;
  }
  ask.total = std::min(ask.total, freeable * 2);
  return ask;
}

std::uint64_t Shrinkers::shrink_one(Entry& entry, Gfp gfp, Pages scanned, Pages eligible,
                                    int priority) {
  Shrinker& shrinker = *entry.shrinker;
  const std::uint64_t freeable = shrinker.count(gfp);
  if (freeable == 0 || tried_all(entry, gfp, freeable)) return 0;

  const std::uint64_t delta = share(shrinker, freeable, scanned, eligible, priority);
  Ask left = ask(entry, freeable, delta, priority);
  const std::uint64_t before = entry.deferred;
  entry.deferred = 0;
  std::uint64_t all_freed = 0, asked = 0;
  while (left.total >= left.batch || (left.small_too && left.total >= freeable)) {
    const std::uint64_t nr = std::min(left.batch, left.total);
    memory_.changed();  // Whatever it does, this round was not like one without it.
    const std::uint64_t freed = shrinker.scan(gfp, nr);
    if (freed == Shrinker::stop) {
      note(entry, gfp, freeable, freeable);
      break;
    }
    all_freed += freed;
    if (freed != 0) {
      memory_.reclaim_changed();
    } else {
      note(entry, gfp, freeable, nr);
    }
    left.total -= nr;
    asked += nr;
    memory_.core().cond_resched();
    if (left.total == 0) break;
  }
  if (rule() == Rules::ShrinkerShare::priority) {
    // What was put off is worked off by those who really did more than their own share.
    const std::uint64_t due = before + delta;
    left.total = std::min(due - std::min(due, asked), freeable * 2);
  }
  entry.deferred += left.total;
  return all_freed;
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
bool Shrinkers::never_asked(const Entry& entry, std::uint64_t count, std::uint64_t share) const {
  switch (rule()) {
    case Rules::ShrinkerShare::priority: return false;  // Priority 0 asks for everything.
    case Rules::ShrinkerShare::all_zones:
      return count * 2 < 128 || (share == 0 && entry.deferred < 128);
    case Rules::ShrinkerShare::lru_ratio: break;
  }
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
    return holds(entry, count, share(*entry.shrinker, count, scanned, eligible, 0));
  });
}

bool Shrinkers::barren(Gfp gfp, Pages scanned, Pages eligible) const {
  return all(gfp, scanned, eligible,
             [this](const Entry& entry, std::uint64_t count, std::uint64_t share) {
               return never_asked(entry, count, share);
             });
}

bool Shrinkers::steady(Gfp gfp, Pages scanned, Pages eligible) const {
  return all(gfp, scanned, eligible,
             [this](const Entry& entry, std::uint64_t count, std::uint64_t share) {
               if (!never_asked(entry, count, share)) return false;
               if (share == 0) return true;
               const bool plain = rule() == Rules::ShrinkerShare::all_zones;
               const std::uint64_t cap = plain ? count * 2 : count / 2;
               return std::min(entry.deferred + share, cap) == entry.deferred;
             });
}

}  // namespace brink
