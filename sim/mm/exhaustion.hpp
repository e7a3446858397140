// What reclaim has tried in vain, so that it need not be tried, or looked at, again. Two notions:
//
// A class of reclaimers (its FS and IO rights) is *exhausted* when every page that it could take
// was tried and nothing has happened since that could make a difference (design §4): pages carry
// the stamp of the last fruitless try. This is what suppliers of memory are judged by.
//
// A list is *stable* for those who look at it alike when a full turn over it has left everything as
// it was. Another turn only rotates it, so that it is charged for without visiting the pages.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/mm/memory_wait.hpp"
#include "sim/mm/zone.hpp"

namespace brink {

/// What matters of a page that is left as it is, to those who count what they looked at.
enum PageState : std::uint8_t {
  state_locked = 1u << 0,    ///< not counted as scanned
  state_double = 1u << 1,    ///< mapped or in the swap cache: counted twice
  state_dirty = 1u << 2,     ///< dirty or under writeback
  state_unqueued = 1u << 3,  ///< dirty, not under writeback
  state_congested = 1u << 4,
  state_writeback = 1u << 5,
};

/// Who looks at a list, as far as it decides what becomes of a page: direct reclaim by its class,
/// and kswapd, which writes file pages only where it has met nothing but dirty ones (ZONE_DIRTY).
enum class Looker : std::uint8_t { noio, nofs, kernel, kswapd, kswapd_writes };
inline constexpr std::size_t lookers = 5;

/// Sums over some pages.
struct StateCounts {
  Pages taken = 0, scanned = 0, dirty = 0, unqueued = 0, congested = 0, writeback = 0;
  void add(std::uint8_t state, Pages pages);
  void add(const StateCounts& other);
};

class StableLists {
 public:
  /// `memcgs`: so many memory cgroups have lists of their own.
  explicit StableLists(std::size_t memcgs) : parts_(memcgs) {}

  /// `nr` pages at the tail of a list were looked at and left as they were; `stamp` is
  /// Memory::lru_changes() now and was it before.
  void looked(const Zone& zone, Lru lru, Looker who, Pages nr, std::uint64_t stamp);
  /// `who` has moved pages from the tail to the head: others who are not through with the list lose
  /// count of which they have seen.
  void rotated(const Zone& zone, Lru lru, Looker who);
  /// Pages are taken off the list: a number to give back with them.
  std::uint64_t take(const Zone& zone, Lru lru) { return ++at(zone, lru).takes; }
  /// False if somebody else has taken pages meanwhile: then nobody has seen all of the list.
  bool give_back(const Zone& zone, Lru lru, std::uint64_t take);
  /// Whether looking at any of its pages again could only rotate the list.
  bool stable(const Zone& zone, Lru lru, Looker who, std::uint64_t stamp) const;

  /// What looking at the next `nr` pages of a stable list would count. `state_of` tells a page's
  /// state, and is asked once for each page after each change.
  template <class StateOf>
  StateCounts turn(const PageMap& map, const Zone& zone, Lru lru, Pages nr, std::uint64_t stamp,
                   StateOf&& state_of);
  /// Makes the list what turn() has made of it. Before anybody uses or changes its links.
  void settle(PageMap& map, Zone& zone, Lru lru) {
    if (at(zone, lru).profile_stamp != no_profile) [[unlikely]]
      settle_slow(map, zone, lru);
  }

 private:
  static constexpr std::uint64_t no_profile = ~std::uint64_t{0};

  struct Run {
    Pages pages;
    std::uint8_t state;
  };
  struct PerList {
    std::array<std::uint64_t, lookers> stamp{};
    std::array<Pages, lookers> looked{};
    std::uint64_t takes = 0;  ///< how often pages were taken off it to be looked at
    std::uint64_t profile_stamp = no_profile;
    std::vector<Run> profile;  ///< from the tail on
    std::size_t run = 0;       ///< where the next turn goes on: in this run,
    Pages in_run = 0;          ///< after so many of its pages
    Pages offset = 0;          ///< pages that turn() has moved from tail to head, in mind only
  };

  static std::size_t index(const Zone& zone, Lru lru) {
    return static_cast<std::size_t>(zone.type) * lru_lists + static_cast<std::size_t>(lru);
  }
  using Lists = std::array<PerList, zone_types * lru_lists>;
  const PerList& at(const Zone& zone, Lru lru) const {
    const Lists& lists = zone.memcg == 0 ? lists_ : parts_[zone.memcg - 1u];
    return lists[index(zone, lru)];
  }
  PerList& at(const Zone& zone, Lru lru) {
    Lists& lists = zone.memcg == 0 ? lists_ : parts_[zone.memcg - 1u];
    return lists[index(zone, lru)];
  }
  static StateCounts advance(PerList& list, Pages nr);
  void settle_slow(PageMap& map, Zone& zone, Lru lru);

  Lists lists_;
  std::vector<Lists> parts_;  ///< of memory cgroups
};

template <class StateOf>
StateCounts StableLists::turn(const PageMap& map, const Zone& zone, Lru lru, Pages nr,
                              std::uint64_t stamp, StateOf&& state_of) {
  PerList& list = at(zone, lru);
  if (list.profile_stamp != stamp) {
    list.profile_stamp = stamp;
    list.profile.clear();
    list.run = 0;
    list.in_run = 0;
    for (Pfn pfn = zone.list(lru).tail; pfn != no_page; pfn = map[pfn].prev) {
      const std::uint8_t state = state_of(map[pfn]);
      if (list.profile.empty() || list.profile.back().state != state) {
        list.profile.push_back({0, state});
      }
      ++list.profile.back().pages;
    }
  }
  list.offset = (list.offset + nr) % zone.lru_size(lru);
  return advance(list, nr);
}

}  // namespace brink
