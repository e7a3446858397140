// Stacks: an overflow is noticed, with a guard page or without, and a hundred thousand tasks run.

#include "sim/sched/stack_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "tests/sim/sched/world.hpp"

namespace brink {
namespace {

/// On a thread of its own, whose fibers end with it.
void apart(void (*body)()) { std::thread(body).join(); }

TEST(StackPool, StacksBeyondTheGuardedOnesEndInACanary) {
  StackPool pool;
  std::vector<Stack> stacks;
  for (std::size_t i = 0; i < StackPool::guarded_stacks + 200; ++i) stacks.push_back(pool.get());
  EXPECT_TRUE(stacks.front().guarded);
  EXPECT_TRUE(stacks[StackPool::guarded_stacks - 1].guarded);
  std::set<char*> bottoms;
  for (std::size_t i = StackPool::guarded_stacks; i < stacks.size(); ++i) {
    ASSERT_FALSE(stacks[i].guarded);
    std::memset(stacks[i].bottom, 1, stacks[i].size);
    bottoms.insert(stacks[i].bottom);
  }
  EXPECT_EQ(bottoms.size(), 200u);
  for (const Stack& stack : stacks) {
    EXPECT_TRUE(stack.guarded || StackPool::canary_lives(stack.bottom)) << "they do not overlap";
  }
  stacks.back().bottom[-8] ^= 1;
  EXPECT_FALSE(StackPool::canary_lives(stacks.back().bottom));
  stacks.back().bottom[-8] ^= 1;
  for (const Stack& stack : stacks) pool.put(stack);
}

TEST(StackPoolDeathTest, AGuardPageFaults) {
  StackPool pool;
  const Stack stack = pool.get();
  const volatile char* below = stack.bottom - 16 * 256 - 1;
  EXPECT_DEATH(static_cast<void>(*below), "");
  pool.put(stack);
}

void run_a_hundred_thousand() {
  FifoStrategy fifo;
  World world(fifo, cpus(2));
  constexpr std::uint32_t tasks = 100'000;
  std::uint32_t ended = 0;
  for (std::uint32_t i = 0; i < tasks; ++i) {
    world.core.spawn("task", {[](void* count) { ++*static_cast<std::uint32_t*>(count); }, &ended});
  }
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(ended, tasks);
}

void keep_ten_thousand() {
  FifoStrategy fifo;
  World world(fifo, cpus(2));
  constexpr int tasks = 10'000;  // More than have guard pages.
  int ended = 0;
  Gate gate(world.core);
  for (int i = 0; i < tasks; ++i) {
    world.spawn([&] {
      gate.wait();
      ++ended;
    });
  }
  world.spawn([&] {
    world.core.sleep(seconds);
    for (int i = 0; i < tasks; ++i) gate.open();
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(ended, tasks);
}

TEST(StackPool, AHundredThousandTasksRun) { apart(run_a_hundred_thousand); }
TEST(StackPool, TenThousandTasksAreAliveAtOnce) { apart(keep_ten_thousand); }

}  // namespace
}  // namespace brink
