// The OOM policies that no kernel has: lock_aware, oldest, largest, panic.

#include <set>

#include "tests/policies/oom/oom_tasks.hpp"

namespace brink {
namespace {

using Kind = OomChoice::Kind;

/// Everybody gets on but those named; `waiting` would after a kill.
class Stuck final : public WaitView {
 public:
  explicit Stuck(std::set<TaskId> stuck, std::set<TaskId> waiting = {})
      : stuck_(std::move(stuck)), waiting_(std::move(waiting)) {}
  bool can_progress(TaskId task) const override {
    return !stuck_.contains(task) && !waiting_.contains(task);
  }
  bool can_exit(TaskId task) const override { return !stuck_.contains(task); }
  TaskId waits_for(TaskId) const override { return no_task; }

 private:
  const std::set<TaskId> stuck_, waiting_;
};

OomChoice aware(const std::vector<TaskView>& tasks, const Stuck& waits) {
  OomView view = view_of(tasks);
  view.waits = &waits;
  return made(make_lock_aware)->choose(view);
}

TEST(LockAware, NeverChoosesWhoCannotExit) {
  const std::vector<TaskView> tasks = {user(2, 99), user(3, 50), user(4, 70)};
  EXPECT_EQ(aware(tasks, Stuck({})).victim, 2u);
  EXPECT_EQ(aware(tasks, Stuck({2})).victim, 4u) << "the best that can";
  EXPECT_EQ(aware(tasks, Stuck({}, {2})).victim, 2u) << "its own request ends with its rights";
  EXPECT_EQ(aware(tasks, Stuck({2, 3, 4})).kind, Kind::wait);
  EXPECT_EQ(aware({}, Stuck({})).kind, Kind::nobody);
}

TEST(LockAware, WaitsOnlyForVictimsThatGetOn) {
  const auto victim = with(user(3, 500), [](TaskView& t) { t.victim = true; });
  const std::vector<TaskView> tasks = {user(2, 9), victim};
  EXPECT_EQ(aware(tasks, Stuck({})).kind, Kind::wait);
  EXPECT_EQ(aware(tasks, Stuck({3})).victim, 2u);
  EXPECT_EQ(made(make_lock_aware)->choose(view_of(tasks)).kind, Kind::wait) << "nobody knows";
}

TEST(Oldest, KillsWhoStartedFirst) {
  const auto started = [](TaskId id, Nanos at) {
    return with(user(id, 1), [&](TaskView& t) { t.started = at; });
  };
  const auto choose = [](const std::vector<TaskView>& tasks) {
    return made(make_oldest)->choose(view_of(tasks));
  };
  EXPECT_EQ(choose({started(2, 5), started(3, 1), user(4, 900)}).victim, 4u);
  const auto init = with(user(1, 1), [](TaskView& t) { t.init = true; });
  EXPECT_EQ(choose({init, started(2, 5), started(3, 1)}).victim, 3u);
  const auto victim = with(started(3, 1), [](TaskView& t) { t.victim = true; });
  EXPECT_EQ(choose({started(2, 5), victim}).kind, Kind::wait);
  EXPECT_EQ(choose({init}).kind, Kind::nobody);
}

TEST(Largest, IgnoresAdjustmentsButTheExemption) {
  const auto adjusted = [](TaskId id, Pages pages, int adj) {
    return with(user(id, pages), [&](TaskView& t) { t.oom_score_adj = adj; });
  };
  const auto choose = [](const std::vector<TaskView>& tasks) {
    return made(make_largest)->choose(view_of(tasks));
  };
  EXPECT_EQ(choose({adjusted(2, 10, 900), user(3, 11)}).victim, 3u);
  EXPECT_EQ(choose({user(2, 10), adjusted(3, 11, -1000)}).victim, 2u);
  const auto swapped = with(user(2, 10), [](TaskView& t) { t.swap_entries = 5; });
  EXPECT_EQ(choose({swapped, user(3, 11)}).victim, 2u);
}

TEST(PanicOnOom, PanicsAtTheFirstKill) {
  const auto policy = made(make_panic_on_oom);
  EXPECT_EQ(policy->choose(view_of({user(2, 9)})).kind, Kind::panic);
  EXPECT_EQ(policy->would_kill(view_of({user(2, 9)})), never);
  const auto dying = with(user(2, 9), [](TaskView& t) { t.fatal_signal = true; });
  EXPECT_EQ(policy->choose(view_of({dying}, 2)).victim, 2u);
}

}  // namespace
}  // namespace brink
