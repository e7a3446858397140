// Replaying: at which times, under which names, and what happens when a request gets nothing or a
// process is killed.

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

#include "brink/params.hpp"
#include "programs/builtin.hpp"
#include "tests/programs/fake_kernel.hpp"
#include "tests/programs/fake_syscalls.hpp"
#include "tests/programs/trace/recorded.hpp"

namespace brink {
namespace {

using Lines = std::vector<std::string>;

/// A program that replays these events, and the machine that it runs on.
struct World {
  explicit World(const std::vector<Recorded>& events, Table args = {}) {
    const std::string path = testing::TempDir() + "/brink_alloc_trace.txt";
    std::ofstream(path) << printed(events, Format::trace_cmd);
    args.emplace("file", "brink_alloc_trace.txt");
    Params params(std::move(args), "args");
    program = make_alloc_trace(params, testing::TempDir());
    params.done();
  }

  /// Runs one process, from where the clock of all stands.
  Lines run(std::uint32_t instance = 0) {
    FakeSyscalls sys;
    sys.number = instance;
    sys.clock = clock;
    sys.kernel_calls = &kernel;
    sys.common = &shared;
    kernel.log.clear();
    EXPECT_EQ(program->main(sys), 0);
    slept = sys.calls;
    reactions = sys.reactions;
    return kernel.log;
  }

