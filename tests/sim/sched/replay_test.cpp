// Replaying recorded schedules, noticing where they do not fit, and going on otherwise from a
// choice.

#include "sim/sched/replay.hpp"

#include <rapidcheck/gtest.h>

#include <string>

#include "sim/sched/pct.hpp"
#include "sim/sched/random.hpp"
#include "sim/switchover.hpp"
#include "tests/sim/sched/random_program.hpp"

namespace brink {
namespace {

struct Recorded {
  std::uint64_t hash;
  Schedule schedule;
};

Recorded run(const RandomProgram& program, Strategy& strategy, const CoreConfig& config) {
  RandomWorld world(program, strategy, config);
  world.run();
  const bool asks = !strategy.takes_defaults() && strategy.asks_at_points();
  return {world.core().hash(), schedule_of(world.core().choices(), asks)};
}

CoreConfig some_machine() {
  CoreConfig config;
  config.cpus = *rc::gen::element(1u, 2u, 4u);
  config.preempt = *rc::gen::element(Preempt::none, Preempt::voluntary, Preempt::full);
  config.time_limit = 3 * seconds;
  return config;
}

void replays(const RandomProgram& program, Strategy& strategy, const CoreConfig& config) {
  const Recorded recorded = run(program, strategy, config);
  ReplayStrategy replay(schedule_from_hex(to_hex(recorded.schedule)));
  RandomWorld world(program, replay, config);
  world.run();
  RC_ASSERT_FALSE(world.core().hash() != recorded.hash);
  const Schedule again = schedule_of(world.core().choices(), recorded.schedule.asks_at_points);
  RC_ASSERT(to_hex(again) == to_hex(recorded.schedule));
  replay.check(world.core().choices());
}

RC_GTEST_PROP(Replay, DoesWhatARandomRunDid, (std::uint64_t seed)) {
  RandomStrategy strategy(seed);
  replays(*random_program(), strategy, some_machine());
}

RC_GTEST_PROP(Replay, DoesWhatAPctRunDid, (std::uint64_t seed)) {
  PctStrategy strategy(seed, 4, 50);
  replays(*random_program(), strategy, some_machine());
}

RC_GTEST_PROP(Replay, DoesWhatAPlainRunDid, ()) {
  FifoStrategy strategy;
  replays(*random_program(), strategy, some_machine());
}

RC_GTEST_PROP(Switchover, IsTheFirstUpToTheChoiceAndTheOtherFromThere,
              (std::uint64_t seed, std::uint64_t other)) {
  const RandomProgram program = *random_program();
  const CoreConfig config = some_machine();
  RandomStrategy alone(seed);
  const Recorded whole = run(program, alone, config);
  const std::uint64_t at = *rc::gen::inRange<std::uint64_t>(0, whole.schedule.count + 2);
  RandomStrategy first(seed);
  RandomStrategy then(other);
  SwitchoverStrategy both(first, at, then);
  const Recorded switched = run(program, both, config);
  const auto before = [at](const Schedule& schedule) {
    Schedule prefix{true, std::min(at, schedule.count), {}};
    for (const Departure& d : schedule.departures) {
      if (d.at < at) prefix.departures.push_back(d);
    }
    return to_hex(prefix);
  };
  RC_ASSERT(before(switched.schedule) == before(whole.schedule));
  if (at >= whole.schedule.count) RC_ASSERT(switched.hash == whole.hash);
  // The recorded prefix does for the strategy that recorded it.
  ReplayStrategy prefix(whole.schedule);
  RandomStrategy then_again(other);
  SwitchoverStrategy from_log(prefix, at, then_again);
  RC_ASSERT(run(program, from_log, config).hash == switched.hash);
}

TEST(Switchover, TheOtherStrategyDoesTakeOver) {
  const RandomProgram program(3, std::vector<Op>(30, Op{Op::yield, 0}));
  RandomStrategy alone(1);
  const Recorded whole = run(program, alone, {});
  RandomStrategy first(1);
  RandomStrategy then(2);
  SwitchoverStrategy both(first, 20, then);
  EXPECT_NE(run(program, both, {}).hash, whole.hash);
}

// --- What does not fit.

/// Two tasks that yield three times each: freed, then six times yielded, fewer when one has ended.
std::string mismatch(const Schedule& schedule, std::uint64_t* at = nullptr) {
  const RandomProgram program(2, std::vector<Op>(3, Op{Op::yield, 0}));
  ReplayStrategy replay(schedule);
  RandomWorld world(program, replay, {});
  world.run();
  EXPECT_EQ(world.core().live(), 0u);
  try {
    replay.check(world.core().choices());
  } catch (const ReplayMismatch& error) {
    if (at != nullptr) *at = error.choice();
    return error.what();
  }
  return "fits";
}

Schedule recorded() {
  const RandomProgram program(2, std::vector<Op>(3, Op{Op::yield, 0}));
  FifoStrategy fifo;
  return run(program, fifo, {}).schedule;
}

TEST(Replay, SaysWhereAnOptionDoesNotExist) {
  Schedule schedule = recorded();
  schedule.departures = {{2, 5}};
  std::uint64_t at = 0;
  EXPECT_EQ(mismatch(schedule, &at),
            "replay does not fit at choice 2: option 5 was recorded, there are only 2");
  EXPECT_EQ(at, 2u);
}

TEST(Replay, SaysWhereTheDefaultWasRecordedAsADeparture) {
  Schedule schedule = recorded();
  schedule.departures = {{1, 0}};
  EXPECT_EQ(mismatch(schedule),
            "replay does not fit at choice 1: the recorded option is the default, which is never "
            "recorded");
}

TEST(Replay, SaysWhenTheLogEndsEarly) {
  Schedule schedule = recorded();
  EXPECT_EQ(mismatch(schedule), "fits");
  --schedule.count;
  EXPECT_EQ(mismatch(schedule), "replay does not fit at choice " + std::to_string(schedule.count) +
                                    ": the recorded schedule has ended");
}

TEST(Replay, SaysWhenTheLogEndsLate) {
  Schedule schedule = recorded();
  schedule.count += 3;
  const std::string made = std::to_string(schedule.count - 3);
  EXPECT_EQ(mismatch(schedule), "replay does not fit at choice " + made + ": the run made " + made +
                                    " choices, recorded were " + std::to_string(schedule.count));
}

}  // namespace
}  // namespace brink
