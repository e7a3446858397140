// Telling code from what only looks like it.

#include "tests/tidy/bites.hpp"

namespace brink::tidy {
namespace {

std::string code_of(const std::string& line) { return source("x.cpp", line).code[0]; }

TEST(TidySource, BlanksCommentsStringsAndCharacters) {
  EXPECT_EQ(code_of("a; // b"), "a;     ");
  EXPECT_EQ(code_of("a /* b */ c"), "a         c");
  EXPECT_EQ(code_of(R"(f("x\"y", 'z', '\'') + 1)"), "f(      ,    ,     ) + 1");
  EXPECT_EQ(code_of("x = R\"(\" // )\"; y"), "x =           ; y");
  EXPECT_EQ(code_of("n = 1'000'000; // m"), "n = 1'000'000;     ");
}

TEST(TidySource, KeepsLinesApart) {
  const Source text = source("x.cpp", "a /*\nb\n*/ c\nR\"(\nd\n)\" e\n");
  EXPECT_EQ(text.code, (std::vector<std::string>{"a   ", " ", "   c", "   ", " ", "   e"}));
  EXPECT_EQ(text.lines.size(), 6u);
}

TEST(TidySource, AnUnfinishedLiteralEndsWithItsLine) {
  EXPECT_EQ(source("x.cpp", "a \"b\nc").code, (std::vector<std::string>{"a   ", "c"}));
  EXPECT_EQ(source("x.cpp", "/* a").code, (std::vector<std::string>{"    "}));
  EXPECT_TRUE(source("x.cpp", "").lines.empty());
}

}  // namespace
}  // namespace brink::tidy
