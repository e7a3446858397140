// What the OOM policies that no kernel has share: the gate and the rights of Linux 4.0, and the
// rule that a task which is dying anyway gets a victim's rights first.
#pragma once

#include "policies/oom/candidates.hpp"

namespace brink {

class SimpleKiller : public OomPolicy {
 public:
  OomGate gate(const OomRequest& request) const override;
  OomChoice choose(const OomView& view) const final;
  VictimRights rights() const override { return VictimRights::everything; }

 protected:
  /// Whom, if the request's own task is not dying.
  virtual OomChoice search(const OomView& view) const = 0;
  /// Whether a task may be chosen.
  static bool candidate(const TaskView& task) {
    return !unkillable(task) && task.has_mm && !task.victim &&
           task.oom_score_adj != oom_score_adj_min;
  }
  /// A victim that is still there, or a task that gives its memory back by itself; null if none.
  static const TaskView* on_its_way_out(const OomView& view);
};

}  // namespace brink
