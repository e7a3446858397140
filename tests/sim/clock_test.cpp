// No machine reads a clock: counted by a library between the program and the C library
// (tests/preload/clocks.cpp), which a test loads by running itself again. It sees the textbook way
// to use Boost.Fiber, which reads one at every turn.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <thread>

#include "experiment/runner.hpp"
#include "tests/sim/small_machine.hpp"

// Null unless the library was loaded before the program.
extern "C" {
[[gnu::weak]] bool preload_clocks_window(bool open);
[[gnu::weak]] std::uint64_t preload_clocks_seen(const char* function);
}

namespace brink {
namespace {

/// The environment that loads the library; a sanitizer wants to be asked before others come first.
const std::string preload =
    "LD_PRELOAD=" BRINK_BINARY_DIR "/libpreload_clocks.so ASAN_OPTIONS=verify_asan_link_order=0 ";

class Clocks : public testing::Test {
 protected:
  /// The body of a test, in a process where the library is loaded: this one, or another.
  static void with_library(const std::function<void()>& body) {
    if (preload_clocks_window != nullptr) return body();
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    ASSERT_EQ(std::getenv("PRELOAD_CLOCKS"), nullptr) << "the library does not load";
    const std::string command = "PRELOAD_CLOCKS=/dev/null " + preload +
                                std::filesystem::read_symlink("/proc/self/exe").string() +
                                " --gtest_filter=Clocks." + name;
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 0) << command;
  }

  /// As run_machine(), in a window.
  static Outcome run_in_window(const RunSpec& spec) {
    preload_clocks_window(true);
    Outcome outcome = run_machine(spec);
    preload_clocks_window(false);
    return outcome;
  }
};

TEST_F(Clocks, EachIsSeenInAWindow) {
  with_library([] {
    std::thread([] {
      timespec nothing = {};
      timeval now;
      tms busy;
      rusage usage;
      std::time_t (*const volatile ask_time)(std::time_t*) = &::time;
      EXPECT_TRUE(preload_clocks_window(true)) << "the processor's counter stays readable";
      static_cast<void>(std::chrono::steady_clock::now());
      static_cast<void>(std::chrono::system_clock::now());
      gettimeofday(&now, nullptr);
      static_cast<void>(ask_time(nullptr));
      static_cast<void>(std::clock());
      times(&busy);
      getrusage(RUSAGE_SELF, &usage);
      nanosleep(&nothing, nullptr);
      clock_nanosleep(CLOCK_MONOTONIC, 0, &nothing, nullptr);
      std::this_thread::sleep_for(std::chrono::nanoseconds(1));
      preload_clocks_window(false);
      static_cast<void>(std::chrono::steady_clock::now());
    }).join();
    EXPECT_EQ(preload_clocks_seen("clock_gettime"), 2u);
    EXPECT_GE(preload_clocks_seen("nanosleep") + preload_clocks_seen("clock_nanosleep"), 3u);
    for (const char* function : {"gettimeofday", "time", "clock", "times", "getrusage"}) {
      EXPECT_EQ(preload_clocks_seen(function), 1u) << function;
    }
  });
}

#if defined(__x86_64__)
TEST_F(Clocks, TheProcessorsOwnIsSeenInAWindow) {
  with_library([] {
    preload_clocks_window(true);
    const volatile auto ticks = __rdtsc();
    preload_clocks_window(false);
    EXPECT_NE(ticks, 0u);
    EXPECT_EQ(preload_clocks_seen("rdtsc"), 1u);
    EXPECT_EQ(preload_clocks_seen(nullptr), 1u);
  });
}
#endif

TEST_F(Clocks, NoneIsReadByAMachineOnAFreshThread) {
  with_library([] {
    Outcome outcome;
    // Everything that a thread's first machine makes is made in the window too.
    std::thread([&outcome] { outcome = run_in_window(spec_of_file(complete_machine)); }).join();
    EXPECT_GT(outcome.counters.oom_kills, 0u);
    EXPECT_EQ(preload_clocks_seen(nullptr), 0u);
  });
}

TEST_F(Clocks, NoneIsReadByTheMachinesOfASweep) {
  with_library([] {
    LoadOptions load;
    load.seeds = 2;
    const Experiment experiment = load_experiment(
        BRINK_SOURCE_DIR "/configs/canary-must-lock-up.toml", load, builtin_registries());
    SweepOptions options;
    options.run = run_in_window;
    options.jobs = 2;
    const ExperimentResult result = run_sweep(experiment, options);
    EXPECT_EQ(result.points.at(0).runs, 2u);
    EXPECT_EQ(preload_clocks_seen(nullptr), 0u);
  });
}

/// What the library says about a program: how often it called what, on its first thread and on
/// others.
using Calls = std::map<std::pair<std::string, std::string>, std::uint64_t>;

Calls calls_of(const std::string& command) {
  const std::string report = testing::TempDir() + "/clocks." + std::to_string(getpid());
  const std::string whole =
      "PRELOAD_CLOCKS=" + report + " " + preload + command + " >/dev/null 2>&1";
  EXPECT_EQ(WEXITSTATUS(std::system(whole.c_str())), 0) << whole;
  std::ifstream file(report);
  Calls calls;
  std::string where, function;
  for (std::uint64_t n = 0; file >> where >> function >> n;) calls[{where, function}] = n;
  std::remove(report.c_str());
  return calls;
}

TEST_F(Clocks, AreSeenInTheTextbook) {
  // 4,000 contended acquisitions: at least one reading each (2.9 when it was measured).
  Calls calls = calls_of(BRINK_BINARY_DIR "/clock_control w3 0.002");
  EXPECT_GT((calls[{"first", "clock_gettime"}]), 4'000u);
}

TEST_F(Clocks, OfTheProgramsWorkersDoNotGrowWithTheRuns) {
  // A worker thread's end wakes Boost's dispatcher, which reads one: once a thread, not once a run.
  const std::string command = BRINK_BINARY_DIR
      "/brink run " BRINK_SOURCE_DIR "/configs/canary-must-lock-up.toml --jobs 2 --seeds ";
  Calls few = calls_of(command + "2"), many = calls_of(command + "12");
  std::uint64_t all = 0;
  for (const auto& [what, calls] : few) {
    if (what.first == "first") continue;
    EXPECT_EQ(calls, many[what]) << what.second;
    all += calls;
  }
  EXPECT_LE(all, 4u);
  EXPECT_GT((many[{"first", "clock_gettime"}]), 0u) << "the progress line's clock";
}

}  // namespace
}  // namespace brink
