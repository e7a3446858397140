// Swap slots: against a model that knows only who holds what, and where the kernel would put pages.

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "brink/random.hpp"
#include "sim/mm/swap.hpp"

namespace brink::test {
namespace {

constexpr std::uint64_t bytes(SwapSlot slots) { return (std::uint64_t{slots} + 1) * page_size; }

RC_GTEST_PROP(SwapMap, LosesNoSlotAndGivesNoneTwice, ()) {
  SwapMap map(bytes(*rc::gen::inRange<SwapSlot>(1, 1500)));
  struct Held {
    bool cached = true;
    unsigned count = 0;
  };
  std::map<SwapSlot, Held> held;
  const int steps = *rc::gen::inRange(0, 3000);
  brink::Random random(*rc::gen::arbitrary<std::uint32_t>(), 1);
  const auto draw = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(random.below(bound));
  };
  const std::uint32_t bias = *rc::gen::inRange(1u, 5u);
  for (int i = 0; i < steps; ++i) {
    RC_ASSERT(map.free() == map.total() - held.size());
    RC_ASSERT(map.full() == (map.free() * 2 < map.total()));
    if (held.empty() || draw(5) < bias) {
      const SwapSlot slot = map.alloc();
      RC_ASSERT((slot == no_slot) == (held.size() == map.total()));
      if (slot == no_slot) continue;
      RC_ASSERT(slot <= map.total());
      RC_ASSERT(held.emplace(slot, Held{}).second);
      RC_ASSERT(map.cached(slot) && map.count(slot) == 0 && map.page(slot) == no_page);
      continue;
    }
    auto at = held.lower_bound(draw(static_cast<std::uint32_t>(map.total()) + 1));
    if (at == held.end()) at = held.begin();
    auto& [slot, state] = *at;
    const bool last = state.count + (state.cached ? 1 : 0) == 1;
    if (state.cached && state.count == 0 && draw(2) == 0) {
      map.get(slot);
      ++state.count;
    } else if (state.cached && draw(2) == 0) {
      RC_ASSERT(map.drop_cache(slot) == last);
      if (last) held.erase(at);
      else state.cached = false;
    } else if (state.count != 0) {
      RC_ASSERT(map.put(slot) == last);
      if (last) held.erase(at);
      else --state.count;
    } else if (!state.cached) {
      map.claim(slot);
      state.cached = true;
    }
  }
  for (SwapSlot slot = 0; slot <= map.total() + 1; ++slot) {
    RC_ASSERT(map.in_use(slot) == (held.count(slot) != 0));
  }
}

void drop(SwapMap& map, SwapSlot from, SwapSlot to) {
  for (SwapSlot slot = from; slot < to; ++slot) ASSERT_TRUE(map.drop_cache(slot));
}

TEST(SwapMap, HasNoSlotForItsHeader) {
  EXPECT_EQ(SwapMap(0).total(), 0u);
  EXPECT_EQ(SwapMap(page_size).total(), 0u);
  SwapMap map(2 * page_size);
  EXPECT_EQ(map.total(), 1u);
  EXPECT_EQ(map.alloc(), 1u);
  EXPECT_EQ(map.alloc(), no_slot);
}

TEST(SwapMap, FillsAnEmptyStretchOf256BeforeItLooksForAnother) {
  SwapMap map(bytes(2000));
  for (SwapSlot slot = 1; slot <= 300; ++slot) EXPECT_EQ(map.alloc(), slot);
  // A hole of 200 is too small for the stretch after next; one of 256 is not, aligned or not.
  drop(map, 10, 210);
  for (SwapSlot slot = 301; slot <= 512; ++slot) EXPECT_EQ(map.alloc(), slot);
  EXPECT_EQ(map.alloc(), 513u);
  drop(map, 210, 266);
  for (SwapSlot slot = 514; slot <= 768; ++slot) EXPECT_EQ(map.alloc(), slot);
  EXPECT_EQ(map.alloc(), 10u);
  EXPECT_EQ(map.alloc(), 11u);
}

TEST(SwapMap, TakesSingleSlotsWhenNoStretchIsEmpty) {
  SwapMap map(bytes(600));
  for (SwapSlot slot = 1; slot <= 600; ++slot) EXPECT_EQ(map.alloc(), slot);
  EXPECT_EQ(map.alloc(), no_slot);
  for (SwapSlot slot = 2; slot <= 600; slot += 2) drop(map, slot, slot + 1);
  EXPECT_EQ(map.free(), 300u);
  // The stretch that was begun ends at 767, beyond the device: it goes on from the lowest.
  EXPECT_EQ(map.alloc(), 2u);
  EXPECT_EQ(map.alloc(), 4u);
}

TEST(SwapMap, CallsItselfFullWhenLessThanHalfIsFree) {
  SwapMap map(bytes(10));
  for (int i = 0; i < 5; ++i) static_cast<void>(map.alloc());
  EXPECT_FALSE(map.full());
  static_cast<void>(map.alloc());
  EXPECT_TRUE(map.full());
}

}  // namespace
}  // namespace brink::test
