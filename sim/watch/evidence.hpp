// Evidence: a set of stuck tasks as plain data for reports. Nothing of it is computed before
// somebody wants it; a parked task is asked for its frames only here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "brink/outcome.hpp"
#include "sim/watch/closed_set.hpp"

namespace brink {

class Evidence {
 public:
  Evidence(const Core& core, const CanProgress& progress, const Obligations& obligations,
           const MemorySuppliers* memory)
      : core_(core), progress_(progress), obligations_(obligations), memory_(memory) {}

  /// Members with what each waits for, holds and was told. `set` may be null where there is no
  /// proof. The caller fills in when the set closed.
  Lockup lockup(std::span<const TaskId> members, const ClosedSet* set, bool absolute) const;

  /// `comm:id`.
  static std::string name(const Task& task);

 private:
  LockupMember member(const Task& task) const;
  void add_memory(LockupMember& member, const Task& task, Lockup& lockup) const;
  std::string victims() const;
  std::vector<std::string> bystanders(std::span<const TaskId> members) const;

  const Core& core_;
  const CanProgress& progress_;
  const Obligations& obligations_;
  const MemorySuppliers* const memory_;
};

}  // namespace brink
