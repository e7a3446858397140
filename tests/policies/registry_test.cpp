// The tables of policies: each row makes something, documents its keys, and refuses others.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "brink/params.hpp"
#include "brink/policy.hpp"
#include "brink/rules.hpp"

namespace brink {
namespace {

template <class Policy>
void check(std::span<const PolicyRow<Policy>> rows) {
  std::set<std::string> names;
  for (const PolicyRow<Policy>& row : rows) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_NE(std::string(row.summary), "") << row.name;
    Params params = Params::describe();
    EXPECT_NE(row.make(params), nullptr) << row.name;
    for (const ParamDoc& doc : params.docs()) EXPECT_NE(doc.meaning, "") << doc.key;
    Params unknown({{"no_such_key", 1}}, "policy");
    row.make(unknown);
    EXPECT_THROW(unknown.done(), ConfigError) << row.name;
  }
}

TEST(PolicyTables, MakeDocumentedPolicies) {
  check(alloc_policies());
  check(oom_policies());
  check(reclaim_policies());
}

template <class Policy>
bool contains(std::span<const PolicyRow<Policy>> rows, std::string_view name) {
  for (const PolicyRow<Policy>& row : rows) {
    if (row.name == name) return true;
  }
  return false;
}

TEST(PolicyTables, HaveThePoliciesOfEachEra) {
  EXPECT_FALSE(eras().empty());
  for (const EraRow& era : eras()) {
    EXPECT_TRUE(contains(alloc_policies(), era.alloc_policy.name)) << era.name;
    EXPECT_TRUE(contains(oom_policies(), era.oom_policy.name)) << era.name;
    EXPECT_TRUE(contains(reclaim_policies(), era.reclaim_policy.name)) << era.name;
  }
}

}  // namespace
}  // namespace brink
