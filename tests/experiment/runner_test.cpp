// The runner: results do not hang on the number of workers; what differs, throws or is stuck is
// found.

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "report/json_report.hpp"
#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

Experiment many() {
  return load_text(expecting("all = 'lockups = 160 and runs = 400'"), {{}, 200});
}

ExperimentResult swept(const Experiment& experiment, const RunFunction& run, unsigned jobs) {
  SweepOptions options;
  options.run = run;
  options.jobs = jobs;
  return run_sweep(experiment, options);
}

/// Takes its time, in an order that has nothing to do with that of the seeds.
Outcome slow_run(const RunSpec& spec) {
  std::this_thread::sleep_for(std::chrono::microseconds(spec.seed * 7919 % 300));
  return small_run(spec);
}

TEST(Runner, ResultsDoNotHangOnTheNumberOfWorkers) {
  const Experiment experiment = many();
  const ExperimentResult one = swept(experiment, slow_run, 1);
  EXPECT_EQ(one.runs, 400u);
  EXPECT_TRUE(one.expectations.at(0).ok) << one.expectations.at(0).found;
  for (const unsigned jobs : {2u, 3u, 8u}) {
    EXPECT_EQ(json_report(swept(experiment, slow_run, jobs)), json_report(one)) << jobs;
  }
}

TEST(Runner, ASlowFirstRunHoldsUpNeitherResultsNorMemory) {
  const Experiment experiment = load_text(small_file(), {{}, 2000});
  std::atomic<unsigned> running{0};
  const auto run = [&](const RunSpec& spec) {
    ++running;
    // Until the others have had to wait for it.
    if (spec.seed == 1 && running == 1) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return small_run(spec);
  };
  EXPECT_EQ(json_report(swept(experiment, run, 4)), json_report(swept(experiment, small_run, 1)));
}

TEST(Runner, ExecutesASampleTwice) {
  std::mutex mutex;
  std::map<std::string, int> times;
  const auto run = [&](const RunSpec& spec) {
    const std::scoped_lock lock(mutex);
    ++times[spec.run_id];
    return small_run(spec);
  };
  const Experiment experiment = load_text(small_file(), {{}, 2000});
  const ExperimentResult result = swept(experiment, run, 3);
  std::uint64_t twice = 0;
  for (const auto& [id, count] : times) twice += count == 2 ? 1 : 0;
  EXPECT_EQ(times.size(), 4000u);
  EXPECT_EQ(result.determinism_checked, twice);
  EXPECT_GT(twice, 40u);
  EXPECT_LT(twice, 160u);
  EXPECT_EQ(swept(load_text(small_file(), {{}, 1}), small_run, 1).determinism_checked, 1u);
}

TEST(Runner, ADifferenceStopsTheSweepAndNamesTheFirstEventThatDiffers) {
  std::atomic<int> execution{0};
  const auto run = [&](const RunSpec& spec) {
    Outcome outcome = small_run(spec);
    const int number = ++execution;
    outcome.counters.oom_kills = static_cast<std::uint64_t>(number);
    if (spec.on_event) {
      for (std::uint64_t i = 1; i <= 9; ++i) {
        spec.on_event({"lock_grant", i, i == 7 ? static_cast<std::uint64_t>(number) : 5});
      }
    }
    return outcome;
  };
  const ExperimentResult result = swept(many(), run, 1);
  EXPECT_EQ(result.determinism_differences, 1u);
  EXPECT_EQ(result.determinism_checked, 1u);
  EXPECT_TRUE(result.partial);
  EXPECT_LT(result.runs, 3u);
  EXPECT_NE(result.determinism_report.find("retries=0:seed=1\n  oom_kills: 1, then 2\n  event 7: "
                                           "lock_grant 7 3, then lock_grant 7 4"),
            std::string::npos)
      << result.determinism_report;
}

TEST(Determinism, FindsADifferenceInAnyPartOfAnOutcome) {
  const Experiment experiment = many();
  const Outcome first = small_run(sweep_spec(experiment, 0, 3, ""));
  EXPECT_EQ(outcome_difference(first, first), "");
  const auto differs = [&](auto change) {
    Outcome second = first;
    change(second);
    return !outcome_difference(first, second).empty();
  };
  EXPECT_TRUE(differs([](Outcome& o) { ++o.trace_hash; }));
  EXPECT_TRUE(differs([](Outcome& o) { ++o.virtual_time; }));
  EXPECT_TRUE(differs([](Outcome& o) { o.verdict = Verdict::limit; }));
  EXPECT_TRUE(differs([](Outcome& o) { ++o.counters.swap_ins; }));
  EXPECT_TRUE(differs([](Outcome& o) { ++o.syscalls[0].count; }));
  EXPECT_TRUE(differs([](Outcome& o) { o.reason = "x"; }));
}