  std::unique_ptr<Program> program;
  FakeKernel kernel;
  std::shared_ptr<void> shared;
  Nanos clock = 0;
  Lines slept;
  std::vector<Reaction> reactions;
};

/// An open that keeps two objects and a close that frees one of them; a page in between.
std::vector<Recorded> open_and_close() {
  return {enter(10, 257),
          cache_alloc(11, "0xa0", "names_cache"),
          kmalloc(12, "0xb0", 64),
          cache_alloc(13, "0xc0", "filp"),
          cache_free(14, "0xa0"),
          leave(20, 257, 3),
          enter(30, 3),
          page_alloc(31, "0x9", 2, "GFP_NOFS"),
          kfree(32, "0xb0"),
          page_free(33, "0x9", 2),
          leave(34, 3)};
}

TEST(AllocTrace, MakesTheRecordedRequestsInTheRecordedCalls) {
  World world(open_and_close());
  EXPECT_EQ(world.run(), (Lines{"enter openat", "alloc 1 names_cache", "alloc 2 kmalloc",
                                "alloc 3 filp", "free 1", "leave 3", "enter close",
                                "alloc 4 order 2", "free 2", "free 4", "leave 0"}));
  EXPECT_EQ(world.kernel.live.size(), 1u);
  EXPECT_EQ(world.kernel.live[3].gfp, GFP_KERNEL);
  EXPECT_EQ(world.kernel.live[3].size, 192u);
  EXPECT_EQ(world.kernel.live[3].site, "trace.filp.getname_flags");
  EXPECT_TRUE(world.reactions.empty());
}

TEST(AllocTrace, KeepsTheRecordedTimesFromWhenItsFirstTaskBegan) {
  World world({enter(0, 1), kmalloc(5, "0xa0", 8), leave(9, 1), enter(100, 1), leave(100, 1)});
  world.clock = 7 * us;
  world.run();
  EXPECT_EQ(world.slept, (Lines{"sleep 5000", "sleep 4000", "sleep 91000"}));
  World faster({enter(0, 1), kmalloc(5, "0xa0", 8), leave(9, 1)}, {{"speed", 1000}});
  faster.run();
  EXPECT_EQ(faster.slept, (Lines{"sleep 500", "sleep 400"}));
  World slower({enter(0, 1), kmalloc(5, "0xa0", 8), leave(9, 1)}, {{"speed", 30}});
  slower.run();
  EXPECT_EQ(slower.slept, (Lines{"sleep 16666", "sleep 13334"}));
}

TEST(AllocTrace, GivesAnOperationUpAtTheFirstRequestItCannotDoWithout) {
  World world(open_and_close());
  world.kernel.refuses = [](const FakeKernel::Request& request) { return request.size == 64; };
  EXPECT_EQ(world.run(),
            (Lines{"enter openat", "alloc 1 names_cache", "refuse kmalloc", "free 1", "leave -12",
                   "enter close", "alloc 2 order 2", "free 2", "leave 0"}))
      << "filp is left out, and so is the later free of what was never there";
  EXPECT_TRUE(world.kernel.live.empty());
  EXPECT_EQ(world.reactions, std::vector<Reaction>{Reaction::ignored});
  EXPECT_EQ(world.kernel.without, 0);
}

TEST(AllocTrace, UndoesWhatAFailedOperationWouldHaveLeftBehind) {
  World world({enter(0, 1), kmalloc(1, "0xa0", 8), kmalloc(2, "0xb0", 64), leave(3, 1), enter(4, 1),
               kfree(5, "0xa0"), leave(6, 1)});
  world.kernel.refuses = [](const FakeKernel::Request& request) { return request.size == 64; };
  EXPECT_EQ(world.run(), (Lines{"enter write", "alloc 1 kmalloc", "refuse kmalloc", "free 1",
                                "leave -12", "enter write", "leave 0"}));
}

TEST(AllocTrace, StillFreesOlderObjectsInAnOperationThatFailed) {
  World world({enter(0, 1), kmalloc(1, "0xa0", 8), leave(2, 1), enter(3, 1), kmalloc(4, "0xb0", 64),
               kfree(5, "0xa0"), kmalloc(6, "0xc0", 8), kfree(7, "0xc0"), leave(8, 1)});
  world.kernel.refuses = [](const FakeKernel::Request& request) { return request.size == 64; };
  EXPECT_EQ(world.run(), (Lines{"enter write", "alloc 1 kmalloc", "leave 0", "enter write",
                                "refuse kmalloc", "free 1", "leave -12"}));
}

TEST(AllocTrace, DoesWithoutWhatMayNotSleepOrNeedNotBeHad) {
  for (const char* gfp : {"GFP_ATOMIC", "GFP_NOWAIT", "GFP_KERNEL|__GFP_NORETRY"}) {
    World world({enter(0, 1), kmalloc(1, "0xa0", 64, gfp), kmalloc(2, "0xb0", 8), kfree(3, "0xa0"),
                 leave(4, 1)});
    world.kernel.refuses = [](const FakeKernel::Request& request) { return request.size == 64; };
    EXPECT_EQ(world.run(),
              (Lines{"enter write", "refuse kmalloc", "without", "alloc 1 kmalloc", "leave 0"}))
        << gfp;
    EXPECT_EQ(world.kernel.sites[0].second, OnFailure::skip);
  }
}

TEST(AllocTrace, SharesObjectsAmongTheTasksOfOneReplay) {
  const std::vector<Recorded> events = {enter(0, 1),           kmalloc(1, "0xa0", 8),
                                        leave(2, 1),           enter(3, 1, 101),
                                        kfree(4, "0xa0", 101), leave(5, 1, 0, 101)};
  World world(events);
  ASSERT_EQ(world.program->processes(), 2u);
  world.run(0);
  EXPECT_EQ(world.kernel.live.size(), 1u);
  EXPECT_EQ(world.run(1), (Lines{"enter write", "free 1", "leave 0"}));
  // The other way round, because its owner had to wait for it: it gives it back as soon as it has
  // it.
  World late(events);
  EXPECT_EQ(late.run(1), (Lines{"enter write", "leave 0"}));
  EXPECT_EQ(late.run(0), (Lines{"enter write", "alloc 1 kmalloc", "free 1", "leave 0"}));
  // A second copy of the trace has objects of its own.
  World two(events);
  two.run(0);
  two.run(2);
  EXPECT_EQ(two.run(1), (Lines{"enter write", "free 1", "leave 0"}));
  EXPECT_EQ(two.kernel.live.size(), 1u);
}

TEST(AllocTrace, FreesWhatItWouldHaveFreedWhenItsProcessIsKilled) {
  World world({enter(0, 1), kmalloc(1, "0xa0", 8), kmalloc(2, "0xb0", 8), leave(3, 1), enter(4, 1),
               kmalloc(5, "0xd0", 64), kmalloc(6, "0xe0", 8), kfree(7, "0xa0"), leave(8, 1),
               enter(9, 1, 101), kfree(10, "0xe0", 101), leave(11, 1, 0, 101)});
  world.kernel.refuses = [](const FakeKernel::Request& request) -> bool {
    if (request.size == 64) throw ProcessEnd();
    return false;
  };
  EXPECT_THROW(world.run(0), ProcessEnd);
  EXPECT_EQ(world.kernel.log.back(), "free 1");
  EXPECT_EQ(world.kernel.live.size(), 1u) << "0xb0 nobody frees";
}

TEST(AllocTrace, TellsRestartsAsInterruptionsAsUserSpaceSeesThem) {
  World world({enter(0, 0), kmalloc(1, "0xa0", 8), leave(2, 0, -512)});
  world.run();
  EXPECT_EQ(world.kernel.results,
            (std::map<std::pair<std::string, std::int64_t>, int>{{{"read", -EINTR}, 1}}));
}

TEST(AllocTrace, ReadsTheFileBesideTheExperimentAndSaysWhatIsWrongWithIt) {
  World world(open_and_close());
  EXPECT_EQ(world.program->host_files(), Lines{(testing::TempDir() + "brink_alloc_trace.txt")});
  EXPECT_TRUE(world.program->warnings().empty());
  const auto refusal = [](Table args) -> std::string {
    try {
      Params params(std::move(args), "task.args");
      make_alloc_trace(params, testing::TempDir());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_NE(refusal({}).find("task.args.file: no trace is named"), std::string::npos);
  EXPECT_NE(refusal({{"file", "no_such_trace"}}).find("the file cannot be read"),
            std::string::npos);
  EXPECT_NE(
      refusal({{"file", "brink_alloc_trace.txt"}, {"tasks", "nobody"}}).find("nothing to replay"),
      std::string::npos);
  EXPECT_NE(refusal({{"file", "brink_alloc_trace.txt"}, {"speed", 0}}), "");
}

}  // namespace
}  // namespace brink
