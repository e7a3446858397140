// The kernel's log of a run against logs of a real 6.1.192: line for line the same shapes.

#include <fstream>
#include <regex>

#include "sim/locking/mutex.hpp"
#include "sim/machine.hpp"
#include "sim/sched/core_inline.hpp"
#include "tests/sim/small_machine.hpp"

namespace brink {
namespace {

/// What scripts go by: without the time, and with all numbers alike.
std::string shape(std::string line) {
  static const std::regex stamp("^\\[ *[0-9]+\\.[0-9]{6}\\] ");
  static const std::regex huge_pages(" (shmem_thp|shmem_pmdmapped|anon_thp): [0-9]+kB");
  static const std::regex types(" \\([UMECHIR]+\\)");
  static const std::regex number("0x[0-9a-f]+|-?[0-9]+|(yes|no)$");
  line = std::regex_replace(line, stamp, "");
  line = std::regex_replace(line, huge_pages, "");
  line = std::regex_replace(line, types, "");
  return std::regex_replace(line, number, "N");
}

std::vector<std::string> sample(const std::string& file) {
  std::ifstream in(std::string(BRINK_SOURCE_DIR) + "/tests/data/" + file);
  EXPECT_TRUE(in.good()) << file;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The shapes from the first line that begins so up to the one that ends so.
std::vector<std::string> between(const std::vector<std::string>& lines, const std::string& first,
                                 const std::string& last) {
  std::vector<std::string> part;
  for (const std::string& line : lines) {
    const std::string text = shape(line);
    if (part.empty() && !text.starts_with(first)) continue;
    part.push_back(text);
    if (text.ends_with(last)) break;
  }
  return part;
}

Outcome hog(const std::string& kernel, const std::string& more = "") {
  RunSpec spec =
      spec_of_file("[machine]\nkernel = \"" + kernel + "\"\nmemory = \"64 MiB\"\n" + more +
                   "[[task]]\nprogram = \"anon_hog\"\nargs = { maps = 4, size = \"20 MiB\" }\n");
  spec.keep_log = true;
  return run_machine(spec);
}

TEST(KernelLog, MemInfoOfAKillIsThatOfARealKernel) {
  const std::vector<std::string> real = sample("oom-order0-x86-256mb.log.txt");
  const Outcome outcome = hog("6.1");
  const auto ours = between(outcome.log, "Mem-Info:", "pages reserved");
  const auto theirs = between(real, "Mem-Info:", "pages reserved");
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i], theirs[i]);
  EXPECT_GT(ours.size(), 20u);
}

TEST(KernelLog, HeadTableAndKillAreThoseOfARealKernel) {
  const std::vector<std::string> real = sample("oom-order0-x86-256mb.log.txt");
  const Outcome outcome = hog("6.1");
  const auto only = [](const std::vector<std::string>& lines, const char* start) {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return shape(line).find(start) != std::string::npos;
    });
    return found == lines.end() ? std::string("missing") : shape(*found);
  };
  for (const char* start : {"Tasks state", "[  pid  ]"}) {
    EXPECT_EQ(only(outcome.log, start), only(real, start));
  }
  const auto as_hog = [](std::string text) {
    return std::regex_replace(text, std::regex("anon_hog"), "hog");
  };
  for (const char* start : {"oom-kill:", "Out of memory: Killed process"}) {
    EXPECT_EQ(as_hog(only(outcome.log, start)), only(real, start));
  }
  EXPECT_TRUE(std::regex_search(
      outcome.log.front(),
      std::regex("^\\[ +[0-9]+\\.[0-9]{6}\\] anon_hog invoked oom-killer: "
                 "gfp_mask=0x[0-9a-f]+\\([A-Z_|]+\\), order=0, oom_score_adj=0$")))
      << outcome.log.front();
}

TEST(KernelLog, EachKernelHasItsOwnWords) {
  const auto has = [](const Outcome& outcome, const char* pattern) {
    const std::regex regex(pattern);
    return std::any_of(outcome.log.begin(), outcome.log.end(),
                       [&](const std::string& line) { return std::regex_search(line, regex); });
  };
  const Outcome v40 = hog("4.0");
  EXPECT_TRUE(
      has(v40, "anon_hog invoked oom-killer: gfp_mask=0x[0-9a-f]+, order=0, oom_score_adj=0$"));
  EXPECT_TRUE(has(
      v40, "Out of memory: Kill process [0-9]+ \\(anon_hog\\) score [0-9]+ or sacrifice child$"));
  EXPECT_TRUE(has(
      v40,
      "Killed process [0-9]+ \\(anon_hog\\) total-vm:[0-9]+kB, anon-rss:[0-9]+kB, file-rss:0kB$"));
  EXPECT_TRUE(has(v40,
                  "DMA32 free:[0-9]+kB min:[0-9]+kB low:.* pages_scanned:[0-9]+ "
                  "all_unreclaimable\\? (yes|no)$"));
  const Outcome v26 = hog("2.6.30");
  EXPECT_TRUE(has(v26, "invoked oom-killer: gfp_mask=0x[0-9a-f]+, order=0, oom_adj=0$"));
  EXPECT_TRUE(
      has(v26, "Out of memory: kill process [0-9]+ \\(anon_hog\\) score [0-9]+ or a child$"));
  EXPECT_FALSE(has(v26, "HighMem"));
  const Outcome panics = hog("6.1", "[policy.oom]\nname = \"panic\"\n");
  EXPECT_TRUE(has(panics, "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom"));
}

