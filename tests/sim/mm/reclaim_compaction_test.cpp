// Reclaim for the sake of whole blocks: it goes on until compaction has room, and kswapd wakes for
// marks that were raised because blocks were broken into.

#include "tests/sim/mm/reclaim_rig.hpp"

namespace brink::test {
namespace {

using Rig = ReclaimRig;

Rules node() {
  Rules rules;
  rules.kswapd_aim = Rules::KswapdAim::node;
  rules.progress = Rules::Progress::freed;
  rules.stall = Rules::Stall::reasons;
  return rules;
}

Pages reclaimed_for(const Rules& rules, unsigned order) {
  Rig r(rules);
  Pages freed = 0;
  r.run([&] {
    EXPECT_TRUE(r.files.fill(0, 8'000, false));
    r.take_to(Watermark::low);
    freed = r.reclaim().direct(order, GFP_KERNEL);
  });
  return freed;
}

TEST(ReclaimCompaction, GoesOnUntilThereIsRoomForACostlyOrder) {
  for (const bool of_node : {false, true}) {
    for (const auto compaction :
         {Rules::Compaction::none, Rules::Compaction::sync_light, Rules::Compaction::priorities}) {
      Rules rules = of_node ? node() : Rules{};
      rules.compaction = compaction;
      EXPECT_LT(reclaimed_for(rules, 3), 200u);
      // As many as the block at least: compaction moves what is in it to elsewhere.
      const Pages freed = reclaimed_for(rules, 9);
      if (compaction == Rules::Compaction::none) {
        EXPECT_LT(freed, 200u);
      } else {
        EXPECT_GE(freed, 512u);
        EXPECT_LT(freed, 3'000u);
      }
    }
  }
}

TEST(ReclaimCompaction, KswapdWakesForRaisedMarksAndTakesThemBack) {
  Rig r(node(), true);
  r.run([&] {
    r.m.core.sleep(1 * seconds);
    EXPECT_FALSE(r.m.memory.kswapd().would_wake(0, GFP_KERNEL));
    r.zone().boost = 512;
    EXPECT_TRUE(r.m.memory.kswapd().would_wake(0, GFP_KERNEL));
    EXPECT_FALSE(r.m.memory.kswapd().would_wake(0, GFP_KERNEL | Gfp::dma)) << "not its zone";
    r.m.memory.kswapd().wake_all(0, GFP_KERNEL);
    r.m.core.sleep(1 * seconds);
    EXPECT_EQ(r.zone().boost, 0u);
    EXPECT_FALSE(r.m.memory.kswapd().would_wake(0, GFP_KERNEL));
  });
}

}  // namespace
}  // namespace brink::test
