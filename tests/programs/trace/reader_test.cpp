// The reading rules, one by one, on small traces.

#include <gtest/gtest.h>

#include "tests/programs/trace/recorded.hpp"

namespace brink {
namespace {

Trace read(const std::vector<Recorded>& events, const TraceSelection& selection = {}) {
  return read_text(printed(events, Format::ftrace), selection);
}
std::string ops(const std::vector<Recorded>& events) { return told(read(events)); }

constexpr const char* user_page = "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP";

TEST(TraceReader, MakesOneOperationOfEachSystemCall) {
  EXPECT_EQ(
      ops({enter(10, 257), cache_alloc(11, "0xa0", "names_cache"), cache_alloc(12, "0xb0", "filp"),
           cache_free(13, "0xa0"), leave(15, 257, 3), enter(20, 3), cache_free(21, "0xb0"),
           leave(22, 3), enter(30, 39), leave(31, 39, 100)}),
      "wl.sh-100 openat=3 @0: +0 names_cache +1 filp -0\n"
      "wl.sh-100 close=0 @10: -1\n"
      "wl.sh-100 getpid=100 @20:\n");
}

TEST(TraceReader, EndsAPageFaultWithItsPage) {
  EXPECT_EQ(ops({enter(0, 39), leave(1, 39),
                 page_alloc(2, "0x1", 0, "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_COMP"),
                 page_alloc(3, "0x2", 0, user_page), page_alloc(4, "0x3", 0, user_page),
                 page_alloc(2'000, "0x4", 0, "GFP_NOWAIT"), page_free(2'001, "0x4")}),
            "wl.sh-100 getpid=0 @0:\n"
            "wl.sh-100 #PF=0 @2: +0 order0 +1 order0\n"
            "wl.sh-100 #PF=0 @4: +2 order0\n"
            "wl.sh-100 irq=0 @2000: +3 order0 -3\n");
}

TEST(TraceReader, GivesWhatComesBeforeTheFirstBorderToTheCallThatEnds) {
  EXPECT_EQ(ops({page_alloc(0, "0x1", 0, user_page), page_alloc(1, "0x2", 0, user_page),
                 leave(2, 59), enter(3, 12), leave(4, 12, 77)}),
            "wl.sh-100 execve=0 @0: +0 order0 +1 order0\n"
            "wl.sh-100 brk=77 @3:\n");
}

TEST(TraceReader, EndsAnOperationOutsideOfCallsWithAPause) {
  EXPECT_EQ(ops({kmalloc(0, "0xa0", 8), kmalloc(1'000, "0xb0", 8), kmalloc(2'001, "0xc0", 8)}),
            "wl.sh-100 #PF=0 @0: +0 kmalloc +1 kmalloc\n"
            "wl.sh-100 #PF=0 @2001: +2 kmalloc\n");
}

TEST(TraceReader, ClosesACallWhoseEndWasNotRecorded) {
  EXPECT_EQ(
      ops({enter(0, 231), kmalloc(1, "0xa0", 8), enter(5, 39), leave(6, 1), kmalloc(7, "0xb0", 8)}),
      "wl.sh-100 exit_group=0 @0: +0 kmalloc\n"
      "wl.sh-100 getpid=0 @5:\n"
      "wl.sh-100 #PF=0 @7: +1 kmalloc\n");
}

TEST(TraceReader, TakesAPointerSeenAgainForAFreeThatNobodyRecorded) {
  const Trace trace = read({enter(0, 1), kmalloc(1, "0xa0", 8), leave(2, 1), enter(10, 1),
                            kmalloc(11, "0xa0", 8), kfree(12, "0xa0"), leave(13, 1)});
  EXPECT_EQ(told(trace),
            "wl.sh-100 write=0 @0: +0 kmalloc\nwl.sh-100 write=0 @10: -0 +1 kmalloc -1\n");
  EXPECT_EQ(trace.counts.implicit, 1u);
  EXPECT_EQ(trace.counts.freed, 1u);
  EXPECT_EQ(trace.counts.live, 0u);
}

TEST(TraceReader, LeavesOutFreesOfOlderObjectsNullAndRepetitions) {
  const Trace trace = read({enter(0, 1), kfree(1, "0xf0"), kfree(2, "NULL"), kfree(2, "0x10"),
                            page_alloc(3, "0x9", 0, "GFP_NOIO"), page_free(4, "0x9"),
                            page_free(4, "0x9", 0, 100, "mm_page_free_batched"),
                            page_free(5, "0x77"), kmalloc(6, "0xa0", 8), leave(9, 1)});
  EXPECT_EQ(told(trace), "wl.sh-100 write=0 @0: +0 order0 -0 +1 kmalloc\n");
  EXPECT_EQ(trace.counts.older, 2u);
  EXPECT_EQ(trace.counts.null, 2u) << "NULL and what kmalloc(0) gives";
  EXPECT_EQ(trace.counts.repeated, 1u);
  EXPECT_EQ(trace.counts.freed, 1u);
  EXPECT_EQ(trace.counts.frees(), 6u);
  EXPECT_EQ(trace.counts.live, 1u);
}

TEST(TraceReader, CountsAFreeOfOldKernelsOnceWhicheverEventsTheyHave) {
  const auto old = [](std::vector<std::string> events) {
    std::vector<Recorded> trace = {enter(0, 1), page_alloc(1, "77", 0, "GFP_KERNEL")};
    for (const std::string& event : events) trace.push_back(page_free(2, "77", 0, 100, event));
    trace.push_back(leave(3, 1));
    return read(trace);
  };
  // Up to 2.6.33 a page came from one or the other, later from both, in this order.
  for (const Trace& trace : {old({"mm_page_free_direct"}), old({"mm_pagevec_free"}),
                             old({"mm_pagevec_free", "mm_page_free_direct"})}) {
    EXPECT_EQ(told(trace), "wl.sh-100 write=0 @0: +0 order0 -0\n");
    EXPECT_EQ(trace.counts.freed, 1u);
    EXPECT_EQ(trace.counts.older, 0u);
  }
}

TEST(TraceReader, AsksAgainForWhatHadFailedAndGivesItBack) {
  const Trace trace = read({enter(0, 1), page_alloc(1, "0x0", 3, "GFP_ATOMIC"),
                            kmalloc(2, "NULL", 8), leave(3, 1, -12)});
  EXPECT_EQ(told(trace), "wl.sh-100 write=-12 @0: +0 order3 -0 +1 kmalloc -1\n");
  EXPECT_EQ(trace.counts.failed, 2u);
}

TEST(TraceReader, KeepsTasksApartAndTellsANewOneWithAnOldNumber) {
  std::vector<Recorded> events = {enter(0, 1), kmalloc(1, "0xa0", 8), leave(2, 1)};
  events.push_back(
      {"wl.sh", 100, 3, "sched_process_fork", "comm=wl.sh pid=100 child_comm=wl.sh child_pid=101"});
  events.push_back(leave(4, 56, 0, 101));
  events.push_back(kfree(5, "0xa0", 101));
  events.push_back({"rm", 101, 6, "sched_process_exit", "comm=rm pid=101 prio=120"});
  events.push_back(
      {"wl.sh", 100, 7, "sched_process_fork", "comm=wl.sh pid=100 child_comm=wl.sh child_pid=101"});
  events.push_back(kmalloc(8, "0xb0", 8, "GFP_KERNEL", 101));
  EXPECT_EQ(ops(events),
            "wl.sh-100 write=0 @0: +0 kmalloc\n"
            "wl.sh-101 irq=0 @5: -0\n"
            "wl.sh-101 #PF=0 @8: +1 kmalloc\n");
}

TEST(TraceReader, NamesSitesAndKnowsWhatTheirCallersCanDoWithout) {
  const Trace trace =
      read({enter(0, 1), kmalloc(1, "0xa0", 8), cache_alloc(2, "0xb0", "filp", "GFP_ATOMIC"),
            cache_alloc(3, "0xc0", "filp", "GFP_NOFS|__GFP_NOFAIL"),
            page_alloc(4, "0x9", 0, "GFP_KERNEL|__GFP_NORETRY"), leave(5, 1),
            page_alloc(6, "0xa", 0, user_page)});
  std::vector<std::pair<std::string, OnFailure>> sites;
  for (const TraceRequest& request : trace.requests)
    sites.emplace_back(request.site, request.on_failure);
  EXPECT_EQ(sites, (std::vector<std::pair<std::string, OnFailure>>{
                       {"trace.kmalloc.alloc_bprm", OnFailure::propagate},
                       {"trace.filp.getname_flags.skip", OnFailure::skip},
                       {"trace.filp.getname_flags.nofail", OnFailure::nofail},
                       {"trace.page.write.skip", OnFailure::skip},
                       {"trace.page.fault", OnFailure::propagate}}));
  EXPECT_EQ(trace.requests[0].size, 8u) << "kmalloc chooses by what was asked for";
  EXPECT_EQ(trace.requests[1].size, 192u) << "a cache's objects are as large as they are";
}

TEST(TraceReader, WarnsOnceOfEachFlagItDoesNotKnowAndKeepsTheRest) {
  const Trace trace = read({enter(0, 1), kmalloc(1, "0xa0", 8, "GFP_NOFS|__GFP_NEW_FLAG"),
                            kmalloc(2, "0xb0", 16, "GFP_KERNEL|__GFP_NEW_FLAG"), leave(3, 1)});
  EXPECT_EQ(
      trace.warnings,
      std::vector<std::string>{"the model does not know the flag __GFP_NEW_FLAG, first in line 4"});
  EXPECT_EQ(trace.requests[0].gfp, GFP_NOFS);
}

TEST(TraceReader, SelectsTasksAndTheFirstEvents) {
  std::vector<Recorded> events = {enter(0, 1), kmalloc(1, "0xa0", 8), kmalloc(2, "0xb0", 8),
                                  leave(3, 1)};
  for (Recorded event : {kmalloc(4, "0xc0", 8, "GFP_KERNEL", 200), kfree(5, "0xa0", 200)}) {
    event.comm = "git clone";
    events.push_back(event);
  }
  EXPECT_EQ(told(read(events, {2, {}})), "wl.sh-100 write=0 @0: +0 kmalloc\n");
  EXPECT_EQ(told(read(events, {0, {"git*"}})), "git clone-200 #PF=0 @0: +0 kmalloc\n");
  EXPECT_EQ(read(events, {0, {"git*"}}).counts.older, 1u);
}

TEST(TraceReader, WarnsOfLostEventsForeignLinesAndDisorder) {
  const Trace trace = read_text(
      "# tracer: nop\n# entries-in-buffer/entries-written: 65186/65190   #P:2\n"
      "t-1 [000] .... 1.000002: kmalloc: ptr=a0 bytes_req=8 bytes_alloc=8 gfp_flags=GFP_KERNEL\n"
      "CPU:1 [LOST 7 EVENTS]\nhello\n"
      "t-1 [001] .... 1.000001: kmalloc: ptr=b0 bytes_req=8 bytes_alloc=8 gfp_flags=GFP_KERNEL\n");
  EXPECT_EQ(
      trace.warnings,
      (std::vector<std::string>{
          "the recorder lost events, first at line 4 (1 marks)",
          "the recorder overwrote its first 4 events", "1 lines are none of a trace, first line 5",
          "1 events are older than the one before them; they are replayed after it"}));
  EXPECT_EQ(trace.tasks[0].steps[1].at, trace.tasks[0].steps[0].at);
}

std::string refusal(const std::string& text) {
  try {
    read_text(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

TEST(TraceReader, RefusesWhatHoldsNothingToReplay) {
  EXPECT_EQ(refusal("hello\nworld\n"), "trace.txt:1: error: this is no line of a trace");
  EXPECT_EQ(refusal("# tracer: nop\n"),
            "trace.txt: error: no event of an allocation; nothing to replay");
  EXPECT_EQ(refusal(printed({enter(0, 1), leave(1, 1)}, Format::perf)),
            "trace.txt: error: no event of an allocation; nothing to replay");
  EXPECT_EQ(refusal(printed({kmalloc(0, "0xa0", 8)}, Format::ftrace) + "a\nb\n"),
            "trace.txt:4: error: this is no line of a trace, and neither are most others");
  EXPECT_NE(refusal(std::string(1'000'001, '\n')).find("no event of a trace in a million lines"),
            std::string::npos);
}

}  // namespace
}  // namespace brink
