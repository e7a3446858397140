// What requests take from other migratetypes, by the rule of each kernel.

#include <gtest/gtest.h>

#include <vector>

#include "sim/mm/buddy.hpp"

namespace brink {
namespace {

constexpr Pfn block = Pfn{1} << pageblock_order;

/// Pageblocks of unmovable memory that is all in use, but for what a test frees.
struct Full {
  explicit Full(Rules::Fallback rule, Pfn pages = 2 * block, Migrate type = Migrate::unmovable)
      : map(pages) {
    buddy.add_range(map, 0, pages);
    buddy.set_fallback(rule);
    while (buddy.alloc(0, type) != no_page) {
    }
  }
  void free(Pfn begin, Pfn end) {
    for (Pfn pfn = begin; pfn < end; ++pfn) buddy.free(pfn, 0);
  }
  Pages free_of(Migrate type) const {
    for (unsigned o = max_order + 1; o-- > 0;) {
      if (buddy.has_block(o, type)) return Pages{1} << o;
    }
    return 0;
  }
  PageMap map;
  Buddy buddy;
};

constexpr Rules::Fallback every_rule[] = {Rules::Fallback::move_half, Rules::Fallback::steal_4_0,
                                          Rules::Fallback::steal_compatible};

TEST(Fallback, TakesWholePageblocksUnderEveryRule) {
  for (const Rules::Fallback rule : every_rule) {
    Full full(rule);
    full.free(block, 2 * block);
    const Pfn page = full.buddy.alloc(0, Migrate::movable);
    EXPECT_EQ(page / block, 1u);
    EXPECT_EQ(full.map.block_type(page), Migrate::movable);
    EXPECT_EQ(full.buddy.take_steals(), 0u) << "that mixes nothing";
  }
}

TEST(Fallback, OfUnmovableRequestsTakesWhatIsFreeOfAPageblockSinceFourZero) {
  for (const Rules::Fallback rule : every_rule) {
    // Less than half of a movable pageblock is free, in small pieces.
    Full full(rule, 2 * block, Migrate::movable);
    full.free(block, block + 8);
    full.free(block + 64, block + 72);
    EXPECT_NE(full.buddy.alloc(0, Migrate::unmovable), no_page);
    EXPECT_EQ(full.buddy.take_steals(), 1u);
    // 2.6.30 leaves the rest of the block to movable pages, the others take all.
    EXPECT_EQ(full.free_of(Migrate::movable) != 0, rule == Rules::Fallback::move_half);
    EXPECT_EQ(full.free_of(Migrate::unmovable) != 0, rule != Rules::Fallback::move_half);
  }
}

TEST(Fallback, RetypesAPageblockThatIsHalfFree) {
  for (const Rules::Fallback rule : every_rule) {
    Full full(rule, 2 * block, Migrate::movable);
    full.free(block, block + block / 2);
    const Pfn page = full.buddy.alloc(0, Migrate::reclaimable);
    EXPECT_EQ(full.map.block_type(page), Migrate::reclaimable);
    EXPECT_EQ(full.free_of(Migrate::movable), 0u);
  }
}

TEST(Fallback, CountsCompatiblePagesOnlySinceFourTwelve) {
  for (const Rules::Fallback rule : every_rule) {
    Full full(rule, 2 * block, Migrate::movable);
    // An eighth is free; of the rest nothing can be moved, so it is of the thief's kind.
    full.free(block, block + block / 8);
    const Pfn page = full.buddy.alloc(0, Migrate::unmovable);
    EXPECT_EQ(full.map.block_type(page) == Migrate::unmovable,
              rule == Rules::Fallback::steal_compatible);
  }
  // Pages that could be moved away do not count for an unmovable request.
  Full full(Rules::Fallback::steal_compatible, 2 * block, Migrate::movable);
  for (Pfn pfn = block + block / 8; pfn < 2 * block; ++pfn) {
    full.map[pfn].epoch = full.map.epoch();
    full.map[pfn].set(PG_lru);
  }
  full.free(block, block + block / 8);
  EXPECT_EQ(full.map.block_type(full.buddy.alloc(0, Migrate::unmovable)), Migrate::movable);
}

TEST(Fallback, OfMovableRequestsBreaksTheSmallestBlockSinceFourTwelve) {
  for (const Rules::Fallback rule : every_rule) {
    Full full(rule);
    full.free(block, block + 8);
    full.free(block + 64, block + 65);
    const Pfn page = full.buddy.alloc(0, Migrate::movable);
    EXPECT_EQ(page, rule == Rules::Fallback::steal_compatible ? block + 64 : block);
    EXPECT_EQ(full.map.block_type(page), Migrate::unmovable);
  }
}

TEST(Fallback, LeavesWhatRemainsOfASmallBlockToWhomItBelongedIn2630) {
  for (const Rules::Fallback rule : {Rules::Fallback::move_half, Rules::Fallback::steal_4_0}) {
    Full full(rule);
    full.free(block, block + 8);
    EXPECT_NE(full.buddy.alloc(0, Migrate::movable), no_page);
    const bool half = rule == Rules::Fallback::move_half;
    EXPECT_EQ(full.free_of(Migrate::unmovable), half ? 4u : 0u);
    EXPECT_EQ(full.free_of(Migrate::movable), half ? 0u : 4u);
  }
}

TEST(Fallback, WithoutFragmentingTakesWholePageblocksOrNothing) {
  for (const Rules::Fallback rule : every_rule) {
    Full full(rule);
    full.free(block, block + block / 2);
    EXPECT_EQ(full.buddy.alloc(0, Migrate::movable, ALLOC_NOFRAGMENT), no_page);
    EXPECT_NE(full.buddy.alloc(0, Migrate::unmovable, ALLOC_NOFRAGMENT), no_page);
    Full whole(rule);
    whole.free(block, 2 * block);
    EXPECT_NE(whole.buddy.alloc(0, Migrate::movable, ALLOC_NOFRAGMENT), no_page);
  }
}

TEST(Fallback, DoesNotMergeWhatIsKeptForHighOrdersWithTheRest) {
  Full full(Rules::Fallback::steal_compatible);
  full.buddy.retype_block(0, Migrate::highatomic);
  full.free(0, 2 * block);
  EXPECT_EQ(full.buddy.free_blocks(pageblock_order), 2u);
  EXPECT_EQ(full.buddy.free_blocks(max_order), 0u);
  EXPECT_TRUE(full.buddy.has_block(pageblock_order, Migrate::highatomic));
  // Only with a right to it, or as a last resort.
  EXPECT_GE(full.buddy.alloc(pageblock_order, Migrate::unmovable), block);
  EXPECT_EQ(full.buddy.alloc(0, Migrate::movable), no_page);
  EXPECT_FALSE(full.buddy.can_alloc(0));
  EXPECT_TRUE(full.buddy.can_alloc(0, ALLOC_NON_BLOCK));
  EXPECT_LT(full.buddy.alloc(3, Migrate::unmovable, ALLOC_HIGHATOMIC), block);
  EXPECT_LT(full.buddy.alloc(0, Migrate::unmovable, ALLOC_NON_BLOCK), block);
  EXPECT_LT(full.buddy.alloc(0, Migrate::unmovable, ALLOC_OOM), block);
}

}  // namespace
}  // namespace brink
