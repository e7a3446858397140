// The buddy system against a model that knows nothing but which pages are free.

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "sim/mm/buddy.hpp"

namespace brink {
namespace {

constexpr Pages range = 4096 + 1024 + 37;  // Not a whole number of blocks.

struct Model {
  std::vector<bool> free = std::vector<bool>(range, true);
  std::map<Pfn, unsigned> taken;

  bool is_free(Pfn at, unsigned order) const {
    for (Pfn p = at; p < at + (Pfn{1} << order); ++p) {
      if (p >= range || !free[p]) return false;
    }
    return true;
  }
  void mark(Pfn at, unsigned order, bool f) {
    for (Pfn p = at; p < at + (Pfn{1} << order); ++p) free[p] = f;
  }
  /// Whether an aligned block of the order is free: what a buddy system can always find.
  bool has_block(unsigned order) const {
    for (Pfn at = 0; at + (Pfn{1} << order) <= range; at += Pfn{1} << order) {
      if (is_free(at, order)) return true;
    }
    return false;
  }
  Pages count() const { return static_cast<Pages>(std::count(free.begin(), free.end(), true)); }
};

RC_GTEST_PROP(Buddy, AgreesWithANaiveModelOnRandomRequests, ()) {
  PageMap map(range);
  Buddy buddy;
  buddy.add_range(map, 0, range);
  buddy.reserve_blocks(*rc::gen::inRange(0u, 3u));
  Model model;
  const int steps = *rc::gen::inRange(0, 400);
  for (int i = 0; i < steps; ++i) {
    if (model.taken.empty() || *rc::gen::inRange(0, 100) < 60) {
      const unsigned order = *rc::gen::weightedElement<unsigned>(
          {{40, 0u}, {10, 1u}, {10, 2u}, {10, 3u}, {10, 5u}, {5, 8u}, {5, 9u}, {5, 10u}});
      const auto type = static_cast<Migrate>(*rc::gen::inRange(0, 3));
      const Pfn at = buddy.alloc(order, type);
      RC_ASSERT((at != no_page) == model.has_block(order));
      if (at == no_page) continue;
      RC_ASSERT(at % (Pfn{1} << order) == 0);
      RC_ASSERT(model.is_free(at, order));
      model.mark(at, order, false);
      model.taken[at] = order;
    } else {
      auto it = model.taken.begin();
      std::advance(it, *rc::gen::inRange<std::size_t>(0, model.taken.size()));
      buddy.free(it->first, it->second);
      model.mark(it->first, it->second, true);
      model.taken.erase(it);
    }
    RC_ASSERT(buddy.free_pages() == model.count());
    Pages by_order = 0;
    for (unsigned o = 0; o <= max_order; ++o) by_order += buddy.free_blocks(o) << o;
    RC_ASSERT(by_order == model.count());
  }
  for (const auto& [at, order] : model.taken) buddy.free(at, order);
  RC_ASSERT(buddy.free_pages() == range);
  // Everything has merged again.
  RC_ASSERT(buddy.free_blocks(max_order) == range >> max_order);
}

struct Range {
  Range() : map(16'384) { buddy.add_range(map, 0, 16'384); }
  PageMap map;
  Buddy buddy;
};

TEST(Buddy, SplitsTheHighestBlockFirstAndHandsOutItsLowEnd) {
  Range r;
  const Pfn first = r.buddy.alloc(0, Migrate::movable);
  EXPECT_EQ(first, 16'384u - 1024u);
  EXPECT_EQ(r.buddy.alloc(0, Migrate::movable), first + 1);
  for (unsigned o = 1; o < max_order; ++o) EXPECT_EQ(r.buddy.free_blocks(o), 1u) << o;
}

TEST(Buddy, RetypesTheBlockThatAnotherTypeFallsBackTo) {
  Range r;
  const Pfn pfn = r.buddy.alloc(0, Migrate::unmovable);
  EXPECT_EQ(r.map.block_type(pfn), Migrate::unmovable);
  // The rest of the block is for the thief; movable pages come from another one.
  const Pfn movable = r.buddy.alloc(0, Migrate::movable);
  EXPECT_NE(movable >> max_order, pfn >> max_order);
  EXPECT_EQ(r.buddy.alloc(0, Migrate::unmovable) >> max_order, pfn >> max_order);
}

TEST(Buddy, MovableTakesSmallBlocksOfOthersWithoutStealingThem) {
  PageMap map(1024);
  Buddy buddy;
  buddy.add_range(map, 0, 1024);
  std::vector<Pfn> pages;
  for (Pfn p; (p = buddy.alloc(0, Migrate::unmovable)) != no_page;) pages.push_back(p);
  // An order-1 block of an unmovable pageblock.
  buddy.free(100, 0);
  buddy.free(101, 0);
  EXPECT_EQ(buddy.alloc(0, Migrate::movable), 100u);
  EXPECT_EQ(map.block_type(100), Migrate::unmovable);
}

TEST(Buddy, KeepsTheReserveForWhenAllOtherTypesAreEmpty) {
  Range r;
  r.buddy.reserve_blocks(2);
  EXPECT_EQ(r.map.block_type(0), Migrate::reserve);
  Pages before = 0;
  for (Pfn p; (p = r.buddy.alloc(0, Migrate::movable)) != no_page && p >= 1024;) ++before;
  EXPECT_EQ(before, 16'384u - 1024u);
  EXPECT_NE(r.buddy.alloc(0, Migrate::unmovable), no_page);
  EXPECT_FALSE(r.buddy.has_block(0));
}

TEST(Buddy, PutsAPageLastWhoseLargerBuddyIsFree) {
  PageMap map(1024);
  Buddy buddy;
  buddy.add_range(map, 0, 1024);
  std::vector<Pfn> pages;
  for (Pfn p; (p = buddy.alloc(0, Migrate::movable)) != no_page;) pages.push_back(p);
  buddy.free(9, 0);   // Nothing near it is free.
  buddy.free(2, 0);
  buddy.free(3, 0);   // 2 and 3 are one block of order 1,
  buddy.free(0, 0);   // so that 0 waits for 1 to come back.
  EXPECT_EQ(buddy.alloc(0, Migrate::movable), 9u);
  EXPECT_EQ(buddy.alloc(0, Migrate::movable), 0u);
}

}  // namespace
}  // namespace brink
