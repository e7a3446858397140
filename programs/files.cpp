// Names, parameters and reactions of the programs that work on files.

#include "programs/files.hpp"

#include <cerrno>

namespace brink {

std::string read_path(Params& params, std::string_view key, std::string_view fallback,
                      std::string_view meaning) {
  std::string path = params.text(key, fallback, meaning);
  if (params.describing()) return path;
  if (path.empty()) params.reject(key, "no path is given");
  if (path.front() != '/') params.reject(key, "\"" + path + "\" must begin with /");
  return path;
}

std::string numbered(const std::string& directory, char stem, std::uint32_t instance,
                     std::uint64_t n) {
  std::string path = directory;
  if (path.back() != '/') path += '/';
  return path + stem + std::to_string(instance) + "." + std::to_string(n);
}

int exits(Syscalls& sys) {
  sys.react(Reaction::exited);
  return 1;
}

bool goes_on(Syscalls& sys, std::int64_t result) {
  const bool checked = result == -ENOMEM || result == -EEXIST;
  sys.react(checked ? Reaction::checked : Reaction::exited);
  return checked;
}

}  // namespace brink
