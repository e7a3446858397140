// linux_2_6 against mm/oom_kill.c of Linux 2.6.30: who may kill, whom, and when nobody. Claims C1.4
// and C1.5 of the OLPC seed are here as far as they are arithmetic.

#include "tests/policies/oom/oom_tasks.hpp"

namespace brink {
namespace {

using Kind = OomChoice::Kind;

OomChoice choose(const std::vector<TaskView>& tasks, TaskId current = no_task, Table table = {}) {
  return made(make_linux_2_6_oom, std::move(table))->choose(view_of(tasks, current));
}

TEST(Linux26Gate, LetsWhoeverMayUseFileSystemsKill) {
  const auto policy = made(make_linux_2_6_oom);
  const auto gate = [&](Gfp gfp, unsigned order, bool fault = false) {
    return policy->gate({0, order, gfp, fault});
  };
  EXPECT_EQ(gate(GFP_KERNEL, 3), OomGate::kill);
  EXPECT_EQ(gate(GFP_KERNEL | Gfp::dma, 0), OomGate::kill) << "low memory is no excuse yet";
  EXPECT_EQ(gate(GFP_KERNEL, 4), OomGate::refuse);
  EXPECT_EQ(gate(GFP_NOFS, 0), OomGate::bypass);
  EXPECT_EQ(gate(GFP_NOFS | Gfp::nofail, 0), OomGate::bypass);
  EXPECT_EQ(gate(GFP_KERNEL | Gfp::noretry, 0), OomGate::bypass);
  EXPECT_EQ(gate(GFP_KERNEL | Gfp::nofail, 4), OomGate::kill);
  EXPECT_EQ(gate(Gfp::none, 0, true), OomGate::kill);
  const auto v30 = made(make_linux_2_6_oom, {{"costly_nofail", false}});
  EXPECT_EQ(v30->gate({0, 4, GFP_KERNEL | Gfp::nofail, false}), OomGate::refuse);
  EXPECT_FALSE(policy->dump_tasks());
  EXPECT_EQ(policy->nap(), OomNap::always);
  EXPECT_TRUE(policy->rights_outlive_memory());
}

TEST(Linux26, CountsVirtualMemoryAndHalfOfTheChildrens) {
  const auto mapped = with(user(3, 1), [](TaskView& t) { t.total_vm = 500; });
  EXPECT_EQ(choose({user(2, 400), mapped}).victim, 3u);
  EXPECT_EQ(choose({user(2, 400), mapped}).points, 500u);
  const auto child = [](TaskId id, Pages pages) {
    return with(user(id, pages), [](TaskView& t) { t.parent = 2; });
  };
  // 100 + (300 / 2 + 1) + (301 / 2 + 1) = 402, more than the others have: its first child dies.
  const OomChoice choice = choose({user(2, 100), child(3, 300), child(4, 301), user(5, 400)});
  EXPECT_EQ(choice.chosen, 2u);
  EXPECT_EQ(choice.chosen_points, 402u);
  EXPECT_EQ(choice.victim, 3u) << "the first, not the largest";
}

TEST(Linux26, DividesByRootsOfTimesAndByPrivileges) {
  const auto points = [](auto change) { return choose({with(user(2, 6'400), change)}).points; };
  EXPECT_EQ(points([](TaskView&) {}), 6'400u);
  EXPECT_EQ(points([](TaskView& t) { t.cpu_time = 17 * 8'192 * ms; }), 1'600u) << "isqrt(17) = 4";
  EXPECT_EQ(points([](TaskView& t) { t.cpu_time = 8'191 * ms; }), 6'400u);
  EXPECT_EQ(points([](TaskView& t) { t.nice = 1; }), 12'800u);
  EXPECT_EQ(points([](TaskView& t) { t.nice = -5; }), 6'400u);
  EXPECT_EQ(points([](TaskView& t) { t.admin = t.resource = true; }), 1'600u);
  EXPECT_EQ(points([](TaskView& t) { t.resource = t.rawio = true; }), 400u);
  OomView view = view_of({});
  const std::vector<TaskView> tasks = {user(2, 6'400)};
  view.tasks = tasks;
  view.now = 256 * 1'024 * seconds;
  EXPECT_EQ(made(make_linux_2_6_oom)->choose(view).points, 1'600u) << "isqrt(isqrt(256)) = 4";
}

TEST(Linux26, AnAdjustmentShiftsTheScore) {
  const auto adjusted = [](TaskId id, Pages pages, int adj) {
    return with(user(id, pages), [&](TaskView& t) { t.oom_adj = adj; });
  };
  EXPECT_EQ(choose({user(2, 9'000), adjusted(3, 1, 15)}).victim, 3u);
  EXPECT_EQ(choose({adjusted(3, 1, 15)}).points, 1u << 15);
  EXPECT_EQ(choose({user(2, 32'769), adjusted(3, 1, 15)}).victim, 2u) << "more than 2^15 times";
  EXPECT_EQ(choose({adjusted(3, 0, 15)}).points, 1u << 15) << "0 counts as 1";
  EXPECT_EQ(choose({user(2, 100), adjusted(3, 60'000, -10)}).victim, 2u);
  EXPECT_EQ(choose({adjusted(3, 60'000, -17)}).kind, Kind::nobody);
}

TEST(Linux26, SparesWhoSharesMemoryWithTheExempt) {
  const auto shared = [](TaskId id, int adj) {
    return with(user(id, 500), [&](TaskView& t) { t.mm = 1, t.oom_adj = adj; });
  };
  EXPECT_EQ(choose({shared(2, 0), shared(3, -17), user(4, 9)}).victim, 4u);
  EXPECT_EQ(choose({shared(2, 0), shared(3, 0), user(4, 9)}).victim, 2u);
}

TEST(Linux26, WaitsForVictimsAndExitingTasksThatStillHaveMemory) {
  const auto victim = with(user(3, 1), [](TaskView& t) { t.victim = true; });
  EXPECT_EQ(choose({user(2, 9), victim}).kind, Kind::wait);
  const auto without = with(victim, [](TaskView& t) { t.has_mm = false; });
  EXPECT_EQ(choose({user(2, 9), without}).victim, 2u) << "unlike in 4.0";
  const auto exiting = with(user(3, 1), [](TaskView& t) { t.exiting = true; });
  EXPECT_EQ(choose({user(2, 9), exiting}).kind, Kind::wait);
  EXPECT_EQ(choose({user(2, 9), exiting}, 3).victim, 3u) << "it asks itself";
}

TEST(Linux26, KillsTheAllocatingTaskUnlessItIsExempt) {
  const Table told = {{"kill_allocating_task", true}};
  EXPECT_EQ(choose({user(2, 99), user(3, 1)}, 3, told).victim, 3u);
  const auto exempt = with(user(3, 1), [](TaskView& t) { t.oom_adj = -17; });
  EXPECT_EQ(choose({user(2, 99), exempt}, 3, told).victim, 2u);
  EXPECT_EQ(choose({user(2, 99)}, 2, {{"panic_on_oom", 2}}).kind, Kind::panic);
}

}  // namespace
}  // namespace brink
