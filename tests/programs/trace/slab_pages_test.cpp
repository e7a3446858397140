// Which pages are taken for a slab's, on the masks that kernels use.

#include <gtest/gtest.h>

#include "tests/programs/trace/recorded.hpp"

namespace brink {
namespace {

/// Pages of these masks, then an object: how many of the pages remain to be replayed.
std::uint64_t pages_left(const std::vector<Recorded>& events) {
  const Trace trace = read_text(printed(events, Format::trace_cmd));
  std::uint64_t requests = 0;
  for (const Recorded& event : events) requests += event.event == "mm_page_alloc";
  EXPECT_EQ(trace.counts.pages + trace.counts.slab_pages, requests);
  std::uint64_t replayed = 0;
  for (const auto& [what, count] : count_requests(trace).pages) replayed += count;
  EXPECT_EQ(replayed, trace.counts.pages);
  return replayed;
}

TEST(TraceSlabPages, AreKnownByTheMarksOfSlub) {
  for (const char* gfp :
       {"__GFP_RECLAIMABLE|__GFP_IO|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
        "GFP_KERNEL|__GFP_RECLAIMABLE|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
        "GFP_NOWAIT|__GFP_RECLAIMABLE|__GFP_NORETRY|__GFP_COMP",
        "GFP_NOFS|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
        "GFP_NOWAIT|__GFP_NORETRY|__GFP_COMP|__GFP_NOMEMALLOC",
        "GFP_NOWAIT|__GFP_NORETRY|__GFP_COMP|__GFP_THISNODE",
        "GFP_ATOMIC|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
        "GFP_KERNEL|GFP_NOWARN|GFP_NORETRY|GFP_COMP"}) {
    EXPECT_EQ(
        pages_left({enter(0, 1), page_alloc(1, "0x9", 1, gfp), cache_alloc(2, "0xa0", "filp")}), 0u)
        << gfp;
  }
}

TEST(TraceSlabPages, AreNotThoseOfOthersWhoDoNotRetry) {
  for (const char* gfp :
       {"GFP_NOFS|__GFP_HIGHMEM|__GFP_MOVABLE|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_HARDWALL",
        "GFP_HIGHUSER_MOVABLE|__GFP_WRITE|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP",
        // skb_page_frag_refill()
        "GFP_NOWAIT|__GFP_IO|__GFP_FS|__GFP_NORETRY|__GFP_COMP",
        "GFP_KERNEL|__GFP_NORETRY|__GFP_COMP", "GFP_NOFS|__GFP_NOFAIL|__GFP_COMP|__GFP_HARDWALL",
        "GFP_NOWAIT|__GFP_COMP", "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_COMP"}) {
    EXPECT_EQ(
        pages_left({enter(0, 1), page_alloc(1, "0x9", 0, gfp),
                    cache_alloc(2, "0xa0", "buffer_head", "GFP_NOFS|__GFP_NOFAIL|__GFP_HARDWALL")}),
        1u)
        << gfp;
  }
}

TEST(TraceSlabPages, OfOldKernelsAreKnownByTheObjectThatFollows) {
  const char* const slab = "GFP_KERNEL|GFP_NOWARN|GFP_NORETRY";
  EXPECT_EQ(pages_left({enter(0, 1), page_alloc(1, "9", 0, slab), cache_alloc(2, "0xa0", "filp")}),
            0u);
  EXPECT_EQ(pages_left({enter(0, 1), page_alloc(1, "9", 0, slab),
                        cache_alloc(2, "0xa0", "filp", "GFP_ATOMIC")}),
            1u);
  EXPECT_EQ(pages_left({enter(0, 1), page_alloc(1, "9", 0, slab), leave(2, 1), enter(3, 1),
                        cache_alloc(4, "0xa0", "filp")}),
            1u);
  EXPECT_EQ(pages_left({enter(0, 1), page_alloc(1, "9", 0, "GFP_ATOMIC|GFP_NORETRY"),
                        cache_alloc(2, "0xa0", "filp", "GFP_ATOMIC")}),
            1u);
  // Their frees go with them, the others' stay.
  const Trace trace =
      read_text(printed({enter(0, 1), page_alloc(1, "9", 0, slab), cache_alloc(2, "0xa0", "filp"),
                         page_free(3, "9"), leave(4, 1)},
                        Format::ftrace));
  EXPECT_EQ(told(trace), "wl.sh-100 write=0 @0: +1 filp\n");
}

TEST(TraceSlabPages, AreTheSmallerSlabWhenTheFirstAttemptFailed) {
  EXPECT_EQ(pages_left({enter(0, 1),
                        page_alloc(1, "0x0", 3, "GFP_NOFS|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP"),
                        page_alloc(2, "0x9", 0, "GFP_NOFS|__GFP_COMP"),
                        cache_alloc(3, "0xa0", "filp", "GFP_NOFS"),
                        page_alloc(4, "0xb", 0, "GFP_NOFS|__GFP_COMP")}),
            1u);
}

TEST(TraceSlabPages, OfALargeKmallocComeJustBeforeIt) {
  const auto large = [](const char* page_gfp, std::uint32_t bytes,
                        std::vector<Recorded> between = {}) {
    std::vector<Recorded> events = {enter(0, 1), page_alloc(1, "0x9", 2, page_gfp)};
    events.insert(events.end(), between.begin(), between.end());
    events.push_back(kmalloc(3, "0xa0", bytes, "GFP_KERNEL|__GFP_ZERO"));
    return pages_left(events);
  };
  EXPECT_EQ(large("GFP_KERNEL|__GFP_ZERO|__GFP_COMP", 16'384), 0u);
  EXPECT_EQ(large("GFP_KERNEL|__GFP_ZERO|__GFP_COMP", 8'192), 1u);
  EXPECT_EQ(large("GFP_KERNEL|__GFP_COMP", 16'384), 1u);
  EXPECT_EQ(large("GFP_KERNEL|__GFP_ZERO|__GFP_COMP", 16'384, {kfree(2, "0xf0")}), 1u);
}

}  // namespace
}  // namespace brink
