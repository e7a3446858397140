// FNV-1a over the canonical text of the tables that a run depends on. Not cryptographic: it tells
// files apart that somebody edited, not files that somebody forged.

#include "experiment/digest.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace brink {
namespace {

/// Top-level tables that say which runs there are and what they should show, not what a run is.
constexpr std::string_view not_of_a_run[] = {"sweep", "expect"};

std::uint64_t file_hash(const std::string& path, const Where& where, std::uint64_t hash) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) throw ConfigError(where, path + " cannot be opened: " + std::strerror(errno));
  char block[65536];
  std::uint64_t size = 0;
  while (const std::size_t got = std::fread(block, 1, sizeof block, file.get())) {
    hash = fnv1a({block, got}, hash);
    size += got;
  }
  if (std::ferror(file.get()) != 0) {
    throw ConfigError(where, path + " cannot be read: " + std::strerror(errno));
  }
  return fnv1a("\n" + std::to_string(size), hash);
}

std::string run_text(const Value& root) {
  Table kept;
  for (const auto& [key, value] : *root.table()) {
    const bool left_out =
        std::find(std::begin(not_of_a_run), std::end(not_of_a_run), key) != std::end(not_of_a_run);
    if (!left_out) kept.emplace(key, value);
  }
  const auto experiment = kept.find("experiment");
  if (experiment != kept.end() && experiment->second.table() != nullptr) {
    Table named = *experiment->second.table();
    named.erase("question");
    experiment->second = Value(std::move(named));
  }
  return Value(std::move(kept)).text();
}

std::string hex(std::uint64_t number) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return digits;
}

}  // namespace

std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

std::string experiment_digest(const Value& root, std::vector<std::string> host_files,
                              const Where& where) {
  std::uint64_t hash = fnv1a("brink " + std::to_string(format_version) + "\n");
  hash = fnv1a(run_text(root), hash);
  std::sort(host_files.begin(), host_files.end());
  host_files.erase(std::unique(host_files.begin(), host_files.end()), host_files.end());
  for (const std::string& path : host_files) hash = file_hash(path, where, hash);
  return std::to_string(format_version) + "-" + hex(hash);
}

}  // namespace brink
