// Which mount a path lies on.

#include "brink/machine.hpp"

namespace brink {
namespace {

bool lies_in(std::string_view path, std::string_view at) {
  if (at == "/" || path == at) return true;
  return path.starts_with(at) && path.substr(at.size()).starts_with('/');
}

}  // namespace

const MountConfig* mount_of(const std::vector<MountConfig>& mounts, std::string_view path) {
  const MountConfig* found = nullptr;
  for (const MountConfig& mount : mounts) {
    if (!lies_in(path, mount.at)) continue;
    if (found == nullptr || mount.at.size() > found->at.size()) found = &mount;
  }
  return found;
}

}  // namespace brink
