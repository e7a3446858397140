// Sizes are measured right: long files, lines and functions are seen, and what only looks long is
// not.

#include "tests/tidy/bites.hpp"

namespace brink::tidy {
namespace {

std::string lines(std::size_t count, const std::string& line) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line + "\n";
  return text;
}

/// A function of `length` lines, its head and its closing brace included.
std::string function(const std::string& head, std::size_t length) {
  return head + " {\n" + lines(length - 2, "  if (x) { y(); }") + "}\n";
}

bool too_long(const std::string& text) { return count(short_functions, "sim/mm/x.cpp", text) != 0; }

TEST(TidyLayout, LongFilesAreSeen) {
  EXPECT_EQ(count(short_files_and_lines, "sim/mm/x.cpp", lines(300, "x;")), 0u);
  EXPECT_EQ(count(short_files_and_lines, "sim/mm/x.cpp", lines(301, "x;")), 1u);
  EXPECT_EQ(count(short_files_and_lines, "bench/core/baseline/x.cpp", lines(301, "x;")), 0u);
}

TEST(TidyLayout, LongLinesAreSeen) {
  const auto bites = [](const std::string& text) {
    return count(short_files_and_lines, "sim/mm/x.cpp", text) != 0;
  };
  EXPECT_FALSE(bites(std::string(100, 'x')));
  EXPECT_TRUE(bites(std::string(101, 'x')));
  EXPECT_TRUE(bites("// " + std::string(98, 'x'))) << "comments too";
  std::string umlauts = "// ";
  for (int i = 0; i < 97; ++i) umlauts += "ä";
  EXPECT_FALSE(bites(umlauts)) << "a character is one column";
  const std::string wide = std::string(101, 'x');
  EXPECT_FALSE(bites("// clang-format off\n" + wide + "\\\n// clang-format on\n"));
  EXPECT_TRUE(bites("// clang-format off\n" + wide + "\n// clang-format on\n")) << "no table";
  EXPECT_TRUE(bites("// clang-format off\n// clang-format on\n" + wide + "\\\n"));
}

TEST(TidyLayout, LongFunctionsAreSeen) {
  EXPECT_FALSE(too_long(function("int f(int x)", 70)));
  EXPECT_TRUE(too_long(function("int f(int x)", 71)));
  EXPECT_TRUE(too_long("namespace a {\nclass B : public C {\n public:\n" +
                       function("  void f(struct D* d) const noexcept override", 71) + "};\n}\n"));
  EXPECT_TRUE(too_long(function("TEST(A, B)", 71)));
  EXPECT_TRUE(too_long(function("template <class T>\nauto f(T t) -> decltype(t)", 71)));
  EXPECT_TRUE(too_long("int before() { return 1; }\n" + function("int f()", 71)));
}

TEST(TidyLayout, InitializersBelongToTheirConstructor) {
  EXPECT_TRUE(too_long(function("A::A(int x) : a_{x}, b_{{x}}", 71)));
  EXPECT_FALSE(too_long(function("A::A(int x) : a_{x}, b_{{x}}", 70)));
  EXPECT_FALSE(too_long(function("A::A() : a_{1}", 50) + function("B::B() : b_{1}", 50)));
}

TEST(TidyLayout, TablesAndTypesAreNoFunctions) {
  EXPECT_FALSE(too_long("constexpr int table[] = {\n" + lines(80, "  1,") + "};\n"));
  EXPECT_FALSE(too_long("struct A {\n" + lines(80, "  int x;") + "};\n"));
  EXPECT_FALSE(too_long("enum class E : int {\n" + lines(80, "  a,") + "};\n"));
}

TEST(TidyLayout, BracesInTextAndDirectivesDoNotCount) {
  EXPECT_TRUE(too_long("#define OPEN {\n" + function("int f()", 71)));
  EXPECT_TRUE(too_long("int f() {\n  say(\"}\");  // }\n" + lines(70, "  y();") + "}\n"));
  EXPECT_FALSE(too_long("int f() {\n  say('{');\n}\n" + lines(80, "int y();")));
}

TEST(TidyLayout, FilesWithoutFirstWordsAreSeen) {
  EXPECT_EQ(count(first_words, "sim/mm/x.cpp", "// What this is.\n"), 0u);
  EXPECT_EQ(count(first_words, "sim/mm/x.cpp", "#include <vector>\n"), 1u);
  EXPECT_EQ(count(first_words, "sim/mm/x.cpp", ""), 1u);
  EXPECT_EQ(count(first_words, "sim/mm/x.hpp", "// What this is.\n#pragma once\n"), 0u);
  EXPECT_EQ(count(first_words, "sim/mm/x.hpp", "// What this is.\n"), 1u);
  EXPECT_EQ(count(first_words, "configs/x.toml", "[experiment]\n"), 1u);
  EXPECT_EQ(count(first_words, "configs/x.toml", "# What this asks.\n"), 0u);
  EXPECT_EQ(count(first_words, "README.md", "brink\n"), 0u);
}

}  // namespace
}  // namespace brink::tidy
