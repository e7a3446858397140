// Patterns: what `*` and `?` stand for, against a plain recursive matcher.

#include "brink/pattern.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace brink {
namespace {

/// The definition, without cleverness.
bool plainly_matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return plainly_matches(pattern.substr(1), text) ||
           (!text.empty() && plainly_matches(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         plainly_matches(pattern.substr(1), text.substr(1));
}

TEST(Pattern, DescribesTheWholeText) {
  EXPECT_TRUE(matches("ext4.*", "ext4.jbd2.handle"));
  EXPECT_TRUE(matches("*.jbd2.*", "ext4.jbd2.handle"));
  EXPECT_TRUE(matches("anon_hog", "anon_hog"));
  EXPECT_TRUE(matches("hog-?", "hog-1"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_FALSE(matches("ext4", "ext4.jbd2.handle"));
  EXPECT_FALSE(matches("*.jbd2", "ext4.jbd2.handle"));
  EXPECT_FALSE(matches("hog-?", "hog-12"));
  EXPECT_FALSE(matches("", "x"));
  EXPECT_FALSE(matches("?", ""));
}

TEST(Pattern, AnyOfSeveralIsEnough) {
  const std::vector<std::string> patterns = {"vfs.*", "mm.fault.*"};
  EXPECT_TRUE(matches_any(patterns, "mm.fault.anon_page"));
  EXPECT_FALSE(matches_any(patterns, "mm.vma.alloc"));
  EXPECT_FALSE(matches_any({}, "mm.vma.alloc"));
}

RC_GTEST_PROP(Pattern, AgreesWithItsDefinition, ()) {
  // Short, because the plain matcher takes exponential time.
  const auto pattern =
      (*rc::gen::container<std::string>(rc::gen::element('a', 'b', '*', '?'))).substr(0, 10);
  const auto text = (*rc::gen::container<std::string>(rc::gen::element('a', 'b'))).substr(0, 14);
  RC_ASSERT(matches(pattern, text) == plainly_matches(pattern, text));
}

}  // namespace
}  // namespace brink
