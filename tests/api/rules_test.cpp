// The rule table: a row for each field, by its own name, that reads back what it wrote.

#include "brink/rules.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>

namespace brink {
namespace {

bool same(const Rules& a, const Rules& b) {
  for (const RuleRow& row : rule_table()) {
    if (row.get(a) != row.get(b)) return false;
  }
  return true;
}

TEST(RuleTable, EachRowSetsItsOwnFieldOnly) {
  std::set<std::string> names;
  for (const RuleRow& row : rule_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " is there twice";
    for (std::int64_t value = 0; value <= std::min<std::int64_t>(row.high, 3); ++value) {
      Rules rules;
      row.set(rules, value);
      EXPECT_EQ(row.get(rules), value) << row.name;
      row.set(rules, row.get(Rules{}));
      EXPECT_TRUE(same(rules, Rules{})) << row.name << " changes more than itself";
    }
  }
}

TEST(RuleTable, WordsCoverEveryValue) {
  for (const RuleRow& row : rule_table()) {
    if (row.words.empty()) continue;
    EXPECT_EQ(row.high + 1, static_cast<std::int64_t>(row.words.size())) << row.name;
  }
}

TEST(RuleTable, HasARowForEachField) {
  // Whatever bytes a Rules has, some row can tell: fields without a row would escape [rules].
  for (std::size_t byte = 0; byte < sizeof(Rules); ++byte) {
    Rules changed;
    unsigned char raw[sizeof(Rules)];
    std::memcpy(raw, &changed, sizeof raw);
    raw[byte] ^= 1;
    std::memcpy(&changed, raw, sizeof raw);
    if (!same(changed, Rules{})) continue;
    // Padding before the numbers is all that may be left over.
    EXPECT_GT(alignof(Rules), 1u);
    EXPECT_NE(byte % alignof(Rules), 0u) << "byte " << byte << " belongs to no rule";
  }
}

}  // namespace
}  // namespace brink
