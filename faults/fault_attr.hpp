// The attributes that Linux's fault injectors share, and the order in which they are looked at
// (struct fault_attr and should_fail_ex() of lib/fault-inject.c, Linux 6.1; 4.0's should_fail() is
// the same without fail-nth). Left out: the verbosity of the kernel's log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "brink/hook.hpp"

namespace brink {

/// Defaults are FAULT_ATTR_INITIALIZER's; with these nothing ever fails.
struct FaultAttr {
  static constexpr std::int64_t no_limit = -1;
  static constexpr std::int64_t max_stack_depth = 32;

  std::uint64_t probability = 0;  ///< parts in a million; 0 turns all off but fail-nth
  std::uint64_t interval = 1;     ///< beyond 1: only each interval-th eligible call may fail
  std::int64_t times = 1;         ///< failures left; -1 no limit
  std::int64_t space = 0;  ///< used up before anything fails: pages, or bytes of slab objects
  std::vector<std::string> tasks;              ///< names, as patterns; empty: no filter
  std::int64_t stack_depth = max_stack_depth;  ///< innermost frames that are looked at
  std::vector<std::string> require;            ///< one of the frames must bear one of these names
  std::vector<std::string> reject;             ///< none may; wins over `require`

  enum class Answer : std::uint8_t { pass, filtered, fail };

  /// One call that the injector's own filters let through. `fail_nth` is the asking task's
  /// countdown, or null where nobody counts: unless it is 0 it decides alone.
  Answer should_fail(const HookTask& task, std::uint64_t size, Random& random,
                     std::uint32_t* fail_nth = nullptr);

  /// Why it will never fail anything, as far as the attributes alone tell; else empty.
  std::string never_fails() const;

  /// Whether it will go on failing every call for ever.
  bool for_ever() const { return probability >= 1'000'000 && times == no_limit && interval <= 1; }

 private:
  bool stack_passes(const HookTask& task) const;
  void count_failure();

  std::uint64_t count_ = 0;  ///< eligible calls so far, where an interval is set
};

/// Reads the attributes by Linux's names, with Linux's defaults.
FaultAttr read_fault_attr(Params& params);

}  // namespace brink
