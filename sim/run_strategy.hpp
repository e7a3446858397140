// The scheduler's strategy of one run: what the machine's configuration names, with another seed's
// luck from some choice on if the run is a what-if.
#pragma once

#include <memory>
#include <string>

#include "brink/machine.hpp"
#include "sim/sched/core.hpp"
#include "sim/sched/strategy.hpp"

namespace brink {

class RunStrategy {
 public:
  /// Throws ConfigError if the configuration is none.
  explicit RunStrategy(const RunSpec& spec);
  ~RunStrategy();

  Strategy& get() const { return switchover_ != nullptr ? *switchover_ : *first_; }

  /// The choices that the core has made, as text that a replay takes.
  std::string schedule(const Core& core) const;
  /// Under dfs: how the walk's next run begins; empty at its end, and under all others.
  std::string next_schedule() const;
  /// Throws ConfigError if recorded choices did not fit the run.
  void check(const Core& core) const;

 private:
  std::unique_ptr<Strategy> first_, then_;
  std::unique_ptr<Strategy> switchover_;
};

}  // namespace brink
