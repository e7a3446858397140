// Words for enumerators: distinct, lower case, and as reports and other programs expect them.

#include <gtest/gtest.h>

#include <cctype>
#include <cerrno>
#include <set>
#include <string>

#include "brink/outcome.hpp"

namespace brink {
namespace {

/// Checks the names of an enumeration's first `count` values, and that there is no further one.
template <class Enum>
void expect_words(std::size_t count) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string word = name(static_cast<Enum>(i));
    EXPECT_TRUE(seen.insert(word).second) << word;
    EXPECT_GE(word.size(), 3u) << word;
    for (const char c : word) EXPECT_TRUE(std::islower(static_cast<unsigned char>(c)) || c == '_');
  }
  EXPECT_STREQ(name(static_cast<Enum>(count)), "?") << "a new enumerator needs a word";
}

TEST(Names, AreDistinctLowerCaseWords) {
  expect_words<OnFailure>(7);
  expect_words<Verdict>(verdict_count);
  expect_words<Fate>(fate_count);
  expect_words<Cause>(cause_count);
  expect_words<Consequence>(6);
  expect_words<Reaction>(5);
  expect_words<Finding::Kind>(6);
}

TEST(Names, AreTheWordsOfTheOutputContract) {
  EXPECT_STREQ(name(Verdict::memory_deadlock), "memory_deadlock");
  EXPECT_STREQ(name(Verdict::completed), "completed");
  EXPECT_STREQ(name(Cause::give_up), "give_up");
  EXPECT_STREQ(name(Cause::no_sleep), "no_sleep");
  EXPECT_STREQ(name(Fate::shortened), "short");
  EXPECT_STREQ(name(Fate::swallowed), "swallowed");
  EXPECT_STREQ(name(OnFailure::fs_error), "fs_error");
  EXPECT_STREQ(name(Consequence::left_locked), "left_locked");
  EXPECT_STREQ(name(Finding::Kind::stall), "stall");
}

TEST(Names, OfErrnosAreLinuxs) {
  EXPECT_EQ(errno_name(ENOMEM), "ENOMEM");
  EXPECT_EQ(errno_name(ENOSPC), "ENOSPC");
  EXPECT_EQ(errno_name(0), "0");
  EXPECT_EQ(errno_name(4094), "4094");
}

}  // namespace
}  // namespace brink
