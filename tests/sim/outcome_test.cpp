// What a run comes to: verdicts and their reasons, counters that agree with each other, fates that
// add up, findings that are no verdicts.

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <numeric>

#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// Makes so many maps of 1 MiB, writes to them, and holds them for a second.
Closure::Body wants(std::uint64_t count) {
  return [count](Syscalls& sys) {
    std::vector<Address> maps;
    for (std::uint64_t i = 0; i < count; ++i) {
      maps.push_back(static_cast<Address>(sys.mmap_anonymous(1 * MiB)));
    }
    for (const Address map : maps) sys.touch(map, 1 * MiB);
    sys.sleep(1 * seconds);
    return 0;
  };
}

TEST(Outcome, CompletedSaysSo) {
  RunSpec spec = plain_spec();
  spec.run_id = "a@1:seed=1";
  add_task(spec, "small", wants(1));
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::completed);
  EXPECT_EQ(outcome.reason, "every foreground task ended");
  EXPECT_EQ(outcome.run_id, "a@1:seed=1");
  EXPECT_FALSE(outcome.has_lockup);
  EXPECT_EQ(outcome.counters.page_touches, MiB / page_size);
  EXPECT_TRUE(outcome.fates.empty());
  EXPECT_TRUE(outcome.schedule.empty() && outcome.story.empty() && outcome.failures.empty());
}

TEST(Outcome, PanicIfNobodyCanBeKilled) {
  RunSpec spec = plain_spec();
  add_task(spec, "untouchable", wants(80)).oom_score_adj = -1000;
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::panic);
  EXPECT_FALSE(outcome.reason.empty());
  EXPECT_EQ(outcome.counters.oom_kills, 0u);
}

TEST(Outcome, MemoryDeadlockIfNobodyIsKilled) {
  RunSpec spec = plain_spec("[policy.oom]\nname = \"none\"\n");
  add_task(spec, "wants", wants(80));
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::memory_deadlock) << outcome.reason;
  ASSERT_TRUE(outcome.has_lockup);
  ASSERT_EQ(outcome.lockup.members.size(), 1u);
  EXPECT_EQ(outcome.lockup.members[0].task, "wants");
  EXPECT_TRUE(outcome.lockup.members[0].memory);
  EXPECT_EQ(outcome.lockup.members[0].site, "mm.fault.anon_page");
  EXPECT_GT(fates(outcome, Fate::stuck), 0u);
  // Page faults of 4.0 go on for ever; but the policy may refuse the request below them.
  EXPECT_TRUE(outcome.lockup.never_refused.empty());
}

TEST(Outcome, LimitIsNeverSilent) {
  RunSpec spec = plain_spec();
  spec.machine.time_limit = 500 * ms;
  add_task(spec, "wants", wants(1));
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::limit);
  EXPECT_EQ(outcome.reason, "the time limit of 0.500 s was reached with 1 task alive");
}

TEST(Outcome, BugIfSuccessHidesAFailure) {
  RunSpec spec = plain_spec();
  add_task(spec, "careless", [](Syscalls& sys) {
    KernelCalls& kernel = sys.kernel();
    const Site site = kernel.site("test.careless.object", OnFailure::propagate);
    kernel.enter("careless");
    // Far more than there is, and nobody to kill for it: it fails.
    const auto object = kernel.alloc_pages(10, GFP_KERNEL | Gfp::noretry, site);
    for (int i = 0; i < 20 && object != KernelCalls::none; ++i) {
      if (kernel.alloc_pages(10, GFP_KERNEL | Gfp::noretry, site) == KernelCalls::none) break;
    }
    kernel.leave(0);
    return 0;
  });
  const Outcome outcome = run_machine(spec);
  EXPECT_EQ(outcome.verdict, Verdict::bug);
  EXPECT_NE(outcome.reason.find("careless reported success"), std::string::npos) << outcome.reason;
  EXPECT_EQ(fates(outcome, Fate::swallowed), 1u);
}

TEST(Outcome, CountersAgree) {
  RunSpec spec = spec_of_file(complete_machine);
  spec.keep_failures = true;
  const Outcome outcome = run_machine(spec);
  const Counters& counters = outcome.counters;
  std::uint64_t calls = 0, enomem = 0;
  for (const SyscallCount& row : outcome.syscalls) {
    calls += row.count;
    if (row.error == ENOMEM) enomem += row.count;
  }
  EXPECT_EQ(counters.syscalls, calls);
  EXPECT_EQ(std::accumulate(counters.enomem.begin(), counters.enomem.end(), std::uint64_t{0}),
            enomem);
  EXPECT_GT(enomem, 0u);
  EXPECT_LE(counters.enomem_refusable, counters.enomem[static_cast<std::size_t>(Cause::give_up)]);
  EXPECT_GE(counters.rounds, counters.questions);
  EXPECT_GE(counters.pages_scanned, counters.pages_reclaimed);
  EXPECT_GE(counters.swap_outs, counters.swap_ins);
  EXPECT_TRUE(std::is_sorted(outcome.syscalls.begin(), outcome.syscalls.end(),
                             [](const SyscallCount& x, const SyscallCount& y) {
                               return std::tie(x.syscall, x.error) < std::tie(y.syscall, y.error);
                             }));
  ASSERT_EQ(outcome.faults.size(), 2u);
  for (const FaultCounters& fault : outcome.faults) {
    EXPECT_GT(fault.fired, 0u);
    EXPECT_GE(fault.asked, fault.filtered + fault.fired);
  }
}

