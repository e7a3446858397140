// The fixed point against the naive one, on random graphs; and what must hold of it whatever the
// graph.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "brink/random.hpp"
#include "sim/watch/can_progress.hpp"
#include "sim/watch/chain_walk.hpp"
#include "tests/sim/watch/naive_fixpoint.hpp"
#include "tests/sim/watch/random_world.hpp"

namespace brink {
namespace {

using invented::Naive;
using invented::World;

std::string text(const Task& t, const Naive& naive) {
  std::string s = "\n  " + std::string(t.name()) + (t.state == TaskState::dead ? " dead" : "");
  if (t.wait != nullptr) s += " on kind " + std::to_string(static_cast<int>(t.wait->kind()));
  if (t.loop != nullptr)
    s += " in loop of kind " + std::to_string(static_cast<int>(t.loop->kind()));
  if (t.inner_loop != nullptr)
    s += " around one of kind " + std::to_string(static_cast<int>(t.inner_loop->kind()));
  if (t.timer_sequence != 0) s += " timer";
  return s + (naive.moves(t.id) ? " moves" : "") + (naive.can(t.id) ? " can" : " cannot");
}

/// Where the engine differs from the naive fixed point; empty if nowhere.
std::string difference(World& world, CanProgress& engine) {
  for (const bool bystanders : {false, true}) {
    for (TaskId id = 0; id < world.core.task_count(); ++id) {
      if (world.rested[id] != 0) engine.rested(id, world.rested[id] - 1);
    }
    bystanders ? engine.add_bystanders() : engine.evaluate(0);
    const Naive naive(world.core, world.memory, world.rested, bystanders);
    for (TaskId id = 0; id < world.core.task_count(); ++id) {
      if (engine.can(id) == naive.can(id) && engine.moves(id) == naive.moves(id)) continue;
      std::string what = (bystanders ? "absolute: t" : "conditional: t") + std::to_string(id);
      for (TaskId t = 0; t < world.core.task_count(); ++t) what += text(world.task(t), naive);
      return what;
    }
  }
  return {};
}

World::Pick from(Random& random) {
  return [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random.below(n)); };
}

World::Pick from(const std::vector<std::uint8_t>& bytes) {
  return [&bytes, at = std::size_t{0}](std::uint32_t n) mutable {
    return at < bytes.size() ? bytes[at++] % n : 0;
  };
}

TEST(CanProgress, EqualsTheNaiveFixedPointOnManyRandomGraphs) {
  World world(9);
  Random random(1, stream_id("graphs"));
  std::uint64_t stuck = 0, absolute = 0;
  for (int i = 0; i < 120'000; ++i) {
    CanProgress engine(world.core, world.obliged, &world.memory);
    world.randomize(from(random));
    const std::string what = difference(world, engine);
    ASSERT_EQ(what, "") << "graph " << i;
    engine.evaluate(0);
    for (const TaskId id : engine.tasks()) stuck += !engine.can(id);
    engine.add_bystanders();
    for (const TaskId id : engine.tasks()) absolute += !engine.can(id);
  }
  // The dice must not make it trivial: of the million tasks, many are stuck, and bystanders matter.
  EXPECT_GT(stuck, 200'000u);
  EXPECT_LT(stuck, 700'000u);
  EXPECT_GT(stuck, absolute + 10'000u);
}

RC_GTEST_PROP(CanProgress, EqualsTheNaiveFixedPoint, ()) {
  const auto bytes =
      *rc::gen::container<std::vector<std::uint8_t>>(200, rc::gen::arbitrary<std::uint8_t>());
  World world(6);
  world.randomize(from(bytes));
  CanProgress engine(world.core, world.obliged, &world.memory);
  RC_ASSERT(difference(world, engine) == "");
}

TEST(CanProgress, GrowsWithEveryTaskThatRunsAndEverySupplier) {
  World world(9);
  Random random(2, stream_id("monotony"));
  for (int i = 0; i < 20'000; ++i) {
    world.randomize(from(random));
    Task& t = world.task(static_cast<TaskId>(random.below(9)));
    if (t.state == TaskState::dead) continue;
    CanProgress before(world.core, world.obliged, &world.memory);
    before.evaluate(0);
    switch (random.below(4)) {
      case 0: t.timer_sequence = t.state == TaskState::parked; break;
      case 1: world.memory.of(t).pages = true; break;
      case 2: world.memory.of(t).refusal = true; break;
      default: world.memory.io = true;
    }
    CanProgress after(world.core, world.obliged, &world.memory);
    after.evaluate(0);
    for (const TaskId id : before.tasks()) ASSERT_LE(before.can(id), after.can(id)) << i;
    before.add_bystanders();
    after.add_bystanders();
    for (const TaskId id : before.tasks()) ASSERT_LE(before.can(id), after.can(id)) << i;
  }
}

TEST(ChainWalk, ProvesOnlyWhatTheFixedPointFinds) {
  World world(9);
  Random random(3, stream_id("chains"));
  std::uint64_t proved = 0, parked = 0;
  for (int i = 0; i < 20'000; ++i) {
    world.randomize(from(random));
    CanProgress engine(world.core, world.obliged, &world.memory);
    engine.evaluate(0, CanProgress::Kills::ignored);
    ChainWalk walk(world.core, &world.memory);
    const auto hint = static_cast<TaskId>(random.below(9));
    if (engine.can(hint)) walk.set_anyone(hint);
    for (const TaskId id : engine.tasks()) {
      const bool ok = walk.proves(world.task(id));
      ASSERT_LE(ok, engine.can(id)) << i;
      parked += engine.can(id) && world.task(id).state == TaskState::parked;
      proved += ok && world.task(id).state == TaskState::parked;
    }
  }
  EXPECT_GT(proved, parked / 2);  // or else it is not worth its while
}

TEST(CanProgress, ForgetsTheDeadAndMeetsTheNewborn) {
  World world(3);
  CanProgress engine(world.core, world.obliged, &world.memory);
  engine.evaluate(0);
  EXPECT_EQ(engine.tasks().size(), 3u);
  world.task(1).state = TaskState::dead;
  Task& born = world.core.spawn("born", {[](void*) {}, nullptr});
  engine.evaluate(0);
  EXPECT_EQ((std::vector<TaskId>(engine.tasks().begin(), engine.tasks().end())),
            (std::vector<TaskId>{0, 2, born.id}));
  EXPECT_TRUE(engine.can(born.id));
  EXPECT_FALSE(engine.can(1));
}

}  // namespace
}  // namespace brink
