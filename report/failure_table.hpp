// Failed allocations of one run, like ones together.
#pragma once

#include <span>
#include <string>

#include "brink/outcome.hpp"

namespace brink {

/// What a system call said: "mkdir → ENOMEM", "open → success", "in mkdir" if it never returned.
std::string call_text(const FailureRecord& failure);

/// One row for all failures that are alike (task, site, mask, cause, fate, result of the call),
/// with how many there were and from when to when. Those that reached somebody come first, those
/// that nobody noticed last; each failure in which a task is stuck has a row of its own. Beyond
/// `most` rows, how many are left out. Empty if there are none.
std::string failure_table(std::span<const FailureRecord> failures, std::size_t most = 60);

}  // namespace brink
