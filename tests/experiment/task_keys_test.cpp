// The keys of [[task]] that OOM killers look at: one adjustment on two scales.

#include <gtest/gtest.h>

#include "experiment/machine_reader.hpp"

namespace brink {
namespace {

TaskConfig read(Table table) {
  Params params(std::move(table), "task");
  return read_task_keys(params);
}

TEST(TaskKeys, ConvertTheAdjustmentAsLinux40Does) {
  const struct {
    int adj, score;
  } rows[] = {{15, 1'000}, {-17, -1'000}, {14, 823}, {-16, -941}, {1, 58}, {0, 0}};
  for (const auto& row : rows) {
    const TaskConfig old = read({{"oom_adj", row.adj}});
    EXPECT_EQ(old.oom_adj, row.adj);
    EXPECT_EQ(old.oom_score_adj, row.score) << row.adj;
  }
  EXPECT_EQ(read({{"oom_score_adj", 1'000}}).oom_adj, 15);
  EXPECT_EQ(read({{"oom_score_adj", -1'000}}).oom_adj, -17);
  EXPECT_EQ(read({{"oom_score_adj", 500}}).oom_adj, 8);
  EXPECT_EQ(read({{"oom_score_adj", -50}}).oom_adj, 0);
}

TEST(TaskKeys, HaveCapabilitiesAndNice) {
  const TaskConfig task = read({{"nice", 5}, {"sys_admin", true}, {"sys_rawio", true}});
  EXPECT_EQ(task.nice, 5);
  EXPECT_TRUE(task.sys_admin);
  EXPECT_FALSE(task.sys_resource);
  EXPECT_TRUE(task.sys_rawio);
}

}  // namespace
}  // namespace brink
