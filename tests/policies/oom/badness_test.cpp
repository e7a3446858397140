// badness against mm/oom_kill.c of Linux 4.0: who may kill, whom, and when nobody.

#include <gtest/gtest.h>

#include <vector>

#include "brink/params.hpp"
#include "policies/builtin.hpp"

namespace brink {
namespace {

using Kind = OomChoice::Kind;

std::unique_ptr<OomPolicy> badness(Table table = {}) {
  Params params(std::move(table), "policy.oom");
  auto made = make_badness(params);
  params.done();
  return made;
}

TaskView user(TaskId id, Pages rss) {
  TaskView task;
  task.id = id;
  task.rss = rss;
  task.has_mm = true;
  return task;
}

TaskView with(TaskView task, auto change) {
  change(task);
  return task;
}

/// Choice on a machine of 100,000 pages, asked by `current`.
OomChoice choose(const std::vector<TaskView>& tasks, TaskId current = no_task,
                 const OomPolicy& policy = *badness()) {
  OomView view;
  view.request.task = current;
  view.request.gfp = GFP_KERNEL;
  view.memory.total = 100'000;
  view.tasks = tasks;
  view.now = 7;
  const OomChoice choice = policy.choose(view);
  EXPECT_EQ(policy.would_kill(view), choice.kind == Kind::kill ? 7 : never);
  return choice;
}

TEST(BadnessGate, AsksWhatMayOomAsks) {
  struct Row {
    const char* what;
    Gfp gfp;
    unsigned order;
    bool page_fault;
    OomGate gate;
  };
  const Row rows[] = {
      {"order 0", GFP_KERNEL, 0, false, OomGate::kill},
      {"order 3", GFP_KERNEL, 3, false, OomGate::kill},
      {"order 4", GFP_KERNEL, 4, false, OomGate::refuse},
      {"no FS", GFP_NOFS, 0, false, OomGate::pretend},
      {"no IO", GFP_NOIO, 3, false, OomGate::pretend},
      {"order comes before FS", GFP_NOFS, 4, false, OomGate::refuse},
      {"low memory", GFP_KERNEL | Gfp::dma, 0, false, OomGate::refuse},
      {"low memory of 32 bits", GFP_KERNEL | Gfp::dma32, 0, false, OomGate::refuse},
      {"low memory comes before FS", GFP_NOFS | Gfp::dma, 0, false, OomGate::refuse},
      {"THISNODE", GFP_KERNEL | Gfp::thisnode, 0, false, OomGate::refuse},
      {"FS comes before THISNODE", GFP_NOFS | Gfp::thisnode, 0, false, OomGate::pretend},
      {"NOFAIL is excused FS", GFP_NOFS | Gfp::nofail, 0, false, OomGate::kill},
      {"NOFAIL is excused the order", GFP_KERNEL | Gfp::nofail, 5, false, OomGate::kill},
      {"NOFAIL is excused low memory", GFP_NOFS | Gfp::dma | Gfp::nofail, 0, false, OomGate::kill},
      {"a page fault has an empty mask", Gfp::none, 0, true, OomGate::kill},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(badness()->gate({0, row.order, row.gfp, row.page_fault}), row.gate) << row.what;
  }
  EXPECT_EQ(badness()->rights(), VictimRights::everything);
}

TEST(Badness, CountsResidentSwappedAndPageTablePages) {
  const auto light =
      with(user(3, 100), [](TaskView& t) { t.swap_entries = 200, t.page_tables = 10; });
  const OomChoice choice = choose({user(2, 309), light});
  EXPECT_EQ(choice.kind, Kind::kill);
  EXPECT_EQ(choice.victim, 3u);
  EXPECT_EQ(choice.points, 310u);
  const auto big = with(user(4, 1), [](TaskView& t) { t.total_vm = 90'000; });
  EXPECT_EQ(choose({user(2, 2), big}).victim, 2u) << "what is mapped only counts for nothing";
}

TEST(Badness, GivesAdministratorsThreePercentAndAppliesTheAdjustment) {
  const auto admin = with(user(3, 1'000), [](TaskView& t) { t.admin = true; });
  EXPECT_EQ(choose({admin}).points, 970u);
  const auto adjusted = [](Pages rss, int adj) {
    return choose({with(user(3, rss), [&](TaskView& t) { t.oom_score_adj = adj; })}).points;
  };
  EXPECT_EQ(adjusted(50, 5), 550u);
  EXPECT_EQ(adjusted(5'000, -10), 4'000u);
  EXPECT_EQ(adjusted(5'000, -999), 1u) << "never 0, or it could not be killed at all";
}

TEST(Badness, NeverKillsInitKernelThreadsOrTheExempt) {
  const std::vector<TaskView> tasks = {
      with(user(1, 900), [](TaskView& t) { t.init = true; }),
      with(user(2, 900), [](TaskView& t) { t.kthread = true; }),
      with(user(3, 900), [](TaskView& t) { t.oom_score_adj = -1000; }),
      with(user(4, 900), [](TaskView& t) { t.has_mm = false; }),
  };
  EXPECT_EQ(choose(tasks).kind, Kind::nobody);
  std::vector<TaskView> more = tasks;
  more.push_back(user(5, 1));
  EXPECT_EQ(choose(more).victim, 5u);
}

TEST(Badness, TakesTheFirstCreatedAmongEquals) {
  EXPECT_EQ(choose({user(4, 10), user(6, 70), user(9, 70)}).victim, 6u);
}

TEST(Badness, WaitsForAnEarlierVictimWhereverItIsInTheList) {
  const auto victim = [](TaskId id) {
    return with(user(id, 0), [](TaskView& t) { t.victim = true; });
  };
  EXPECT_EQ(choose({victim(2), user(3, 9)}).kind, Kind::wait);
  EXPECT_EQ(choose({user(2, 9), victim(3)}).kind, Kind::wait);
  const auto without_mm = with(victim(3), [](TaskView& t) { t.has_mm = false; });
  EXPECT_EQ(choose({user(2, 9), without_mm}).kind, Kind::wait) << "it still has TIF_MEMDIE";
}

TEST(Badness, WaitsForAnExitingTaskUnlessItDumpsCoreOrHasNoMemory) {
  const auto exiting = with(user(3, 1), [](TaskView& t) { t.exiting = true; });
  EXPECT_EQ(choose({user(2, 9), exiting}).kind, Kind::wait);
  const auto dumping = with(exiting, [](TaskView& t) { t.dumping_core = true; });
  EXPECT_EQ(choose({user(2, 9), dumping}).victim, 2u);
  const auto gone = with(exiting, [](TaskView& t) { t.has_mm = false; });
  EXPECT_EQ(choose({user(2, 9), gone}).victim, 2u);
}

TEST(Badness, WaitsForAVictimNoLongerThanTheTimeout) {
  OomView view;
  view.memory.total = 100'000;
  const std::vector<TaskView> tasks = {user(2, 9), with(user(3, 99), [](TaskView& t) {
                                         t.victim = true;
                                         t.victim_since = 5 * seconds;
                                       })};
  view.tasks = tasks;
  view.now = 6 * seconds;
  EXPECT_EQ(badness()->would_kill(view), never);
  const auto policy = badness({{"timeout", "3 s"}});
  EXPECT_EQ(policy->choose(view).kind, Kind::wait);
  EXPECT_EQ(policy->would_kill(view), 8 * seconds);
  view.now = 8 * seconds;
  EXPECT_EQ(policy->choose(view).kind, Kind::kill);
  EXPECT_EQ(policy->choose(view).victim, 2u) << "not the same again";
  EXPECT_EQ(policy->would_kill(view), view.now);
}

TEST(Badness, NoTimeoutHelpsAgainstATaskThatExitsForEver) {
  OomView view;
  view.memory.total = 100'000;
  const std::vector<TaskView> tasks = {user(2, 9),
                                       with(user(3, 99), [](TaskView& t) { t.exiting = true; }),
                                       with(user(4, 1), [](TaskView& t) { t.victim = true; })};
  view.tasks = tasks;
  EXPECT_EQ(badness({{"timeout", "3 s"}})->would_kill(view), never);
}

TEST(Badness, SacrificesTheWorstChildForItsParent) {
  const auto child = [](TaskId id, Pages rss) {
    return with(user(id, rss), [](TaskView& t) { t.parent = 2; });
  };
  EXPECT_EQ(choose({user(2, 99), child(3, 5), child(4, 8), child(5, 8)}).victim, 4u);
  const auto exempt = with(child(3, 50), [](TaskView& t) { t.oom_score_adj = -1000; });
  EXPECT_EQ(choose({user(2, 99), exempt}).victim, 2u);
  EXPECT_EQ(choose({user(2, 99), exempt}).points, 99u);
  const OomChoice choice = choose({user(2, 99), child(3, 5)});
  EXPECT_EQ(choice.chosen, 2u) << "whom the log names";
  EXPECT_EQ(choice.chosen_points, 99u);
  const auto same_memory = [](TaskView task) { return with(task, [](TaskView& t) { t.mm = 7; }); };
  EXPECT_EQ(choose({same_memory(user(2, 99)), same_memory(child(3, 50))}).victim, 2u);
}

TEST(Badness, GivesTheRightsToTheAskingTaskIfItIsDyingAnyway) {
  const auto killed = with(user(3, 1), [](TaskView& t) { t.fatal_signal = true; });
  const std::vector<TaskView> tasks = {user(2, 99), killed};
  EXPECT_EQ(choose(tasks, 3).victim, 3u);
  EXPECT_EQ(choose(tasks, 2).victim, 2u) << "another's signal is no reason";
  const auto exiting = with(user(3, 1), [](TaskView& t) { t.exiting = true; });
  EXPECT_EQ(choose({user(2, 99), exiting}, 3).victim, 3u);
  const auto has_them = with(killed, [](TaskView& t) { t.victim = true; });
  EXPECT_EQ(choose({user(2, 99), has_them}, 3).kind, Kind::wait);
  const auto no_memory = with(killed, [](TaskView& t) { t.has_mm = false; });
  EXPECT_EQ(choose({user(2, 99), no_memory}, 3).victim, 2u);
}

TEST(Badness, KillsTheAllocatingTaskIfToldAndItMayDie) {
  const auto policy = badness({{"kill_allocating_task", true}});
  EXPECT_EQ(choose({user(2, 99), user(3, 1)}, 3, *policy).victim, 3u);
  const auto exempt = with(user(3, 1), [](TaskView& t) { t.oom_score_adj = -1000; });
  EXPECT_EQ(choose({user(2, 99), exempt}, 3, *policy).victim, 2u);
  const auto victim = with(user(4, 1), [](TaskView& t) { t.victim = true; });
  EXPECT_EQ(choose({user(3, 1), victim}, 3, *policy).victim, 3u) << "it asks about nobody else";
}

TEST(Badness, PanicsInsteadOfKillingIfTold) {
  const auto policy = badness({{"panic_on_oom", 1}});
  EXPECT_EQ(choose({user(2, 99)}, 2, *policy).kind, Kind::panic);
  const auto killed = with(user(2, 1), [](TaskView& t) { t.fatal_signal = true; });
  EXPECT_EQ(choose({killed}, 2, *policy).victim, 2u) << "a dying task comes first";
}

}  // namespace
}  // namespace brink
