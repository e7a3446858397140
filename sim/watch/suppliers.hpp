// What the watchers ask about memory: for each request that waits, which of the suppliers of design
// §4 could still meet it. sim/watch/memory_suppliers.cpp answers for the memory model; tests invent
// answers.
//
// Every answer may err on one side only: "it may" where it cannot, never the reverse, because a
// lockup is proved from the answers that are no.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "brink/outcome.hpp"
#include "sim/sched/task.hpp"

namespace brink {

/// What people should read about one request, and what a lockup is attributed to.
struct RequestEvidence {
  std::string what;  ///< "order 0, GFP_NOFS, site ext4.jbd2.frozen_copy"
  std::string site;
  OnFailure on_failure = OnFailure::propagate;
  bool never_refused = false;        ///< __GFP_NOFAIL, or its caller asks again for ever
  std::uint64_t first_question = 0;  ///< number of the first policy question it asked; 0 if none
  std::vector<SupplierReport> suppliers;  ///< why (1) to (4) and (6) ran out, with numbers
};

class MemorySuppliers {
 public:
  virtual ~MemorySuppliers() = default;

  /// Called before the questions of one evaluation: what was computed for an earlier one is stale.
  virtual void renew() {}

  /// Changes whenever a supplier may have run out for those who already wait: a class became
  /// exhausted, a victim was chosen, the last I/O ended.
  virtual std::uint64_t stamp() const = 0;

  // --- Of the request that `task` waits for: its effective wait is for memory.

  /// It fails by an injected failure that lasts: no supplier helps.
  virtual bool sticky(const Task& task) const = 0;
  /// (1) Free pages pass its own mark, now or after a drain; or it is met already.
  virtual bool pages(const Task& task) const = 0;
  /// (2) It may reclaim, and the class of its FS and IO rights is not exhausted.
  virtual bool reclaims(const Task& task) const = 0;
  /// (4) One of its rounds may still enter the OOM path, with the right to kill.
  virtual bool may_enter_oom(const Task& task) const = 0;
  /// (4) When the OOM policy would kill somebody if it did: now, a later time, or `never`. Asked
  /// only of tasks that may, and last.
  virtual Nanos would_kill(const Task& task) const = 0;
  /// (6) rounds_left is finite, and its caller is in no unlimited poll.
  virtual bool refusal(const Task& task) const = 0;

  /// The memory cgroup that it waits for room in; 0: it waits for pages of the machine.
  virtual std::uint32_t memcg(const Task&) const { return 0; }

  // --- Of the machine.

  /// (2) Who else may bring pages back: kswapd, if its class is not exhausted; tasks that have
  /// pages isolated; whoever will clean, unlock, unmap or drop what the sweeps had to skip
  /// (flushers, holders of page locks, the commit task).
  virtual void reclaimers(BlockerSink& sink) const = 0;

  /// (3) Whether I/O is in flight whose end frees pages or makes them reclaimable.
  virtual bool io_frees() const = 0;

  /// (2) Who else may make room in memory cgroups: as reclaimers(), but for kswapd, which reclaims
  /// for the machine alone.
  virtual void memcg_reclaimers(BlockerSink&) const {}

  /// (5) Victims of the OOM killer and exiting tasks, whose end frees pages.
  virtual void dying(BlockerSink& sink) const = 0;

  /// (7) Whether the task owns pages that it might give back, or might come to kill for.
  virtual bool owns_pages(const Task& task) const = 0;

  virtual RequestEvidence explain(const Task& task) const = 0;
};

}  // namespace brink
