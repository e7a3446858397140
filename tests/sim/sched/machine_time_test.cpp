// Properties of whole runs of random programs: virtual time, the two paths of the dispatcher, and
// that a run is a function of its inputs.

#include <rapidcheck/gtest.h>

#include "sim/sched/random.hpp"
#include "tests/sim/sched/random_program.hpp"

namespace brink {
namespace {

/// The plain strategy, without telling the core that it need not be asked.
class AskedFifo final : public Strategy {
 public:
  std::uint32_t pick_task(const ReadyQueue& ready, const Task* current, Why why) override {
    EXPECT_EQ(current == nullptr, why == Why::freed);
    EXPECT_FALSE(ready.empty());
    ++asked;
    return default_choice(why, ready.size());
  }
  std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t) override {
    ++asked;
    return default_cpu(cpus);
  }
  bool asks_at_points() const override { return false; }

  std::uint64_t asked = 0;
};

CoreConfig some_machine() {
  CoreConfig config;
  config.cpus = *rc::gen::element(1u, 1u, 2u, 3u);
  config.preempt = *rc::gen::element(Preempt::none, Preempt::voluntary, Preempt::full);
  config.time_limit = 3 * seconds;
  return config;
}

struct Result {
  RunEnd end;
  std::uint64_t hash, choices;
  Nanos time;
  std::uint32_t live;
  bool operator==(const Result&) const = default;
};

Result result_of(RandomWorld& world) {
  const RunEnd end = world.run();
  return {end, world.core().hash(), world.core().choices().count(), world.core().machine_time(),
          world.core().live()};
}

RC_GTEST_PROP(Core, TheSimplePathDoesWhatTheGeneralPathDoes, ()) {
  const RandomProgram program = *random_program();
  CoreConfig config = some_machine();
  config.cpus = 1;
  FifoStrategy fifo;
  RandomWorld simple(program, fifo, config);
  RandomWorld general(program, fifo, config);
  Events events;
  general.core().set_sink(&events);
  AskedFifo asking;
  RandomWorld asked(program, asking, config);
  const Result result = result_of(simple);
  RC_ASSERT(result_of(general) == result);
  RC_ASSERT(result_of(asked) == result);
  RC_ASSERT(asked.core().choices().bytes().empty());
  RC_ASSERT(asked.core().choices().count() == asking.asked);
}

RC_GTEST_PROP(Core, DefaultChoicesAreWhatAPlainStrategyAnswersOnAnyMachine, ()) {
  const RandomProgram program = *random_program();
  const CoreConfig config = some_machine();
  FifoStrategy fifo;
  RandomWorld defaults(program, fifo, config);
  AskedFifo asking;
  RandomWorld asked(program, asking, config);
  RC_ASSERT(result_of(defaults) == result_of(asked));
  RC_ASSERT(asked.core().choices().count() == asking.asked);
}

RC_GTEST_PROP(Core, TheHashIsThatOfTheEventsAndTimeNeverGoesBack, (std::uint64_t seed)) {
  const RandomProgram program = *random_program();
  const CoreConfig config = some_machine();
  RandomStrategy strategy(seed);
  RandomWorld world(program, strategy, config);
  Events events;
  world.core().set_sink(&events);
  world.run();
  EventHash hash;
  Nanos time = 0;
  for (const Events::Event& e : events.events) {
    hash.add(e.kind, e.a, e.b);
    if (e.kind != EventKind::time_advance) continue;
    RC_ASSERT(e.a >= time);
    time = e.a;
  }
  RC_ASSERT(hash.value() == world.core().hash());
}

RC_GTEST_PROP(Core, TheSameRunTwiceIsTheSameAndAnotherSeedIsNot, (std::uint64_t seed)) {
  const RandomProgram program = *random_program();
  const CoreConfig config = some_machine();
  RandomStrategy a(seed);
  RandomStrategy b(seed);
  RandomWorld first(program, a, config);
  RandomWorld second(program, b, config);
  RC_ASSERT(result_of(first) == result_of(second));
}

TEST(Core, AnotherSeedIsAnotherRun) {
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStrategy strategy(seed);
    World world(strategy);
    for (int i = 0; i < 4; ++i) {
      world.spawn([&] {
        for (int k = 0; k < 10; ++k) world.core.yield();
      });
    }
    world.core.run();
    hashes.push_back(world.core.hash());
  }
  std::sort(hashes.begin(), hashes.end());
  EXPECT_EQ(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

TEST(Core, NoCpuIsGivenAStepWhenItIsMoreThanATickAhead) {
  // The strategy always wants the CPU that is furthest ahead.
  class Furthest final : public Strategy {
   public:
    std::uint32_t pick_task(const ReadyQueue&, const Task*, Why) override { return 0; }
    std::uint32_t pick_cpu(std::span<const CpuView> cpus, std::uint32_t) override {
      Nanos earliest = never;
      std::uint32_t furthest = 0;
      for (std::uint32_t i = 0; i < cpus.size(); ++i) {
        earliest = std::min(earliest, cpus[i].clock);
        if (cpus[i].clock > cpus[furthest].clock) furthest = i;
      }
      ahead = std::max(ahead, cpus[furthest].clock - earliest);
      return furthest;
    }
    bool asks_at_points() const override { return true; }
    Nanos ahead = 0;
  } strategy;
  World world(strategy, cpus(3));
  for (int i = 0; i < 3; ++i) {
    world.spawn([&] {
      for (int k = 0; k < 1000; ++k) world.core.step(50 * us);
    });
  }
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_LE(strategy.ahead, world.core.tick());
  EXPECT_GT(strategy.ahead, world.core.tick() / 2);
}

TEST(Core, HeadroomEndsAtTheNextEvent) {
  FifoStrategy fifo;
  World world(fifo, cpus(2));
  world.spawn([&] {
    const Nanos tick = world.core.tick();
    EXPECT_LE(world.core.headroom(), tick);
    world.core.at(world.core.now() + 100, [](void*, std::uint64_t) {}, nullptr, 0);
    EXPECT_EQ(world.core.headroom(), 100u);
    world.core.charge(200);
    EXPECT_EQ(world.core.headroom(), 1u);
  });
  world.core.run();
}

}  // namespace
}  // namespace brink
