// Values print as one would write them, and name their kind.

#include <gtest/gtest.h>

#include <string>

#include "brink/params.hpp"

namespace brink {
namespace {

TEST(Value, PrintsAsItIsWritten) {
  EXPECT_EQ(Value(true).text(), "true");
  EXPECT_EQ(Value(-7).text(), "-7");
  EXPECT_EQ(Value(0.1).text(), "0.1");
  EXPECT_EQ(Value(2.0).text(), "2.0");
  EXPECT_EQ(Value(1e30).text(), "1e+30");
  EXPECT_EQ(Value("64 MiB").text(), "\"64 MiB\"");
  EXPECT_EQ(Value("a\"b\\c\n\td\x01\x7f").text(), R"("a\"b\\c\n\td\u0001\u007F")");
  EXPECT_EQ(Value("Größe").text(), "\"Größe\"");
  EXPECT_EQ(Value(List{}).text(), "[]");
  EXPECT_EQ(Value(List{0, "x", List{1}}).text(), "[0, \"x\", [1]]");
  EXPECT_EQ(Value(Table{}).text(), "{}");
  EXPECT_EQ(Value(Table{{"b", 1}, {"a.b", false}}).text(), "{ \"a.b\" = false, b = 1 }");
}

TEST(Value, NamesItsKind) {
  EXPECT_STREQ(Value(false).kind(), "boolean");
  EXPECT_STREQ(Value(1).kind(), "integer");
  EXPECT_STREQ(Value(1.5).kind(), "float");
  EXPECT_STREQ(Value("").kind(), "string");
  EXPECT_STREQ(Value(List{}).kind(), "list");
  EXPECT_STREQ(Value(Table{}).kind(), "table");
  EXPECT_EQ(Value(1).list(), nullptr);
  EXPECT_EQ(Value(List{}).table(), nullptr);
}

}  // namespace
}  // namespace brink