TEST(Determinism, EventsBeyondTheKeptOnesAreComparedInBlocks) {
  int execution = 0;
  const auto run = [&](const RunSpec& spec) {
    const bool second = ++execution % 2 == 0;
    for (std::uint64_t i = 0; i < (4u << 20) + 20'000; ++i) {
      spec.on_event({"time_advance", i, second && i == (4u << 20) + 5'000 ? 1u : 0u});
    }
    return Outcome{};
  };
  EXPECT_EQ(first_differing_event(RunSpec{}, run), "within the 4096 events after event 4198400");
}

TEST(Runner, StopsWhenItIsTold) {
  std::atomic<bool> stop{false};
  SweepOptions options;
  options.jobs = 2;
  options.stop = &stop;
  options.run = [&](const RunSpec& spec) {
    if (spec.seed == 20) stop = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return small_run(spec);
  };
  const ExperimentResult result = run_sweep(many(), options);
  EXPECT_TRUE(result.partial);
  EXPECT_GE(result.runs, 19u);
  EXPECT_LT(result.runs, 400u);
  EXPECT_EQ(result.points[0].runs, result.points[0].page_touches.size());
}

TEST(Runner, RethrowsWhatARunThrows) {
  const auto run = [](const RunSpec& spec) -> Outcome {
    if (spec.seed == 5) throw std::runtime_error("seed 5");
    return small_run(spec);
  };
  EXPECT_THROW(swept(many(), run, 2), std::runtime_error);
}

TEST(Runner, ReportsAStuckRunAndLeavesBusyOnesAlone) {
  std::set<std::string> stuck;
  SweepOptions options;
  options.jobs = 2;
  options.stuck_after = std::chrono::milliseconds(150);
  options.on_stuck = [&](const std::string& id) { stuck.insert(id); };
  options.run = [](const RunSpec& spec) {
    // Seed 3 stands still; seed 4 takes as long, but its heart beats.
    for (int i = 0; i < 60 && (spec.seed == 3 || spec.seed == 4); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (spec.seed == 4) spec.heartbeat->fetch_add(1);
    }
    return small_run(spec);
  };
  const Experiment experiment = load_text(small_file());
  run_sweep(experiment, options);
  ASSERT_EQ(stuck.size(), 2u);  // At both points.
  for (const std::string& id : stuck) EXPECT_TRUE(id.ends_with(":seed=3")) << id;
}

TEST(Runner, ShowsHowItGetsOn) {
  Progress last;
  SweepOptions options;
  options.run = small_run;
  options.jobs = 2;
  options.on_progress = [&](const Progress& progress) { last = progress; };
  run_sweep(many(), options);
  EXPECT_EQ(last.done, 400u);
  EXPECT_EQ(last.total, 400u);
  EXPECT_EQ(last.verdicts[static_cast<std::size_t>(Verdict::memory_deadlock)], 160u);
}

TEST(Runner, UnderDfsSeedsAreSuccessiveSchedulesOnOneWorker) {
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> schedules;  // by retries
  std::map<std::string, std::set<std::thread::id>> threads;
  const auto run = [&](const RunSpec& spec) {
    const std::scoped_lock lock(mutex);
    const std::string key = std::to_string(retries_of(*spec.alloc_policy));
    Outcome outcome = small_run(spec);
    if (spec.on_event || schedules[key].size() == 5) return outcome;
    schedules[key].push_back(spec.machine.scheduler.choices);
    threads[key].insert(std::this_thread::get_id());
    if (schedules[key].size() < 5) {
      outcome.next_schedule = "0" + std::to_string(schedules[key].size());
    }
    return outcome;
  };
  Experiment experiment = load_text(small_file(), {{"machine.scheduler.strategy=dfs"}, {}});
  SweepOptions options;
  options.run = run;
  options.jobs = 3;
  options.recheck_ppm = 0;
  const ExperimentResult result = run_sweep(experiment, options);
  const std::vector<std::string> walk = {"", "01", "02", "03", "04"};
  EXPECT_EQ(schedules.at("0"), walk);
  EXPECT_EQ(schedules.at("-1"), walk);
  EXPECT_EQ(threads.at("0").size(), 1u);
  EXPECT_EQ(result.points[0].runs, 5u);
  EXPECT_FALSE(result.partial);
  ASSERT_EQ(result.warnings.size(), 2u);
  EXPECT_TRUE(
      result.warnings[0].starts_with("dfs: after 5 runs there are no more schedules of x@"));
  EXPECT_TRUE(result.points[0].first.at("completed").ends_with(":seed=1"));
  EXPECT_TRUE(result.points[1].first.at("completed").ends_with(":seed=5:schedule=04"));
}

}  // namespace
}  // namespace brink
