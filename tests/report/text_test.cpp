// Numbers, phrases and tables in plain text.

#include "report/text.hpp"

#include <gtest/gtest.h>

namespace brink {
namespace {

TEST(Text, NumbersAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(12'345'678), "12,345,678");
}

TEST(Text, TimesAreInTheUnitThatFits) {
  EXPECT_EQ(time_text(0), "0 ns");
  EXPECT_EQ(time_text(999), "999 ns");
  EXPECT_EQ(time_text(1'500), "1.50 us");
  EXPECT_EQ(time_text(20 * ms), "20.0 ms");
  EXPECT_EQ(time_text(12'345 * ms), "12.3 s");
  EXPECT_EQ(time_text(312'400 * ms), "312.4 s");
}

TEST(Text, SharesArePercentages) {
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(0.0347), "3.5 %");
  EXPECT_EQ(percent(0.5), "50 %");
  EXPECT_EQ(percent(1), "100 %");
}

TEST(Text, TheMedianIsTheLowerMiddle) {
  EXPECT_EQ(median({}), 0u);
  EXPECT_EQ(median({5}), 5u);
  EXPECT_EQ(median({9, 1, 5}), 5u);
  EXPECT_EQ(median({9, 1, 5, 3}), 3u);
}

TEST(Text, AxesAreCalledByAsLittleAsIsEnough) {
  EXPECT_EQ(axes_phrase({{"policy.alloc.retries", Value(-1)}, {"machine.memory", Value("1 GiB")}}),
            "retries = -1, memory = 1 GiB");
  EXPECT_EQ(axes_phrase({{"task.0.count", Value(1)}, {"task.1.count", Value(2)}}),
            "task.0.count = 1, task.1.count = 2");
  EXPECT_EQ(axes_phrase({}), "");
}

TEST(TextTable, AlignsCharactersNotBytes) {
  TextTable table;
  table.column("task", TextTable::Align::left);
  table.column("how\nmany");
  table.column("x");
  EXPECT_TRUE(table.empty());
  table.row({"é", "10", "–"});
  table.row({"longer", "9"});
  EXPECT_EQ(table.text(2),
            "           how\n"
            "  task    many  x\n"
            "  é         10  –\n"
            "  longer     9\n");
}

}  // namespace
}  // namespace brink
