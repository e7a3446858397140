// lock_dependency: who takes the lock, where, for how long, and which names are locks at all.

#include <gtest/gtest.h>

#include "brink/params.hpp"
#include "faults/builtin.hpp"

namespace brink {
namespace {

constexpr const char* i_mutex = "ext4.dir.i_mutex:/srv";

std::unique_ptr<Fault> dependency(Table table) {
  Params params(std::move(table), "fault");
  auto made = make_lock_dependency(params, Random());
  params.done();
  return made;
}

LockHook at(LockPoint point, const char* comm = "anon_hog", const char* syscall = "") {
  return {{1, comm, {}}, point, syscall};
}

TEST(LockDependency, TakesTheLockWhereItWasToldOnly) {
  const std::pair<const char*, LockPoint> words[] = {
      {"syscall", LockPoint::syscall}, {"exit.signals", LockPoint::exit_signals},
      {"exit.mm", LockPoint::exit_mm}, {"exit.files", LockPoint::exit_files},
      {"reclaim", LockPoint::reclaim}, {"release_page", LockPoint::release_page}};
  for (const auto& [word, point] : words) {
    const auto f = dependency({{"lock", i_mutex}, {"when", word}});
    for (const auto& other : words) {
      EXPECT_EQ(f->at_lock(at(other.second)).has_value(), other.second == point) << word;
    }
    EXPECT_EQ(f->counters().asked, 1u);
    EXPECT_EQ(f->counters().fired, 1u);
  }
}

TEST(LockDependency, ConcernsTheTasksAndSystemCallsItNames) {
  const auto f =
      dependency({{"lock", i_mutex}, {"task", List{"anon_*", "rm"}}, {"syscall", "stat"}});
  EXPECT_TRUE(f->at_lock(at(LockPoint::syscall, "rm", "stat")).has_value());
  EXPECT_FALSE(f->at_lock(at(LockPoint::syscall, "mkdir_loop", "stat")).has_value());
  EXPECT_FALSE(f->at_lock(at(LockPoint::syscall, "rm", "open")).has_value());
  LockHook interrupt = at(LockPoint::syscall, "rm", "stat");
  interrupt.task.id = no_task;
  EXPECT_FALSE(f->at_lock(interrupt).has_value());
  EXPECT_EQ(f->counters().asked, 4u);
  EXPECT_EQ(f->counters().filtered, 3u);
}

TEST(LockDependency, ReleasesAtOnceOrHoldsThrough) {
  const auto demand = [](Table table) {
    table.insert({{"lock", i_mutex}, {"when", "exit.mm"}});
    return *dependency(std::move(table))->at_lock(at(LockPoint::exit_mm));
  };
  EXPECT_FALSE(demand({}).through);
  EXPECT_FALSE(demand({{"hold", "none"}}).through);
  EXPECT_TRUE(demand({{"hold", "through"}}).through);
  EXPECT_EQ(demand({}).lock, i_mutex);
}

TEST(LockDependency, StaysThroughTheSettlingPhase) {
  EXPECT_FALSE(dependency({{"lock", i_mutex}})->transient());
  EXPECT_EQ(dependency({{"lock", i_mutex}})->points(), hook_lock);
}

TEST(LockDependency, RefusesWhatNamesNoLock) {
  for (const char* lock :
       {"", "i_mutex", ":/srv", "ext4.dir.i_mutex:", "a b:c", "a:b c", "a/b:c"}) {
    EXPECT_THROW(dependency({{"lock", lock}}), ConfigError) << lock;
  }
  EXPECT_THROW(dependency({}), ConfigError);
  for (const char* lock : {"mm.mmap_sem:anon_hog#3", "jbd2-log:8:1", "a:b"}) {
    EXPECT_NO_THROW(dependency({{"lock", lock}})) << lock;
  }
}

TEST(LockDependency, RefusesSystemCallsAtOtherPlaces) {
  EXPECT_THROW(dependency({{"lock", i_mutex}, {"when", "exit.mm"}, {"syscall", "stat"}}),
               ConfigError);
  EXPECT_THROW(dependency({{"lock", i_mutex}, {"when", "exit"}}), ConfigError);
  EXPECT_THROW(dependency({{"lock", i_mutex}, {"hold", "always"}}), ConfigError);
}

}  // namespace
}  // namespace brink
