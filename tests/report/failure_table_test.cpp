// Failed allocations in a table: like ones together, those that reached somebody first.

#include "report/failure_table.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace brink {
namespace {

FailureRecord failure(Nanos began, Fate fate, std::int64_t result = 0) {
  FailureRecord row;
  row.task = "mkdir_loop";
  row.task_id = 7;
  row.site = "ext4.inode.alloc";
  row.gfp = GFP_NOFS;
  row.cause = Cause::give_up;
  row.fate = fate;
  row.syscall = "mkdir";
  row.began = began;
  row.result = result;
  return row;
}

TEST(FailureTable, PutsLikeOnesTogetherAndWhatReachedSomebodyFirst) {
  std::vector<FailureRecord> rows = {
      failure(5 * ms, Fate::fallback),          failure(1 * ms, Fate::fallback),
      failure(9 * ms, Fate::fallback),          failure(8 * ms, Fate::retried),
      failure(3 * ms, Fate::returned, -ENOMEM), failure(7 * ms, Fate::stuck)};
  rows[2].cause = Cause::victim;
  EXPECT_EQ(failure_table(rows),
            "  times  first at  last at  task                 site              asked for          "
            "cause    fate      system call\n"
            "      1   7.00 ms           mkdir_loop (task 7)  ext4.inode.alloc  order 0, GFP_NOFS  "
            "no page  stuck     in mkdir\n"
            "      1   3.00 ms           mkdir_loop           ext4.inode.alloc  order 0, GFP_NOFS  "
            "give_up  returned  mkdir → ENOMEM\n"
            "      2   1.00 ms  5.00 ms  mkdir_loop           ext4.inode.alloc  order 0, GFP_NOFS  "
            "give_up  fallback  mkdir → success\n"
            "      1   9.00 ms           mkdir_loop           ext4.inode.alloc  order 0, GFP_NOFS  "
            "victim   fallback  mkdir → success\n"
            "      1   8.00 ms           mkdir_loop           ext4.inode.alloc  order 0, GFP_NOFS  "
            "no page  retried   mkdir → success\n");
  EXPECT_EQ(failure_table({}), "");
}

TEST(FailureTable, GivesEveryStuckTaskARowOfItsOwn) {
  const std::vector<FailureRecord> rows(3, failure(ms, Fate::stuck));
  const std::string text = failure_table(rows);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

TEST(FailureTable, SaysHowManyFailuresItLeavesOut) {
  std::vector<FailureRecord> rows;
  for (unsigned order = 0; order < 10; ++order) {
    rows.resize(rows.size() + order + 1, failure(order * ms, Fate::retried));
    for (std::size_t i = rows.size() - order - 1; i < rows.size(); ++i) rows[i].order = order;
  }
  const std::string text = failure_table(rows, 8);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_TRUE(text.ends_with("  and 19 more\n")) << text;  // 9 of order 8, 10 of order 9.
}

TEST(FailureTable, NamesWhatFollowed) {
  FailureRecord row = failure(ms, Fate::returned, -ENOMEM);
  row.consequences = {Consequence::fs_error, Consequence::left_locked};
  EXPECT_NE(failure_table({{row}}).find("returned, fs_error, left_locked  mkdir → ENOMEM"),
            std::string::npos);
}

TEST(CallText, ShowsNumbersOnlyWhereTheyMatter) {
  EXPECT_EQ(call_text(failure(0, Fate::fallback, 3)), "mkdir → success");
  EXPECT_EQ(call_text(failure(0, Fate::shortened, 3)), "mkdir → 3");
  EXPECT_EQ(call_text(failure(0, Fate::translated, -ENFILE)), "mkdir → ENFILE");
  EXPECT_EQ(call_text(failure(0, Fate::unresolved)), "in mkdir");
  FailureRecord work = failure(0, Fate::deferred);
  work.syscall.clear();
  EXPECT_EQ(call_text(work), "");
}

}  // namespace
}  // namespace brink
