// The mount that a path lies on: the deepest one, and never one whose name merely starts alike.

#include <gtest/gtest.h>

#include "brink/machine.hpp"

namespace brink {
namespace {

std::vector<MountConfig> mounts_at(std::initializer_list<const char*> paths) {
  std::vector<MountConfig> mounts;
  for (const char* path : paths) mounts.emplace_back().at = path;
  return mounts;
}

std::string found(const std::vector<MountConfig>& mounts, std::string_view path) {
  const MountConfig* mount = mount_of(mounts, path);
  return mount == nullptr ? "none" : mount->at;
}

TEST(MountOf, TheDeepestMountHoldsThePath) {
  const std::vector<MountConfig> mounts = mounts_at({"/mnt/deep", "/", "/mnt"});
  EXPECT_EQ(found(mounts, "/mnt/deep/file"), "/mnt/deep");
  EXPECT_EQ(found(mounts, "/mnt/deep"), "/mnt/deep");
  EXPECT_EQ(found(mounts, "/mnt/file"), "/mnt");
  EXPECT_EQ(found(mounts, "/other"), "/");
}

TEST(MountOf, NamesThatMerelyStartAlikeAreOther) {
  const std::vector<MountConfig> mounts = mounts_at({"/mnt"});
  EXPECT_EQ(found(mounts, "/mntx/file"), "none");
  EXPECT_EQ(found(mounts, "/mn"), "none");
  EXPECT_EQ(found({}, "/"), "none");
}

}  // namespace
}  // namespace brink
