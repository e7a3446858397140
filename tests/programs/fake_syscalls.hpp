// A kernel that a test makes up: it writes down what a program calls and answers what it is told
// to.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "brink/assert.hpp"
#include "brink/syscall.hpp"

namespace brink {

class FakeSyscalls : public Syscalls {
 public:
  /// Calls as they were made: "mkdir /srv/d0.1", "touch 0x10000 4096".
  std::vector<std::string> calls;
  std::vector<Reaction> reactions;
  /// What a call returns, if not success; asked with the call's text.
  std::function<std::int64_t(const std::string&)> answer;
  std::uint32_t number = 0;
  Nanos clock = 0;
  KernelCalls* kernel_calls = nullptr;
  std::shared_ptr<void>* common = nullptr;

  int open(std::string_view path, std::uint32_t flags, std::uint32_t) override {
    return static_cast<int>(call("open " + std::string(path) + " " + std::to_string(flags), 3));
  }
  int close(int fd) override { return plain("close " + std::to_string(fd)); }
  std::int64_t read(int fd, std::uint64_t bytes) override {
    return call("read " + std::to_string(fd), static_cast<std::int64_t>(bytes));
  }
  std::int64_t write(int fd, std::uint64_t bytes) override {
    return call("write " + std::to_string(fd) + " " + std::to_string(bytes),
                static_cast<std::int64_t>(bytes));
  }
  int fsync(int fd) override { return plain("fsync " + std::to_string(fd)); }
  int mkdir(std::string_view path, std::uint32_t) override { return plain("mkdir ", path); }
  int rmdir(std::string_view path) override { return plain("rmdir ", path); }
  int unlink(std::string_view path) override { return plain("unlink ", path); }
  int rename(std::string_view from, std::string_view to) override {
    return plain("rename " + std::string(from) + " " + std::string(to));
  }
  int stat(std::string_view path, Stat*) override { return plain("stat ", path); }

  std::int64_t mmap_anonymous(std::uint64_t bytes) override {
    const auto address = static_cast<std::int64_t>(next_map_);
    next_map_ += bytes;
    return call("mmap " + std::to_string(bytes), address);
  }
  std::int64_t mmap(const MapRequest& request) override {
    const auto address = static_cast<std::int64_t>(next_map_);
    next_map_ += request.bytes;
    return call("mmap " + std::to_string(request.bytes) + " of " + std::to_string(request.fd) +
                    (request.shared ? " shared" : "") + (request.exec ? " exec" : ""),
                address);
  }
  int mlock(Address, std::uint64_t bytes) override {
    return plain("mlock " + std::to_string(bytes));
  }
  void read_memory(Address address, std::uint64_t bytes) override {
    calls.push_back("read_memory " + std::to_string(address) + " " + std::to_string(bytes));
  }
  std::int64_t fork(Child child) override {
    const std::int64_t result = call("fork", 100 + static_cast<std::int64_t>(children.size()));
    if (result >= 0) children.push_back(std::move(child));
    return result;
  }
  /// Children run when they are waited for.
  std::int64_t wait(int*) override {
    if (ended == children.size()) return call("wait", -10);
    calls.push_back("child");
    children[ended](*this);
    return 100 + static_cast<std::int64_t>(ended++);
  }
  std::vector<Child> children;
  std::size_t ended = 0;

  int munmap(Address, std::uint64_t bytes) override {
    return plain("munmap " + std::to_string(bytes));
  }
  Address brk(Address end) override { return end; }
  void touch(Address address, std::uint64_t bytes) override {
    calls.push_back("touch " + std::to_string(address) + " " + std::to_string(bytes));
  }

  Nanos now() override { return clock; }
  void sleep(Nanos duration) override {
    clock += duration;
    calls.push_back("sleep " + std::to_string(duration));
  }
  void compute(Nanos duration) override { clock += duration; }
  Random& random() override { return random_; }
  TaskId pid() const override { return number; }
  std::uint32_t instance() const override { return number; }
  void exit(int) override { throw ProcessEnd(); }
  void react(Reaction reaction) override { reactions.push_back(reaction); }
  KernelCalls& kernel() override {
    BRINK_ASSERT(kernel_calls != nullptr);
    return *kernel_calls;
  }
  std::shared_ptr<void>& shared() override {
    BRINK_ASSERT(common != nullptr);
    return *common;
  }

 private:
  std::int64_t call(const std::string& text, std::int64_t success) {
    calls.push_back(text);
    const std::int64_t told = answer ? answer(text) : 0;
    return told != 0 ? told : success;
  }
  int plain(const std::string& text) { return static_cast<int>(call(text, 0)); }
  int plain(const char* name, std::string_view path) { return plain(name + std::string(path)); }

  Address next_map_ = 0x10000;
  Random random_{1, 2};
};

}  // namespace brink