/// Rounds that are made in bulk count no more than they would one by one.
TEST(Outcome, NoMoreRoundsAreMadeThanThereIsTimeFor) {
  const Experiment canary = load_experiment(BRINK_SOURCE_DIR "/configs/canary-must-lock-up.toml",
                                            {}, builtin_registries());
  for (const RunSpec& spec : {spec_of_file(complete_machine), sweep_spec(canary, 0, 0, "")}) {
    const Outcome outcome = run_machine(spec);
    const std::uint64_t most =
        outcome.virtual_time * spec.machine.cpus / spec.machine.costs.alloc_slow_round;
    EXPECT_LE(outcome.counters.rounds, most);
    EXPECT_LE(outcome.counters.questions, outcome.counters.rounds);
    EXPECT_LE(outcome.counters.oom_rounds, outcome.counters.rounds);
    EXPECT_LE(outcome.counters.failures_warned, outcome.counters.rounds);
  }
}

TEST(Outcome, FatesAddUpToTheFailures) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    RunSpec spec = spec_of_file(complete_machine, seed);
    spec.keep_failures = true;
    const Outcome outcome = run_machine(spec);
    EXPECT_FALSE(outcome.failures.empty());
    std::map<std::string, std::array<std::uint64_t, fate_count>> counted;
    for (const FailureRecord& record : outcome.failures) {
      ++counted[record.site][static_cast<std::size_t>(record.fate)];
      EXPECT_LE(record.began, record.ended);
      EXPECT_FALSE(record.task.empty());
      if (record.fate == Fate::returned) {
        EXPECT_EQ(record.result, -ENOMEM) << record.site;
      }
    }
    EXPECT_EQ(counted, outcome.fates);
    if (outcome.verdict == Verdict::completed) {
      EXPECT_EQ(fates(outcome, Fate::unresolved), 0u);
    }
  }
}

TEST(Outcome, AStoryIsTold) {
  RunSpec spec = spec_of_file(complete_machine);
  spec.tell_story = true;
  const Outcome outcome = run_machine(spec);
  std::uint64_t kills = 0;
  for (const std::string& line : outcome.story)
    kills += line.find("Out of memory: kill") != line.npos;
  EXPECT_GT(kills, 0u);
  EXPECT_LE(kills, outcome.counters.oom_kills);
}

/// Takes another directory's lock, and then that of its parent: an order that nothing else uses.
const std::string inversion = R"(
[[fault]]
name = "lock_dependency"
task = "maker"
lock = "ext4.dir.i_mutex:/other"
when = "syscall"
syscall = "mkdir"
hold = "through"
)";

TEST(Outcome, LockdepFindsAndDecidesNothing) {
  const auto run = [](const std::string& faults, bool lockdep) {
    RunSpec spec = plain_spec(faults);
    spec.machine.lockdep = lockdep;
    add_task(spec, "maker",
             [](Syscalls& sys) {
               for (int i = 0; i < 20; ++i) {
                 static_cast<void>(sys.mkdir("/srv/" + std::to_string(i)));
                 static_cast<void>(sys.rename("/srv/" + std::to_string(i), "/other/x"));
                 static_cast<void>(sys.rmdir("/other/x"));
               }
               return 0;
             },
             {"/srv/", "/other/"});
    return run_machine(spec);
  };
  const auto reports = [](const Outcome& outcome) {
    return std::count_if(outcome.findings.begin(), outcome.findings.end(), [](const Finding& f) {
      return f.kind == Finding::Kind::lockdep && !f.text.empty();
    });
  };
  const Outcome sane = run("", true);
  EXPECT_EQ(reports(sane), 0) << sane.findings.front().text;
  const Outcome unwatched = run(inversion, false), watched = run(inversion, true);
  EXPECT_EQ(reports(unwatched), 0);
  EXPECT_GT(reports(watched), 0);
  EXPECT_EQ(watched.verdict, Verdict::completed) << watched.reason;
  EXPECT_EQ(watched.trace_hash, unwatched.trace_hash);
}

}  // namespace
}  // namespace brink
