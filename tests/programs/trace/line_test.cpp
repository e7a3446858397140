// Frames of lines as the tools of many kernels print them.

#include <gtest/gtest.h>

#include "programs/trace/line.hpp"

namespace brink {
namespace {

TraceLine event(std::string_view text) {
  TraceLine line;
  EXPECT_EQ(read_line(text, line), LineKind::event) << text;
  return line;
}

TEST(TraceLine, ReadsTheFrameOfEachTool) {
  struct Row {
    const char* text;
    const char* comm;
    std::uint32_t tid, cpu;
    Nanos time;
    const char* event;
    const char* fields;
  };
  const Row rows[] = {
      {"           wl.sh-15640   [000] .....   886.389139: sys_exit: NR 1 = 2", "wl.sh", 15640, 0,
       886'389'139'000, "sys_exit", "NR 1 = 2"},
      {"           wl.sh-9161  [001]  1159.605069: kfree:   (f+0x1) ptr=(nil)", "wl.sh", 9161, 1,
       1'159'605'069'000, "kfree", "  (f+0x1) ptr=(nil)"},
      {"  wl.sh 16803/16811 [000]  1347.100481:      kmem:kmalloc: ptr=0x1", "wl.sh", 16811, 0,
       1'347'100'481'000, "kmalloc", "ptr=0x1"},
      // perf with its default fields, nanoseconds, a period.
      {"swapper     0 [003] 1.000000002: 1 kmem:kfree: ptr=0x1", "swapper", 0, 3, 1'000'000'002,
       "kfree", "ptr=0x1"},
      // ftrace with thread group ids, and of 3.x without the fifth flag.
      {" bash-1977  ( 1970) [000] d.s1 12.5: kfree: x", "bash", 1977, 0, 12'500'000'000, "kfree",
       "x"},
      {" bash-1977  (-----) [000] .... 12.000005: kfree: x", "bash", 1977, 0, 12'000'005'000,
       "kfree", "x"},
      // Names with blanks, dashes, colons and brackets.
      {"Web Content-12 [000] 1.0: kfree: x", "Web Content", 12, 0, 1'000'000'000, "kfree", "x"},
      {"kworker/0:1-events-77 [000] 1.0: kfree: x", "kworker/0:1-events", 77, 0, 1'000'000'000,
       "kfree", "x"},
      {"a [b] 12/13 [002] 1.0: kmem:kfree: x", "a [b]", 13, 2, 1'000'000'000, "kfree", "x"},
      {"<idle>-0 [001] d.s. 1.0: kfree: x", "<idle>", 0, 1, 1'000'000'000, "kfree", "x"},
      {"t-1 [000] 1.0: sched_wakeup:", "t", 1, 0, 1'000'000'000, "sched_wakeup", ""},
  };
  for (const Row& row : rows) {
    const TraceLine line = event(row.text);
    EXPECT_EQ(line.comm, row.comm);
    EXPECT_EQ(line.tid, row.tid) << row.text;
    EXPECT_EQ(line.cpu, row.cpu) << row.text;
    EXPECT_EQ(line.time, row.time) << row.text;
    EXPECT_EQ(line.event, row.event);
    EXPECT_EQ(line.fields, row.fields) << row.text;
  }
}

TEST(TraceLine, TellsInterruptsWhereTheFormatDoes) {
  EXPECT_TRUE(event("t-1 [000] d.s1. 1.0: kfree: x").interrupt);
  EXPECT_TRUE(event("t-1 [000] d.h. 1.0: kfree: x").interrupt);
  EXPECT_TRUE(event("t-1 [000] dNH2. 1.0: kfree: x").interrupt);
  EXPECT_FALSE(event("t-1 [000] d..1. 1.0: kfree: x").interrupt);
  EXPECT_FALSE(event("t-1 [000] b.... 1.0: kfree: x").interrupt);
  EXPECT_FALSE(event("t-1 [000] 1.0: kfree: x").interrupt);
}

TEST(TraceLine, FindsNoEventInACallOfTheFunctionTracer) {
  EXPECT_EQ(event("t-1 [000] .... 1.0: kfree <-vfs_read").event, "");
  EXPECT_EQ(event("t-1 [000] .... 1.0: sys_openat(dfd: ff9c, filename: 7f)").event, "");
}

LineKind kind(std::string_view text) {
  TraceLine line;
  return read_line(text, line);
}

TEST(TraceLine, KnowsWhatIsNoEvent) {
  for (const char* text :
       {"", "   ", "# tracer: nop", "#           TASK-PID [000] 1.0: x: y", "cpus=2", "version = 7",
        " => vfs_read", " => ffffffff81001234", "<stack trace>",
        "\tffffffff81001234 vfs_read+0x1 ([kernel.kallsyms])"}) {
    EXPECT_EQ(kind(text), LineKind::remark) << text;
  }
  for (const char* text :
       {"CPU:0 [LOST 123 EVENTS]", "CPU:1 [12 EVENTS DROPPED]",
        "perf 12/12 [000] 1.0: PERF_RECORD_LOST: lost 5",
        "perf 12/12 [000] 1.0: PERF_RECORD_LOST lost 5", "0x1f8 [0x30]: PERF_RECORD_LOST lost 5"}) {
    EXPECT_EQ(kind(text), LineKind::lost) << text;
  }
  for (const char* text :
       {"hello", "a-b [000] 1.0: kfree: x", "a-1 [000] one: kfree: x", "a-1 [x] 1.0: kfree: x",
        "a-1 [000 1.0: kfree: x", "a-1 [000]", "[000] 1.0: x: y",
        "a-1 [000] 1.0123456789: kfree: x", "a-1 [000] 99999999999.0: kfree: x",
        "a-1 [99999999999] 1.0: kfree: x", "a-1 ) [000] 1.0: kfree: x", "(", ")", "[", "[]"}) {
    EXPECT_EQ(kind(text), LineKind::foreign) << text;
  }
}

}  // namespace
}  // namespace brink
