// The OOM reaper on whole machines: lockups between a victim and a lock that Linux 4.0 is proved to
// have, and that a reaper, a timeout, or a killer that reads the wait graph opens.

#include "brink/site_list.hpp"
#include "sim/machine.hpp"
#include "sim/sched/core_inline.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// DL1: `create` holds a directory's lock and loops for memory without __GFP_FS; the hog that the
/// OOM killer chooses waits for that lock.
std::string dl1(const std::string& killer) {
  return R"(
[machine]
kernel = "4.0"
memory = "32 MiB"
[policy.oom]
)" + killer +
         R"(
[[mount]]
at = "/"
fs = "ext4"
[[task]]
program = "anon_hog"
count = 3
args = { size = "24 MiB", hold = "10 ms", lookup = { path = "/srv/x", every = "256 KiB" } }
[[task]]
program = "mkdir_loop"
count = 2
args = { dir = "/srv", count = 300, rmdir = true }
)";
}

TEST(OomReaper, OpensWhatAVictimAndALockHaveClosed) {
  std::uint64_t proved = 0, opened = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Outcome old = run_machine(spec_of_file(dl1("name = \"badness\""), seed));
    if (old.verdict != Verdict::memory_deadlock) continue;
    ++proved;
    const Outcome reaped = run_machine(spec_of_file(dl1("name = \"linux_6_1\""), seed));
    if (reaped.verdict == Verdict::completed) ++opened;
    if (proved == 5) break;
  }
  EXPECT_GE(proved, 2u) << "the shape does not come about";
  EXPECT_GE(2 * opened, proved) << "most of them get on";
}

/// DL11: a task of the kernel holds the victim's mmap_sem for writing and loops for memory. The
/// hog is the largest, another task asks.
struct Dl11 {
  explicit Dl11(const std::string& killer) {
    spec = plain_spec("[policy.oom]\n" + killer);
    spec.keep_log = true;
    add_task(spec, "hog", [](Syscalls& sys) {
      sys.sleep(10 * ms);
      const auto at = static_cast<Address>(sys.mmap_anonymous(44 * MiB));
      sys.touch(at, 40 * MiB);
      sys.sleep(2 * seconds);
      sys.touch(at, 41 * MiB);
      return 0;
    });
    add_task(spec, "holder", [this](Syscalls& sys) { return hold(sys); });
    add_task(spec, "asker", [](Syscalls& sys) {
      // In pieces, before memory is short: nobody refuses them then.
      std::vector<std::int64_t> maps;
      for (int i = 0; i < 50; ++i) maps.push_back(sys.mmap_anonymous(1 * MiB));
      sys.sleep(1 * seconds);
      for (const std::int64_t map : maps) sys.touch(static_cast<Address>(map), 1 * MiB);
      return 0;
    });
  }

  int hold(Syscalls& sys) {
    sys.sleep(900 * ms);
    Memory& memory = machine->memory();
    const WriteGuard guard(machine->kernel().processes().front()->mm.mmap_sem());
    machine->core().sleep(2 * seconds);
    std::vector<Pfn> pages;
    for (int i = 0; i < 2'000; ++i) pages.push_back(memory.alloc_pages(site::mm_vma, 0, GFP_NOFS));
    for (const Pfn page : pages) memory.free_pages(page, 0);
    return 0;
  }

  Outcome run() {
    Machine whole(spec);
    machine = &whole;
    return whole.run();
  }
  static bool logged(const Outcome& outcome, const std::string& part) {
    return std::any_of(outcome.log.begin(), outcome.log.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }

  RunSpec spec;
  Machine* machine = nullptr;
};

TEST(OomReaper, GivesUpAVictimWhoseMemoryIsLockedAndLetsTheNextOneDie) {
  Dl11 shape("name = \"linux_6_1\"");
  const Outcome outcome = shape.run();
  EXPECT_EQ(outcome.verdict, Verdict::completed) << outcome.reason;
  EXPECT_GE(outcome.counters.oom_kills, 2u);
  EXPECT_TRUE(Dl11::logged(outcome, "oom_reaper: unable to reap pid:"));
  EXPECT_TRUE(Dl11::logged(outcome, "(hog)"));
}

TEST(OomReaper, WithoutItTheSameIsADeadlock) {
  for (const char* killer : {"name = \"badness\"", "name = \"linux_6_1\"\nreaper = false"}) {
    const Outcome outcome = Dl11(killer).run();
    EXPECT_EQ(outcome.verdict, Verdict::memory_deadlock) << killer << ": " << outcome.reason;
    EXPECT_EQ(outcome.counters.oom_kills, 1u);
  }
}

TEST(OomReaper, ATimeoutAndAnEyeForLocksHelpToo) {
  const Outcome timed = Dl11("name = \"badness\"\ntimeout = \"5 s\"").run();
  EXPECT_EQ(timed.verdict, Verdict::completed) << timed.reason;
  EXPECT_GE(timed.counters.oom_kills, 2u);
  const Outcome aware = Dl11("name = \"lock_aware\"").run();
  EXPECT_EQ(aware.verdict, Verdict::completed) << aware.reason;
}

}  // namespace
}  // namespace brink
