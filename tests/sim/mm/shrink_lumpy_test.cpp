// Lumpy reclaim: what goes with a page, and what is waited for.

#include "tests/sim/mm/reclaim_rig.hpp"

namespace brink::test {
namespace {

using Rig = ReclaimRig;

TEST(LumpyReclaim, TakesTheNeighbourhood) {
  for (const bool lumpy : {false, true}) {
    Rules rules;
    rules.lumpy_reclaim = lumpy;
    rules.stall = Rules::Stall::each_priority;
    Rig r(rules);
    r.run([&] {
      EXPECT_TRUE(r.files.fill(0, 512, false));
      // Most are in use, so that order alone would leave them.
      for (int twice = 0; twice < 2; ++twice) {
        for (std::uint32_t i = 1; i < 512; ++i) {
          r.m.memory.cache().mark_page_accessed(r.files.mapping.find(i));
        }
      }
      EXPECT_EQ(r.zone().lru_size(Lru::inactive_file), 1u);
      const Pfn tag = r.files.mapping.find(0);
      Pages around = 0;
      for (std::uint32_t i = 1; i < 512; ++i) around += (r.files.mapping.find(i) ^ tag) < 16;
      EXPECT_GT(around, 5u) << "they were allocated one after the other";
      ScanControl sc;
      sc.gfp = GFP_KERNEL;
      sc.order = 4;
      sc.priority = 0;
      sc.nr_to_reclaim = 1;
      const Pages inactive = r.zone().lru_size(Lru::inactive_file);
      EXPECT_EQ(inactive, 1u);
      r.reclaim().shrink_zone(r.zone(), sc, false);
      Pages left = 0;
      for (std::uint32_t i = 1; i < 512; ++i) {
        const Pfn pfn = r.files.mapping.find(i);
        left += pfn != no_page && (pfn ^ tag) < 16;
      }
      if (lumpy) {
        EXPECT_EQ(left, 0u);
      } else {
        EXPECT_GT(left, 0u);
      }
    });
  }
}

TEST(LumpyReclaim, WaitsForWhatIsBeingWritten) {
  Rules rules;
  rules.lumpy_reclaim = true;
  rules.stall = Rules::Stall::each_priority;
  Rig r(rules);
  r.policy.writes = true;
  r.run([&] {
    EXPECT_TRUE(r.files.fill(0, 32, true));
    r.files.delay = 300 * ms;
    ScanControl sc;
    sc.gfp = GFP_KERNEL;
    sc.order = 4;
    sc.priority = 0;
    EXPECT_GE(r.time_of([&] { r.reclaim().shrink_zone(r.zone(), sc, false); }), 300 * ms);
    EXPECT_EQ(sc.nr_reclaimed, 32u);
    EXPECT_EQ(r.files.writes, 32u);
  });
}

}  // namespace
}  // namespace brink::test
