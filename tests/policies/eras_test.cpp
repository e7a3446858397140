// The eras: what each kernel sets otherwise than its neighbours.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "brink/rules.hpp"

namespace brink {
namespace {

const EraRow& era(std::string_view name) {
  for (const EraRow& row : eras()) {
    if (row.name == name) return row;
  }
  ADD_FAILURE() << name;
  return eras()[0];
}

std::vector<std::string> differences(std::string_view a, std::string_view b) {
  std::vector<std::string> names;
  for (const RuleRow& row : rule_table()) {
    if (row.get(era(a).rules) != row.get(era(b).rules)) names.emplace_back(row.name);
  }
  return names;
}

TEST(Eras, PatchTwoIsARuleThatNobodyReaches) {
  const std::vector<std::string> only = {"rt_harder_in_interrupt"};
  EXPECT_EQ(differences("2.6.31+1", "2.6.31+1+2"), only);
  EXPECT_EQ(differences("2.6.32-rc6+1", "2.6.32-rc6+1+2"), only);
}

TEST(Eras, TheFirstPatchRepairsTheSlowPath) {
  const std::vector<std::string> repaired = {"kswapd_wake", "rights_test"};
  EXPECT_EQ(differences("2.6.31", "2.6.31+1"), repaired);
  EXPECT_TRUE(differences("2.6.32", "2.6.32-rc6+1+2").empty());
}

TEST(Eras, LaterPatchesAreTheReclaimPolicys) {
  for (const char* name : {"2.6.31+1+2+3", "2.6.31+1+2+3+4", "2.6.31+1+2+3+4+5"}) {
    EXPECT_TRUE(differences("2.6.31+1+2", name).empty()) << name;
  }
  const auto value = [](const char* kernel, const char* key) {
    const Table& params = era(kernel).reclaim_policy.params;
    const auto found = params.find(key);
    return found == params.end() ? std::string("-") : found->second.text();
  };
  EXPECT_EQ(value("2.6.30", "congestion"), "\"sync\"");
  EXPECT_EQ(value("2.6.31", "congestion"), "\"async\"");
  EXPECT_EQ(value("2.6.31+revert-8aa7e847", "congestion"), "\"sync\"");
  EXPECT_EQ(value("2.6.31+1+2", "congestion"), "\"async\"");
  EXPECT_EQ(value("2.6.31+1+2+3", "congestion"), "\"both\"");
  EXPECT_EQ(value("2.6.31+1+2+3", "kswapd_sleep"), "-");
  EXPECT_EQ(value("2.6.31+1+2+3+4", "kswapd_sleep"), "\"second_look\"");
  EXPECT_EQ(value("2.6.31+1+2+3+4", "kswapd_naps_by_order"), "-");
  EXPECT_EQ(value("2.6.31+1+2+3+4+5", "kswapd_naps_by_order"), "true");
}

TEST(Eras, TheKnobIsNotARule) {
  EXPECT_TRUE(differences("4.0", "4.0+knob").empty());
  EXPECT_TRUE(differences("3.19", "4.0").empty());
  EXPECT_FALSE(differences("4.0", "6.1").empty());
}

}  // namespace
}  // namespace brink
