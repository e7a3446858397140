// What reclaim has tried in vain.

#include "sim/mm/exhaustion.hpp"

#include <algorithm>

#include "brink/assert.hpp"

namespace brink {

void StateCounts::add(std::uint8_t state, Pages pages) {
  const auto if_has = [&](PageState bit) { return (state & bit) != 0 ? pages : 0; };
  taken += pages;
  if ((state & state_locked) != 0) return;
  scanned += pages + if_has(state_double);
  dirty += if_has(state_dirty);
  unqueued += if_has(state_unqueued);
  congested += if_has(state_congested);
  writeback += if_has(state_writeback);
}

void StateCounts::add(const StateCounts& other) {
  taken += other.taken;
  scanned += other.scanned;
  dirty += other.dirty;
  unqueued += other.unqueued;
  congested += other.congested;
  writeback += other.writeback;
}

void StableLists::looked(const Zone& zone, Lru lru, Looker who, Pages nr, std::uint64_t stamp) {
  PerList& list = at(zone, lru);
  const auto c = static_cast<std::size_t>(who);
  if (list.stamp[c] != stamp) {
    list.stamp[c] = stamp;
    list.looked[c] = 0;
  }
  list.looked[c] += nr;
}

void StableLists::rotated(const Zone& zone, Lru lru, Looker who) {
  PerList& list = at(zone, lru);
  for (std::size_t c = 0; c < lookers; ++c) {
    if (c == static_cast<std::size_t>(who)) continue;
    if (list.looked[c] < zone.lru_size(lru)) list.looked[c] = 0;
  }
}

bool StableLists::give_back(const Zone& zone, Lru lru, std::uint64_t take) {
  PerList& list = at(zone, lru);
  if (list.takes == take) return true;
  list.looked = {};
  return false;
}

bool StableLists::stable(const Zone& zone, Lru lru, Looker who, std::uint64_t stamp) const {
  const PerList& list = at(zone, lru);
  const auto c = static_cast<std::size_t>(who);
  return list.stamp[c] == stamp && list.looked[c] >= zone.lru_size(lru) && zone.lru_size(lru) != 0;
}

StateCounts StableLists::advance(PerList& list, Pages nr) {
  StateCounts counts;
  while (nr != 0) {
    const Run& run = list.profile[list.run];
    const Pages pages = std::min(nr, run.pages - list.in_run);
    counts.add(run.state, pages);
    nr -= pages;
    list.in_run += pages;
    if (list.in_run == run.pages) {
      list.in_run = 0;
      list.run = (list.run + 1) % list.profile.size();
    }
  }
  return counts;
}

void StableLists::settle_slow(PageMap& map, Zone& zone, Lru lru) {
  PerList& state = at(zone, lru);
  LruList& list = zone.list(lru);
  state.profile_stamp = no_profile;
  if (state.offset == 0) return;
  BRINK_ASSERT(state.offset < list.size);
  // Close the ring, and open it where the new tail is.
  Pfn tail = list.tail;
  for (Pages i = 0; i < state.offset; ++i) tail = map[tail].prev;
  map[list.tail].next = list.head;
  map[list.head].prev = list.tail;
  list.tail = tail;
  list.head = map[tail].next;
  map[list.tail].next = no_page;
  map[list.head].prev = no_page;
  state.offset = 0;
}

}  // namespace brink
