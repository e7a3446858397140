// Files that are there whole or not at all.

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "report/json_report.hpp"

namespace brink {
namespace {

std::string temporary(const std::string& path) {
  return path + ".tmp" + std::to_string(::getpid());
}

std::string failed(const std::string& path) { return path + ": " + std::strerror(errno); }

}  // namespace

std::string write_whole(const std::string& path, const std::string& text) {
  const std::string name = temporary(path);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(name.c_str(), "wb"),
                                                       &std::fclose);
  if (!file) return failed(name);
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  const bool closed = std::fclose(file.release()) == 0;
  if (written && closed && std::rename(name.c_str(), path.c_str()) == 0) return {};
  std::string why = failed(path);
  std::remove(name.c_str());
  return why;
}

std::string cannot_write(const std::string& path) {
  const std::string name = temporary(path);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(name.c_str(), "wb"),
                                                             &std::fclose);
  if (!file) return failed(name);
  std::remove(name.c_str());
  return {};
}

}  // namespace brink
