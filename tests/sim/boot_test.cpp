// What a machine is before its programs run, and how they are started.

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

TEST(Boot, MountsBelowMountsGetTheirDirectories) {
  // Out of order, and the deepest lies on a file system that is not the first.
  RunSpec spec = plain_spec(
      "[[mount]]\nat = \"/a/b/c\"\nfs = \"ext4\"\ndevice = \"ssd\"\n"
      "[[mount]]\nat = \"/a/b\"\nfs = \"ext4\"\ndevice = \"disk\"\n");
  std::map<std::string, Stat> seen;
  std::map<std::string, int> results;
  add_task(spec, "looker",
           [&](Syscalls& sys) {
             for (const char* path :
                  {"/", "/a", "/a/b", "/a/b/c", "/a/b/c/deep", "/a/b/side", "/none"}) {
               results[path] = sys.stat(path, &seen[path]);
             }
             results["mkdir"] = sys.mkdir("/a/b/c/deep/new");
             results["new"] = sys.stat("/a/b/c/deep/new");
             // Names of other file systems.
             results["rename"] = sys.rename("/a/b/c/deep/new", "/a/b/side/new");
             return 0;
           },
           {"/a/b/c/deep/", "/a/b/side/x"});
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  for (const char* path : {"/", "/a", "/a/b", "/a/b/c", "/a/b/c/deep", "/a/b/side"}) {
    EXPECT_EQ(results[path], 0) << path;
    EXPECT_TRUE(seen[path].directory) << path;
  }
  EXPECT_EQ(results["/none"], -ENOENT);
  EXPECT_EQ(results["mkdir"], 0);
  EXPECT_EQ(results["new"], 0);
  EXPECT_EQ(results["rename"], -EXDEV);
  // A mount point is the root of what is mounted there.
  EXPECT_EQ(seen["/a/b"].inode, seen["/"].inode);
  EXPECT_EQ(seen["/a/b/c"].inode, seen["/"].inode);
  EXPECT_NE(seen["/a"].inode, seen["/"].inode);
}

TEST(Boot, DaemonsAreNotWaitedFor) {
  const auto run = [](bool daemon) {
    RunSpec spec = plain_spec("[machine.scheduler]\nstrategy = \"fifo\"\n");
    spec.machine.time_limit = 200 * seconds;
    add_task(spec, "ends", [](Syscalls& sys) {
      sys.sleep(2 * seconds);
      return 0;
    });
    add_task(spec, "sleeper", [](Syscalls& sys) {
      for (;;) sys.sleep(1 * seconds);
      return 0;
    }).daemon = daemon;
    return run_machine(spec);
  };
  const Outcome with_daemon = run(true);
  EXPECT_EQ(with_daemon.verdict, Verdict::completed) << with_daemon.reason;
  EXPECT_LT(with_daemon.virtual_time, 100 * seconds);
  const Outcome without = run(false);
  EXPECT_EQ(without.verdict, Verdict::limit);
  EXPECT_NE(without.reason.find("200.000 s"), std::string::npos) << without.reason;
  EXPECT_NE(without.reason.find("1 task alive"), std::string::npos) << without.reason;
}

TEST(Boot, TasksStartWhenTheyAreTold) {
  RunSpec spec = plain_spec();
  std::map<Nanos, Nanos> began;
  for (const Nanos start : {Nanos{0}, 5 * seconds, 70 * seconds}) {
    add_task(spec, "starter", [&began, start](Syscalls& sys) {
      began[start] = sys.now();
      return 0;
    }).start = start;
  }
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  ASSERT_EQ(began.size(), 3u);
  for (const auto& [start, at] : began) {
    EXPECT_GE(at, start);
    EXPECT_LT(at, start + 1 * seconds);
  }
}

/// Two processes that want 40 MiB each of 64 MiB; which of them came to its end.
std::vector<bool> survivors(int first_adj, int second_adj) {
  std::vector<bool> survived(2, false);
  RunSpec spec = plain_spec();
  for (std::size_t i = 0; i < 2; ++i) {
    add_task(spec, "wants", [&survived, i](Syscalls& sys) {
      const std::int64_t map = sys.mmap_anonymous(40 * MiB);
      sys.touch(static_cast<Address>(map), 40 * MiB);
      sys.sleep(1 * seconds);
      survived[i] = true;
      return 0;
    }).oom_score_adj = i == 0 ? first_adj : second_adj;
  }
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_EQ(outcome.counters.oom_kills, 1u);
  return survived;
}

TEST(Boot, OomScoreAdjDecidesWhoDies) {
  EXPECT_EQ(survivors(-1000, 0), (std::vector<bool>{true, false}));
  EXPECT_EQ(survivors(0, -1000), (std::vector<bool>{false, true}));
  EXPECT_EQ(survivors(500, 0), (std::vector<bool>{false, true}));
}

TEST(Boot, ProcessesOfOneTaskRememberTogether) {
  std::map<std::string, std::vector<void*>> seen;
  std::weak_ptr<int> memory;
  {
    RunSpec spec = plain_spec();
    for (const char* name : {"one", "two"}) {
      add_task(spec, name, [&, name](Syscalls& sys) {
        if (sys.shared() == nullptr) {
          const auto made = std::make_shared<int>(7);
          memory = made;
          sys.shared() = made;
        }
        sys.sleep(1 * ms);
        seen[name].push_back(sys.shared().get());
        return 0;
      }).count = 3;
    }
    EXPECT_EQ(run_machine(spec).verdict, Verdict::completed);
  }
  ASSERT_EQ(seen["one"].size(), 3u);
  ASSERT_EQ(seen["two"].size(), 3u);
  for (const auto& [name, pointers] : seen) {
    EXPECT_NE(pointers[0], nullptr);
    EXPECT_EQ(pointers[0], pointers[1]);
    EXPECT_EQ(pointers[0], pointers[2]);
  }
  EXPECT_NE(seen["one"][0], seen["two"][0]);
  EXPECT_TRUE(memory.expired()) << "it outlives the machine";
}

TEST(Boot, InstancesAndStreamsOfLuckDiffer) {
  std::map<std::uint32_t, std::uint64_t> drawn;
  const auto run = [&drawn](std::uint64_t seed) {
    drawn.clear();
    RunSpec spec = plain_spec("", seed);
    add_task(spec, "draws", [&drawn](Syscalls& sys) {
      drawn[sys.instance()] = sys.random().below(1'000'000'000);
      return 0;
    }).count = 4;
    EXPECT_EQ(run_machine(spec).verdict, Verdict::completed);
    return drawn;
  };
  const auto first = run(1), again = run(1), other = run(2);
  ASSERT_EQ(first.size(), 4u);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
  EXPECT_NE(first.at(0), first.at(1));
}

}  // namespace
}  // namespace brink
