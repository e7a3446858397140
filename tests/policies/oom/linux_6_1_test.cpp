// linux_6_1 against mm/oom_kill.c and mm/page_alloc.c of Linux 6.1.

#include "tests/policies/oom/oom_tasks.hpp"

namespace brink {
namespace {

using Kind = OomChoice::Kind;

OomChoice choose(const std::vector<TaskView>& tasks, TaskId current = no_task, Gfp gfp = GFP_KERNEL,
                 Table table = {}) {
  return made(make_linux_6_1_oom, std::move(table))->choose(view_of(tasks, current, gfp));
}

TEST(Linux61Gate, RefusesWhatAKillWouldNotHelp) {
  const auto policy = made(make_linux_6_1_oom);
  const auto gate = [&](Gfp gfp, unsigned order, bool fault = false) {
    return policy->gate({0, order, gfp, fault});
  };
  EXPECT_EQ(gate(GFP_KERNEL, 3), OomGate::kill);
  EXPECT_EQ(gate(GFP_KERNEL, 4), OomGate::refuse);
  EXPECT_EQ(gate(GFP_KERNEL | Gfp::retry_mayfail, 0), OomGate::refuse);
  EXPECT_EQ(gate(GFP_KERNEL | Gfp::dma32, 0), OomGate::refuse);
  EXPECT_EQ(gate(GFP_KERNEL | Gfp::thisnode, 0), OomGate::refuse);
  EXPECT_EQ(gate(GFP_KERNEL | Gfp::nofail, 4), OomGate::pretend) << "no kill, and no failure";
  EXPECT_EQ(gate(Gfp::none, 0, true), OomGate::pretend);
  EXPECT_EQ(policy->rights(), VictimRights::half_min);
  EXPECT_EQ(policy->nap(), OomNap::none);
  EXPECT_EQ(policy->reaper_delay(), 2 * seconds);
  EXPECT_EQ(made(make_linux_6_1_oom, {{"reaper", false}})->reaper_delay(), never);
}

TEST(Linux61, ARequestWithoutFileSystemsKillsNobodyButMayBecomeAVictim) {
  const auto dying = with(user(3, 1), [](TaskView& t) { t.fatal_signal = true; });
  EXPECT_EQ(choose({user(2, 99), dying}, 2, GFP_NOFS).kind, Kind::pretend);
  EXPECT_EQ(choose({user(2, 99), dying}, 3, GFP_NOFS).victim, 3u) << "before the mask is looked at";
  const auto has_them = with(dying, [](TaskView& t) { t.victim = true; });
  EXPECT_EQ(choose({user(2, 99), has_them}, 3, GFP_NOFS).kind, Kind::pretend);
}

TEST(Linux61, KillsTheProcessItselfWithoutABonusForRoot) {
  const auto child = with(user(3, 50), [](TaskView& t) { t.parent = 2; });
  EXPECT_EQ(choose({user(2, 99), child}).victim, 2u);
  const auto admin = with(user(2, 1'000), [](TaskView& t) { t.admin = true; });
  EXPECT_EQ(choose({admin}).points, 1'000u);
  EXPECT_EQ(choose({user(2, 70), user(3, 70)}).victim, 3u) << "the last among equals";
}

TEST(Linux61, ScoresMayBeNegativeAndStillLose) {
  const auto adjusted = [](TaskId id, Pages pages, int adj) {
    return with(user(id, pages), [&](TaskView& t) { t.oom_score_adj = adj; });
  };
  EXPECT_EQ(choose({adjusted(2, 10, -500), adjusted(3, 10, -600)}).victim, 2u);
  EXPECT_EQ(choose({adjusted(2, 10, -1000)}).kind, Kind::nobody);
  EXPECT_EQ(choose({user(2, 400), adjusted(3, 1, 5)}).victim, 3u);
}

TEST(Linux61, GoesOnOnceTheVictimsMemoryIsGoneOrGivenUp) {
  const auto victim = with(user(3, 99), [](TaskView& t) { t.victim = true; });
  EXPECT_EQ(choose({user(2, 9), victim}).kind, Kind::wait);
  const auto skipped = with(victim, [](TaskView& t) { t.skip = true; });
  EXPECT_EQ(choose({user(2, 9), skipped}).victim, 2u);
  const auto exiting = with(user(3, 99), [](TaskView& t) { t.exiting = true; });
  EXPECT_EQ(choose({user(2, 9), exiting}).victim, 3u) << "just another candidate";
  const auto borrower = with(user(3, 99), [](TaskView& t) { t.vfork = true; });
  EXPECT_EQ(choose({user(2, 9), borrower}).victim, 2u);
}

TEST(Linux61, ObeysItsSysctls) {
  EXPECT_EQ(
      choose({user(2, 99), user(3, 1)}, 3, GFP_KERNEL, {{"kill_allocating_task", true}}).victim,
      3u);
  EXPECT_EQ(choose({user(2, 99)}, 2, GFP_KERNEL, {{"panic_on_oom", 1}}).kind, Kind::panic);
  EXPECT_FALSE(made(make_linux_6_1_oom, {{"dump_tasks", false}})->dump_tasks());
}

}  // namespace
}  // namespace brink
