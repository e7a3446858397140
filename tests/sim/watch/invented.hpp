// Waits, suppliers and obligations whose answers a test makes up.
#pragma once

#include <string>
#include <vector>

#include "sim/sched/core.hpp"
#include "sim/watch/obligations.hpp"
#include "sim/watch/suppliers.hpp"

namespace brink::invented {

struct Blocker {
  const Task* task = nullptr;
  bool inner = false;
};

/// A wait of any kind with any blockers. A lock has a queue too: those who wait, first come first.
class Wait final : public Waitable {
 public:
  explicit Wait(WaitKind kind, std::string name = "invented")
      : Waitable(kind), name_(std::move(name)) {}

  std::vector<Blocker> named;  ///< of a lock: its holders; those that wait for it too come first
  std::vector<const Task*> queue;
  bool event = false;
  bool anyone = false;

  void blockers(const Task& waiter, BlockerSink& sink) const override {
    if (event) sink.event();
    if (anyone) sink.anyone();
    for (const Blocker& b : named) b.inner ? sink.inner(*b.task) : sink.task(*b.task);
    for (const Task* ahead : queue) {
      if (ahead == &waiter) break;
      sink.task(*ahead);
    }
  }
  std::string describe() const override { return name_; }
  void own(Task& task) { set_owner(&task); }

 private:
  const std::string name_;
};

/// What one task's request for memory meets, and what the task is to others' requests.
struct Request {
  bool sticky = false, pages = false, reclaims = false, may_enter = false, refusal = false;
  Nanos would_kill = never;
  bool owns_pages = false;
  OnFailure on_failure = OnFailure::propagate;
  std::uint64_t first_question = 0;
};

class Suppliers final : public MemorySuppliers {
 public:
  std::vector<Request> requests;  ///< by task id
  std::vector<Blocker> helpers;
  std::vector<const Task*> victims;
  bool io = false;
  std::uint64_t version = 0;
  mutable std::uint64_t asked = 0;

  Request& of(const Task& task) {
    if (task.id >= requests.size()) requests.resize(task.id + 1);
    return requests[task.id];
  }
  const Request& of(const Task& task) const {
    static const Request none;
    return task.id < requests.size() ? requests[task.id] : none;
  }

  std::uint64_t stamp() const override { return version; }
  bool sticky(const Task& t) const override { return ++asked, of(t).sticky; }
  bool pages(const Task& t) const override { return ++asked, of(t).pages; }
  bool reclaims(const Task& t) const override { return ++asked, of(t).reclaims; }
  bool may_enter_oom(const Task& t) const override { return ++asked, of(t).may_enter; }
  Nanos would_kill(const Task& t) const override { return ++asked, of(t).would_kill; }
  bool refusal(const Task& t) const override { return ++asked, of(t).refusal; }
  void reclaimers(BlockerSink& sink) const override {
    for (const Blocker& b : helpers) b.inner ? sink.inner(*b.task) : sink.task(*b.task);
  }
  bool io_frees() const override { return io; }
  void dying(BlockerSink& sink) const override {
    for (const Task* victim : victims) sink.task(*victim);
  }
  bool owns_pages(const Task& t) const override { return ++asked, of(t).owns_pages; }
  RequestEvidence explain(const Task& t) const override {
    RequestEvidence evidence;
    evidence.what = "order 0, GFP_NOFS, site test.site." + std::string(t.name());
    evidence.site = "test.site." + std::string(t.name());
    evidence.on_failure = of(t).on_failure;
    evidence.never_refused = never_refused(of(t).on_failure);
    evidence.first_question = of(t).first_question;
    evidence.suppliers = {{"free pages", "12 free, 40 needed"},
                          {"reclaim", "all 800 pages were tried"}};
    return evidence;
  }
};

/// Every task but daemons and kernel threads is in a system call, since it came into being.
class Obliged final : public Obligations {
 public:
  Nanos obliged_since(const Task& task) const override {
    return task.has(DAEMON) || task.has(PF_KTHREAD) ? never : 0;
  }
  const char* syscall(const Task&) const override { return "mkdir"; }
};

}  // namespace brink::invented
