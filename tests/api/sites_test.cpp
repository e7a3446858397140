// The table of built-in sites: in step with the constants, well-formed names, no duplicates.

#include "brink/site_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>

namespace brink {
namespace {

std::string name_of(Site site) { return builtin_sites()[static_cast<std::size_t>(site)].name; }

TEST(Sites, AreInTheOrderOfTheirConstants) {
  EXPECT_EQ(builtin_sites().size(), std::size_t{site::builtin_count});
  EXPECT_EQ(name_of(site::vfs_name), "vfs.path.name");
  EXPECT_EQ(name_of(site::jbd2_frozen_copy), "ext4.jbd2.frozen_copy");
  EXPECT_EQ(name_of(site::kernel_boot), "kernel.boot.reserve");
}

TEST(Sites, HaveDistinctNamesOfThreeParts) {
  std::set<std::string> seen;
  for (const SiteInfo& info : builtin_sites()) {
    const std::string name = info.name;
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_EQ(std::count(name.begin(), name.end(), '.'), 2) << name;
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '.' || c == '_';
    })) << name;
    EXPECT_STRNE(info.object, "") << name;
    EXPECT_STRNE(info.cache, "") << name;
  }
}

}  // namespace
}  // namespace brink