TEST(KernelLog, AFailedRequestSaysWhatThereWas) {
  RunSpec spec = plain_spec("[rules]\ntexts = \"6.1\"\n");
  spec.keep_log = true;
  add_task(spec, "helper", [](Syscalls& sys) {
    KernelCalls& kernel = sys.kernel();
    const Site site = kernel.site("test.large", OnFailure::propagate);
    kernel.enter("sendmsg");
    std::vector<KernelCalls::Object> all;
    for (;;) {
      const KernelCalls::Object object = kernel.alloc_pages(10, GFP_KERNEL | Gfp::comp, site);
      if (object == KernelCalls::none) break;
      all.push_back(object);
    }
    for (const KernelCalls::Object object : all) kernel.free(object);
    kernel.leave(-12);
    sys.react(Reaction::checked);
    return 0;
  });
  const Outcome outcome = run_machine(spec);
  const auto real = sample("page-allocation-failure-order5-x86-128mb.log.txt");
  const auto ours = between(outcome.log, "helper: page allocation failure", "pages reserved");
  ASSERT_FALSE(ours.empty());
  EXPECT_EQ(ours.front(), shape(real.front()));
  EXPECT_EQ(between(outcome.log, "Mem-Info:", "pages reserved"),
            between(real, "Mem-Info:", "pages reserved"));
  EXPECT_EQ(outcome.log.front().substr(0, 7), "[    0.") << outcome.log.front();
}

TEST(KernelLog, WarnsOfHungTasksWithTheirLocks) {
  RunSpec spec = plain_spec();
  spec.machine.lockdep = true;
  spec.machine.hung_task_timeout = 2 * seconds;
  spec.keep_log = true;
  Machine* machine = nullptr;
  add_task(spec, "holder", [&machine](Syscalls&) {
    const MutexGuard guard(machine->vfs().root().inode->i_mutex);
    machine->core().sleep(10 * seconds);
    return 0;
  });
  add_task(spec, "waiter", [](Syscalls& sys) {
    sys.sleep(100 * ms);
    EXPECT_EQ(sys.mkdir("/d"), 0);
    return 0;
  });
  Machine whole(spec);
  machine = &whole;
  const Outcome outcome = whole.run();
  std::vector<std::string> shapes;
  for (const std::string& line : outcome.log) shapes.push_back(shape(line));
  const auto first = std::find(shapes.begin(), shapes.end(),
                               "INFO: task waiter:N blocked for more than N seconds.");
  ASSERT_NE(first, shapes.end());
  const std::vector<std::string> report(first, shapes.end());
  ASSERT_GE(report.size(), 6u);
  EXPECT_EQ(report[1], "      Not tainted N.N.N-brink #N");
  EXPECT_EQ(report[2],
            "\"echo N > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.");
  EXPECT_TRUE(report[3].starts_with("waiter          D "));
  EXPECT_EQ(report[4], "Call Trace:");
}

TEST(Proc, ReadingItChangesNothing) {
  RunSpec spec = spec_of_file(complete_machine, 3);
  const Outcome without = run_machine(spec);
  spec.proc_files = proc_file_names();
  spec.proc_at = 20 * ms;
  const Outcome with = run_machine(spec);
  EXPECT_EQ(with.trace_hash, without.trace_hash);
  ASSERT_EQ(with.proc.size(), spec.proc_files.size());
  EXPECT_GE(with.proc[0].at, 20 * ms);
  EXPECT_LT(with.proc[0].at, 40 * ms);
  spec.proc_at = never;
  const Outcome late = run_machine(spec);
  EXPECT_EQ(late.proc[0].at, late.virtual_time) << "at the end";
  EXPECT_NE(late.proc[0].text, with.proc[0].text);
}

TEST(KernelLog, KeepingItChangesNothing) {
  bool said_anything = false;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    RunSpec spec = spec_of_file(complete_machine, seed);
    const Outcome without = run_machine(spec);
    spec.keep_log = true;
    const Outcome with = run_machine(spec);
    EXPECT_EQ(with.trace_hash, without.trace_hash);
    EXPECT_TRUE(without.log.empty());
    said_anything = said_anything || !with.log.empty();
  }
  EXPECT_TRUE(said_anything);
}

}  // namespace
}  // namespace brink
