// Linux's order of checks (lib/fault-inject.c, Linux 6.1). Each early return stands where the
// kernel's does, because some of the checks count what gets as far as them.

#include "faults/fault_attr.hpp"

#include <algorithm>
#include <limits>

#include "brink/params.hpp"
#include "brink/pattern.hpp"

namespace brink {

FaultAttr::Answer FaultAttr::should_fail(const HookTask& task, std::uint64_t size, Random& random,
                                         std::uint32_t* fail_nth) {
  const bool in_task = task.id != no_task;
  if (in_task && fail_nth != nullptr && *fail_nth != 0) {
    if (--*fail_nth != 0) return Answer::pass;
    count_failure();
    return Answer::fail;
  }
  if (probability == 0) return Answer::pass;
  if (!tasks.empty() && !(in_task && matches_any(tasks, task.comm))) return Answer::filtered;
  if (times == 0) return Answer::pass;
  if (space > static_cast<std::int64_t>(size)) {
    space -= static_cast<std::int64_t>(size);
    return Answer::pass;
  }
  if (interval > 1 && ++count_ % interval != 0) return Answer::pass;
  if (!random.chance(probability)) return Answer::pass;
  if (!stack_passes(task)) return Answer::filtered;
  count_failure();
  return Answer::fail;
}

/// fail_stacktrace(): from the innermost frame outwards.
bool FaultAttr::stack_passes(const HookTask& task) const {
  bool found = require.empty();
  const auto depth = std::min(static_cast<std::size_t>(stack_depth), task.stack.size());
  for (std::size_t i = 0; i < depth; ++i) {
    const char* const frame = task.stack[task.stack.size() - 1 - i];
    if (matches_any(reject, frame)) return false;
    if (matches_any(require, frame)) found = true;
  }
  return found;
}

void FaultAttr::count_failure() {
  if (times != no_limit && times != 0) --times;
}

std::string FaultAttr::never_fails() const {
  if (probability == 0) return "its probability is 0";
  if (times == 0) return "it may fail 0 times";
  if (stack_depth == 0 && !require.empty()) {
    return "it requires a frame, but stacktrace_depth = 0 looks at none";
  }
  return {};
}

FaultAttr read_fault_attr(Params& params) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  FaultAttr attr;
  attr.probability = params.probability(
      "probability", 0, "how likely a call fails that all else lets fail; 0 turns the fault off");
  attr.interval = static_cast<std::uint64_t>(params.integer(
      "interval", 1, {0, most}, "beyond 1: only each interval-th eligible call may fail"));
  attr.times =
      params.integer("times", 1, {FaultAttr::no_limit, most}, "failures at most; -1 for no limit");
  attr.space = params.integer(
      "space", 0, {0, most},
      "nothing fails until requests have used this up: pages, or bytes of slab objects");
  attr.tasks = params.texts(
      "task", "only in tasks of these names, and never in interrupts; * and ? as in a shell");
  attr.stack_depth =
      params.integer("stacktrace_depth", FaultAttr::max_stack_depth,
                     {0, FaultAttr::max_stack_depth}, "innermost frames that the next two look at");
  attr.require =
      params.texts("require", "only below a function of one of these names; * and ? as in a shell");
  attr.reject = params.texts("reject", "never below a function of one of these names");
  return attr;
}

}  // namespace brink
