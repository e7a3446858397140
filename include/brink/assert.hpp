// Assertions for our own bugs. They stay on in every build; a simulated failure is never one (that
// is a negative errno) and neither is bad input (that is a ConfigError).
#pragma once

#include <string>

namespace brink {

/// Reports a broken invariant of brink itself, with the id of the run that this thread executes,
/// and ends the process with exit code 3.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

/// Names the run that this thread executes, for assertion_failed(); empty when it executes none.
void set_current_run(std::string id);
const std::string& current_run();

}  // namespace brink

#define BRINK_ASSERT(expression)       \
  (__builtin_expect(!!(expression), 1) \
       ? static_cast<void>(0)          \
       : ::brink::assertion_failed(#expression, __FILE__, __LINE__))
