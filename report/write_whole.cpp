// Files that are there whole or not at all. Devices and pipes are no files: they are written to.

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "report/json_report.hpp"

namespace brink {
namespace {

namespace fs = std::filesystem;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File opened(const std::string& path) { return File(std::fopen(path.c_str(), "wb"), &std::fclose); }

std::string failed(const std::string& path) { return path + ": " + std::strerror(errno); }

/// Whether something that is no file has that name already, as /dev/stdout.
bool is_device(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

/// What the name stands for: a link stays, the file behind it is replaced.
std::string target(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

std::string temporary(const std::string& path) {
  return path + ".tmp" + std::to_string(::getpid());
}

/// Writes it all and closes the file; true if that worked.
bool filled(File file, const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  return std::fclose(file.release()) == 0 && written;
}

}  // namespace

std::string write_whole(const std::string& path, const std::string& text) {
  const bool device = is_device(path);
  const std::string real = device ? path : target(path);
  const std::string name = device ? path : temporary(real);
  File file = opened(name);
  if (!file) return failed(name);
  const bool written = filled(std::move(file), text);
  if (written && (device || std::rename(name.c_str(), real.c_str()) == 0)) return {};
  std::string why = failed(path);
  if (!device) std::remove(name.c_str());
  return why;
}

std::string cannot_write(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return path + ": " + std::strerror(EISDIR);
  if (is_device(path)) return ::access(path.c_str(), W_OK) == 0 ? "" : failed(path);
  const std::string name = temporary(target(path));
  const File file = opened(name);
  if (!file) return failed(path);
  std::remove(name.c_str());
  return {};
}

}  // namespace brink
