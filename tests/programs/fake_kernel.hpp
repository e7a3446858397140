// The allocator's entry as a test sees it: who asked for what inside which system call, and what is
// still there. Refuses what the test tells it to refuse.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "brink/assert.hpp"
#include "brink/syscall.hpp"
#include "programs/trace/trace.hpp"

namespace brink {

class FakeKernel : public KernelCalls {
 public:
  struct Request {
    bool object = false;
    unsigned order = 0;
    std::uint32_t size = 0;
    std::string cache;
    Gfp gfp = Gfp::none;
    std::string site;
  };

  /// What happened, one line each: "enter openat", "alloc 1 dentry", "free 1", "leave 0".
  std::vector<std::string> log;
  bool keep_log = true;
  RequestCounts asked;
  std::map<std::pair<std::string, std::int64_t>, int> results;  ///< of system calls
  std::map<Object, Request> live;
  std::vector<std::pair<std::string, OnFailure>> sites;
  int without = 0;
  /// True for requests that get nothing.
  std::function<bool(const Request&)> refuses;

  Site site(std::string_view name, OnFailure on_failure) override {
    for (std::size_t i = 0; i < sites.size(); ++i) {
      if (sites[i].first == name) return Site{static_cast<std::uint16_t>(i)};
    }
    sites.emplace_back(name, on_failure);
    return Site{static_cast<std::uint16_t>(sites.size() - 1)};
  }

  Object alloc_pages(unsigned order, Gfp gfp, Site site) override {
    ++asked.pages[{order, gfp}];
    return add({false, order, 0, "", gfp, sites.at(static_cast<std::size_t>(site)).first});
  }
  Object alloc_object(std::string_view cache, std::uint32_t size, Gfp gfp, Site site) override {
    ++asked.objects[{std::string(cache), size, gfp}];
    return add(
        {true, 0, size, std::string(cache), gfp, sites.at(static_cast<std::size_t>(site)).first});
  }
  void free(Object object) override {
    ++asked.frees;
    BRINK_ASSERT(live.erase(object) == 1);
    note("free " + std::to_string(object));
  }
  void did_without() override {
    ++without;
    note("without");
  }
  void enter(std::string_view syscall) override {
    BRINK_ASSERT(inside_.empty());
    inside_ = syscall;
    note("enter " + inside_);
  }
  void leave(std::int64_t result) override {
    BRINK_ASSERT(!inside_.empty());
    ++results[{inside_, result}];
    inside_.clear();
    note("leave " + std::to_string(result));
  }

 private:
  Object add(Request request) {
    BRINK_ASSERT(!inside_.empty());
    const std::string what = request.object ? request.cache.empty() ? "kmalloc" : request.cache
                                            : "order " + std::to_string(request.order);
    if (refuses && refuses(request)) {
      note("refuse " + what);
      return none;
    }
    note("alloc " + std::to_string(++last_) + " " + what);
    live.emplace(last_, std::move(request));
    return last_;
  }
  void note(std::string line) {
    if (keep_log) log.push_back(std::move(line));
  }

  std::string inside_;
  Object last_ = none;
};

}  // namespace brink
