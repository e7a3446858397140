// How hard caches are asked, by each rule; and who may not ask while somebody registers one.

#include "tests/sim/mm/reclaim_rig.hpp"

namespace brink::test {
namespace {

class FakeCache final : public Shrinker {
 public:
  const char* name() const override { return "fake"; }
  std::uint64_t count(Gfp) override { return objects; }
  std::uint64_t scan(Gfp gfp, std::uint64_t nr) override {
    asked += nr;
    if (!has(gfp, Gfp::fs)) return stop;
    const std::uint64_t freed = std::min(nr, objects);
    objects -= freed;
    return freed;
  }
  std::uint64_t objects = 0, asked = 0;
};

/// What is asked of a cache of so many objects.
std::uint64_t asked(Rules::ShrinkerShare share, std::uint64_t objects, Pages scanned,
                    Pages eligible, int priority) {
  Rules rules;
  rules.shrinker_share = share;
  ReclaimRig r(rules);
  FakeCache cache;
  cache.objects = objects;
  r.m.memory.register_shrinker(cache);
  r.run([&] {
    static_cast<void>(r.reclaim().shrinkers().shrink(GFP_KERNEL, scanned, eligible, priority));
  });
  return cache.asked;
}

TEST(ShrinkerShare, GoesWithThePagesOrWithThePriority) {
  using Share = Rules::ShrinkerShare;
  // 4 × 100 / 2 × 10,000 / 1,001 = 1,998.
  EXPECT_EQ(asked(Share::all_zones, 10'000, 100, 1'000, 0), 15u * 128u);
  EXPECT_EQ(asked(Share::lru_ratio, 10'000, 100, 1'000, 0), 15u * 128u);
  EXPECT_EQ(asked(Share::priority, 10'000, 100, 1'000, 12), 0u) << "10,000 >> 12 × 2 = 4";
  EXPECT_EQ(asked(Share::priority, 10'000, 100, 1'000, 4), 1'250u / 128u * 128u);
}

TEST(ShrinkerShare, OfASmallCacheIsNothingIn2009AndAllOfItSince) {
  using Share = Rules::ShrinkerShare;
  EXPECT_EQ(asked(Share::all_zones, 60, 1'000, 1'000, 0), 0u) << "twice 60 is less than a batch";
  EXPECT_EQ(asked(Share::all_zones, 100, 1'000, 1'000, 0), 128u);
  EXPECT_EQ(asked(Share::lru_ratio, 60, 1'000, 1'000, 0), 119u);
  EXPECT_EQ(asked(Share::priority, 60, 1'000, 1'000, 0), 120u);
}

/// What one with all rights does after ten without __GFP_FS.
std::uint64_t deferred(Rules::ShrinkerShare share, int priority) {
  Rules rules;
  rules.shrinker_share = share;
  ReclaimRig r(rules);
  FakeCache cache;
  cache.objects = 10'000;
  r.m.memory.register_shrinker(cache);
  r.run([&] {
    for (int i = 0; i < 10; ++i) {
      r.m.memory.reclaim_changed();  // Or it would not be asked in vain again.
      static_cast<void>(r.reclaim().shrinkers().shrink(GFP_NOFS, 100, 1'000, 1));
    }
    cache.asked = 0;
    static_cast<void>(r.reclaim().shrinkers().shrink(GFP_KERNEL, 100, 1'000, priority));
  });
  return cache.asked;
}

TEST(ShrinkerShare, OfWhatOthersHavePutOffIsCapped) {
  using Share = Rules::ShrinkerShare;
  EXPECT_EQ(deferred(Share::all_zones, 12) / 128, 20'000u / 128u) << "everything, twice";
  EXPECT_EQ(deferred(Share::lru_ratio, 12) / 128, 5'000u / 128u) << "half of it";
  EXPECT_EQ(deferred(Share::priority, 12), 0u) << "20,000 >> 12 is next to nothing";
  EXPECT_EQ(deferred(Share::priority, 2) / 128, 10'000u / 128u) << "5,000 and 5,000";
}

TEST(Shrinkers, AreNotAskedWhileSomebodyRegistersOne) {
  ReclaimRig r(Rules{});
  FakeCache cache;
  cache.objects = 10'000;
  r.m.memory.register_shrinker(cache);
  r.run([&] {
    r.reclaim().shrinkers().rwsem().down_write();
    r.m.kernel([&] {
      EXPECT_EQ(r.reclaim().shrinkers().shrink(GFP_KERNEL, 100, 1'000), 1u);
      EXPECT_EQ(cache.asked, 0u);
    });
    r.m.core.sleep(1 * ms);
    r.reclaim().shrinkers().rwsem().up_write();
    EXPECT_GT(r.reclaim().shrinkers().shrink(GFP_KERNEL, 100, 1'000), 1'000u);
    EXPECT_GT(cache.asked, 0u);
  });
}

TEST(Shrinkers, AreRegisteredOnceNobodyShrinks) {
  ReclaimRig r(Rules{});
  FakeCache late;
  Nanos registered = 0;
  r.run([&] {
    EXPECT_TRUE(r.reclaim().shrinkers().rwsem().down_read_trylock());
    r.m.kernel([&] {
      r.m.memory.register_shrinker(late);
      registered = r.m.core.now();
    });
    r.m.core.sleep(50 * ms);
    EXPECT_EQ(registered, 0u);
    r.reclaim().shrinkers().rwsem().up_read();
    r.m.core.sleep(1 * ms);
    EXPECT_GE(registered, 50 * ms);
  });
}

}  // namespace
}  // namespace brink::test
