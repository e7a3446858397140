// The workloads of the core benchmark on brink's own core: W1, W1X, W3, W4, W4S and W4L, the same
// work as baseline/sim.hpp does on a raw context switch, with choices recorded, events hashed, CPU
// clocks charged, and the strategy behind its interface. Equal checksums prove equal work.
//
// The baselines' clock moves only when everybody waits. So that brink's, which also moves with
// every step, gives the same order, one of their time units is 2^40 ns here (2^30 where sums would
// overflow), every deadline is a whole number of units, and deadlines within one unit are kept
// apart in the order in which they were set.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/core/baseline/bench.hpp"
#include "sim/locking/locks.hpp"
#include "sim/locking/mutex.hpp"
#include "sim/sched/core_inline.hpp"
#include "sim/sched/fifo.hpp"

namespace brink {
namespace {

/// What all tasks of a world share.
struct World {
  Core& core;
  Mutex* mutexes = nullptr;
  u64 left = 0;  ///< W1: yields of each task; W3: acquisitions of all together
  u64 seed = 0;
  bool lockup = false;
  Rng* luck = nullptr;
  unsigned unit_bits = 30;  ///< a unit is 2^bits ns: the baselines do not divide either
  Nanos apart = 0;          ///< how far deadlines within one unit are kept apart
  u64 sleeps = 0;
};

[[gnu::always_inline]] inline void sleep_units(World& world, u64 units) {
  const Nanos unit = (world.core.now() >> world.unit_bits) + units;
  world.core.sleep_until((unit << world.unit_bits) + world.sleeps++ * world.apart);
}

void w1(void* argument) {
  World& world = *static_cast<World*>(argument);
  Core& core = world.core;
  for (u64 i = world.left; i != 0; --i) core.yield();
}

[[gnu::noinline]] void leaf(Core& core) {
  core.yield();
  asm volatile("");
}

[[gnu::noinline]] void middle(Core& core) {
  leaf(core);
  asm volatile("");
}

/// As w1, but the four tasks suspend at four call sites and depths.
void w1x(void* argument) {
  World& world = *static_cast<World*>(argument);
  Core& core = world.core;
  const u64 yields = world.left;
  switch (core.current().id & 3) {
    case 0:
      for (u64 i = 0; i < yields; ++i) core.yield();
      break;
    case 1:
      for (u64 i = 0; i < yields; ++i) leaf(core);
      break;
    case 2:
      for (u64 i = 0; i < yields; ++i) middle(core);
      break;
    default:
      for (u64 i = 0; i < yields; ++i) {
        core.yield();
        asm volatile("nop");
      }
  }
}

void w3(void* argument) {
  World& world = *static_cast<World*>(argument);
  Rng luck(world.core.current().id + 1);
  while (world.left != 0) {
    --world.left;
    Mutex& mutex = world.mutexes[luck.below(8)];
    mutex.lock();
    sleep_units(world, 1 + luck.below(1000));
    mutex.unlock();
  }
}

void w4(void* argument) {
  World& world = *static_cast<World*>(argument);
  const u32 id = world.core.current().id;
  Rng luck(world.seed * 8 + id + 1);
  for (int i = 0; i < 8; ++i) {
    world.core.yield();
    MutexGuard guard(world.mutexes[luck.below(2)]);
    sleep_units(world, 1 + luck.below(100));
  }
  if (!world.lockup || id >= 2) return;
  MutexGuard mine(world.mutexes[id]);
  sleep_units(world, 1000);
  MutexGuard yours(world.mutexes[1 - id]);
}

void w4s(void* argument) {
  World& world = *static_cast<World*>(argument);
  const auto maybe_preempt = [&world] {
    if (world.luck->next() >> 63) world.core.yield();
  };
  Mutex* m = world.mutexes;
  for (int i = 0; i < 2; ++i) {
    maybe_preempt();
    m[0].lock();
    maybe_preempt();
    m[1].lock();
    maybe_preempt();
    m[1].unlock();
    maybe_preempt();
    m[0].unlock();
  }
}

struct Result {
  double rate = 0;
  const char* unit = "";
  u64 checksum = 0;
};

LocksConfig locks_config(bool lockdep) {
  LocksConfig config;
  config.lockdep = lockdep;
  return config;
}

Result switches(bool four_sites, double scale) {
  const u32 tasks = four_sites ? 4 : 2;
  FifoStrategy strategy;
  Core core(CoreConfig{}, strategy);
  World world{core};
  world.left = static_cast<u64>(20e6 * scale) / tasks;
  for (u32 i = 0; i < tasks; ++i) core.spawn("w1", {four_sites ? w1x : w1, &world});
  double time = cpu_now();
  core.run();
  time = cpu_now() - time;
  return {static_cast<double>(world.left * tasks) / time, "switch", 0};
}

Result acquisitions(bool lockdep, double scale) {
  FifoStrategy strategy;
  Core core(CoreConfig{}, strategy);
  Locks locks(core, locks_config(lockdep));
  LockClass& lock_class = locks.lock_class("bench.mutex");
  std::vector<std::unique_ptr<Mutex>> owned;
  std::allocator<Mutex> memory;
  Mutex* mutexes = memory.allocate(8);
  for (u32 i = 0; i < 8; ++i) std::construct_at(mutexes + i, locks, lock_class);
  World world{core, mutexes};
  world.left = static_cast<u64>(5e6 * scale);
  const u64 total = world.left;
  for (u32 i = 0; i < 64; ++i) core.spawn("w3", {w3, &world});
  double time = cpu_now();
  core.run();
  time = cpu_now() - time;
  const u64 checksum = core.now() >> world.unit_bits;
  core.abort();
  std::destroy_n(mutexes, 8);
  memory.deallocate(mutexes, 8);
  return {static_cast<double>(total) / time, "acq", checksum};
}

/// Small worlds, one after another: 8 tasks, 2 mutexes; or 2 tasks of the schedule test.
Result worlds(std::string_view what, bool lockdep, double scale) {
  const bool schedules = what == "w4s";
  const bool lockup = what == "w4l";
  const auto count = static_cast<u64>((schedules ? 1e6 : lockup ? 100e3 : 200e3) * scale);
  FifoStrategy strategy;
  Rng luck(99);
  u64 checksum = 0;
  double time = cpu_now();
  for (u64 i = 0; i < count; ++i) {
    Core core(CoreConfig{}, strategy);
    Locks locks(core, locks_config(lockdep));
    LockClass& lock_class = locks.lock_class("bench.mutex");
    Mutex mutexes[2] = {Mutex(locks, lock_class), Mutex(locks, lock_class)};
    World world{core, mutexes};
    world.seed = i + 1;
    world.lockup = lockup;
    world.luck = &luck;
    world.unit_bits = 40;
    world.apart = Nanos{1} << 30;
    for (u32 k = 0; k < (schedules ? 2 : 8); ++k) core.spawn("w4", {schedules ? w4s : w4, &world});
    core.run();
    checksum += core.now() >> world.unit_bits;
    core.abort();
  }
  time = cpu_now() - time;
  if (lockup) ++checksum;
  if (schedules) checksum = luck.s;
  return {static_cast<double>(count) / time, "world", checksum};
}

}  // namespace
}  // namespace brink

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: core_product w1|w1x|w3|w4|w4s|w4l [scale] [lockdep]\n");
    return 2;
  }
  const std::string_view what = argv[1];
  const double scale = argc > 2 ? std::atof(argv[2]) : 1.0;
  const bool lockdep = argc > 3 && std::strcmp(argv[3], "lockdep") == 0;
  fpu_norm();
  const brink::Result result = what == "w1" || what == "w1x" ? brink::switches(what == "w1x", scale)
                               : what == "w3"                ? brink::acquisitions(lockdep, scale)
                                                             : brink::worlds(what, lockdep, scale);
  std::printf("brink %s %.0f %s/s chk=%llu\n", argv[1], result.rate, result.unit,
              static_cast<unsigned long long>(result.checksum));
}
