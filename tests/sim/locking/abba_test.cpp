// The classic: two tasks that take two locks in opposite order. A scheduler that is of any use
// finds the lockup under some seeds and not under others; one that explores finds it always.

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "sim/sched/dfs.hpp"
#include "sim/sched/pct.hpp"
#include "sim/sched/random.hpp"
#include "sim/sched/replay.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

/// Whether the tasks end up waiting for each other.
bool locks_up(Strategy& strategy, std::uint32_t cpu_count,
              const std::function<void(LockingWorld&)>& look = {}) {
  LockingWorld world(strategy, cpus(cpu_count));
  Mutex& a = world.mutex();
  Mutex& b = world.mutex();
  for (int i = 0; i < 2; ++i) {
    world.spawn([&, i] {
      MutexGuard first(i == 0 ? a : b);
      MutexGuard second(i == 0 ? b : a);
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  if (look) look(world);
  return world.core.live() != 0;
}

using Make = std::function<std::unique_ptr<Strategy>(std::uint64_t)>;

int lockups(const Make& make, std::uint32_t cpu_count, std::uint64_t seeds) {
  int count = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) count += locks_up(*make(seed), cpu_count);
  return count;
}

TEST(Abba, SomeSeedsOfRandomLockUpAndSomeDoNot) {
  const Make random = [](std::uint64_t seed) { return std::make_unique<RandomStrategy>(seed); };
  for (const std::uint32_t count : {1u, 2u}) {
    const int found = lockups(random, count, 1000);
    EXPECT_GT(found, 20) << count;
    EXPECT_LT(found, 980) << count;
  }
}

TEST(Abba, SomeSeedsOfPctLockUpAndSomeDoNot) {
  const Make pct = [](std::uint64_t seed) { return std::make_unique<PctStrategy>(seed, 2, 8); };
  for (const std::uint32_t count : {1u, 2u}) {
    const int found = lockups(pct, count, 1000);
    EXPECT_GT(found, 1000 / (2 * 8)) << count;  // d = 2: at least 1 / (n k).
    EXPECT_LT(found, 980) << count;
  }
}

TEST(Abba, FifoOnOneCpuNeverLocksUp) {
  FifoStrategy fifo;
  EXPECT_FALSE(locks_up(fifo, 1));
}

TEST(Abba, DfsFindsItAlways) {
  for (const std::uint32_t count : {1u, 2u}) {
    for (const std::uint32_t bound : {1u, 2u, ~0u}) {
      DfsExplorer explorer(bound);
      int found = 0;
      int fine = 0;
      while (DfsStrategy* strategy = explorer.next()) {
        ++(locks_up(*strategy, count) ? found : fine);
        ASSERT_LT(explorer.runs(), 10'000u);
      }
      EXPECT_GT(found, 0) << count << ' ' << bound;
      EXPECT_GT(fine, 0) << count << ' ' << bound;
    }
  }
}

TEST(Abba, DfsWithoutPreemptionsDoesNotFindItOnOneCpu) {
  DfsExplorer explorer(0);
  while (DfsStrategy* strategy = explorer.next()) EXPECT_FALSE(locks_up(*strategy, 1));
  EXPECT_EQ(explorer.runs(), 2u);
}

TEST(Abba, ALockupIsReplayedFromItsText) {
  std::string text;
  std::uint64_t hash = 0;
  for (std::uint64_t seed = 0; text.empty(); ++seed) {
    ASSERT_LT(seed, 1000u);
    RandomStrategy random(seed);
    const bool lockup = locks_up(random, 2, [&](LockingWorld& world) {
      if (world.core.live() == 0) return;
      text = to_hex(schedule_of(world.core.choices(), true));
      hash = world.core.hash();
    });
    EXPECT_EQ(lockup, !text.empty());
  }
  ReplayStrategy replay(schedule_from_hex(text));
  EXPECT_TRUE(locks_up(replay, 2, [&](LockingWorld& world) {
    EXPECT_EQ(world.core.hash(), hash);
    replay.check(world.core.choices());
    const Task& a = world.core.task(0);
    const Task& b = world.core.task(1);
    EXPECT_EQ(a.wait->owner(), &b);
    EXPECT_EQ(b.wait->owner(), &a);
  }));
}

}  // namespace
}  // namespace brink
