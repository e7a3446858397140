// The eras: what each kernel sets otherwise than its neighbours.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "brink/rules.hpp"
#include "brink/site_list.hpp"

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

TEST(Eras, EachKernelHasItsAllocationPolicy) {
  EXPECT_STREQ(era("2.6.30").alloc_policy.name, "linux_2_6");
  EXPECT_STREQ(era("2.6.32-rc6+1+2").alloc_policy.name, "linux_2_6");
  EXPECT_STREQ(era("3.19").alloc_policy.name, "bounded_retry");
  EXPECT_STREQ(era("4.0+knob").alloc_policy.name, "bounded_retry");
  EXPECT_STREQ(era("6.1").alloc_policy.name, "linux_6_1");
}

TEST(Eras, WhatLoopedInTheCallerPassesNofailIn61) {
  for (const Site site :
       {site::jbd2_transaction, site::jbd2_journal_head, site::jbd2_commit_head, site::jbd2_revoke,
        site::bh_head, site::pc_buffer_heads, site::ext4_free_data}) {
    EXPECT_EQ(era("4.0").site(site).on_failure, OnFailure::loop);
    EXPECT_EQ(era("6.1").site(site).on_failure, OnFailure::nofail);
    EXPECT_TRUE(has(era("6.1").site(site).gfp, Gfp::nofail));
  }
  // What 4.0 turned into an error of the file system no longer fails either.
  for (const Site site : {site::jbd2_frozen_copy, site::jbd2_undo_copy, site::ext4_truncate_path}) {
    EXPECT_EQ(era("4.0").site(site).on_failure, OnFailure::fs_error);
    EXPECT_EQ(era("6.1").site(site).on_failure, OnFailure::nofail);
  }
}

TEST(Eras, SitesAgreeWithTheirMasks) {
  for (const char* kernel : {"2.6.30", "2.6.32", "4.0", "6.1"}) {
    for (std::uint16_t number = 0; number < site::builtin_count; ++number) {
      const SiteRule rule = era(kernel).site(Site{number});
      EXPECT_EQ(has(rule.gfp, Gfp::nofail), rule.on_failure == OnFailure::nofail)
          << kernel << " " << builtin_sites()[number].name;
      EXPECT_STRNE(rule.function, "") << kernel << " " << builtin_sites()[number].name;
    }
  }
}

TEST(Eras, ReadAheadDidNotSayThatItMayFailIn2009) {
  EXPECT_FALSE(has(era("2.6.32").site(site::pc_readahead).gfp, Gfp::noretry));
  EXPECT_TRUE(has(era("4.0").site(site::pc_readahead).gfp, Gfp::noretry));
  EXPECT_TRUE(has(era("2.6.30").site(site::pc_write).gfp, GFP_HIGHUSER_MOVABLE));
  EXPECT_FALSE(has(era("2.6.30").site(site::bh_page).gfp, Gfp::nofail));
}

TEST(Eras, TheKnobIsNotARule) {
  EXPECT_TRUE(differences("4.0", "4.0+knob").empty());
  EXPECT_TRUE(differences("3.19", "4.0").empty());
  EXPECT_FALSE(differences("4.0", "6.1").empty());
}

}  // namespace
}  // namespace brink
