// Loops that ask again and again. All of them go through here, because a loop without a limit is
// what its task waits for (design §4): whatever the task parks on inside, a nap or another lock,
// wakes nobody who could end the loop.
#pragma once

#include <cstdint>

#include "sim/locking/lock.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

/// For as long as it lives, the running task is in a loop that ends only when `wait` does, which
/// must outlive it. What the task waits for is the outermost one; whether it moves inside of that,
/// the innermost one says.
class UnlimitedLoop {
 public:
  UnlimitedLoop(Core& core, const Waitable& wait)
      : core_(core), task_(core.current()), around_(task_.inner_loop) {
    if (task_.loop != nullptr) {
      enter_inner(&wait);
      return;
    }
    outermost_ = true;
    task_.loop = &wait;
    task_.loop_rounds = 0;
    task_.loop_since = core.now();
  }
  ~UnlimitedLoop() {
    if (!outermost_) {
      enter_inner(around_);
      return;
    }
    task_.loop = nullptr;
    if (core_.aborting()) return;
    // What it took inside and still holds, it holds from here on like any other lock.
    for (HeldLock* held = task_.locks; held != nullptr; held = held->next) held->inner = false;
  }
  UnlimitedLoop(const UnlimitedLoop&) = delete;
  UnlimitedLoop& operator=(const UnlimitedLoop&) = delete;

  /// One round was in vain. How the loop pauses before the next is its own business.
  void round();

 private:
  void enter_inner(const Waitable* wait) {
    task_.inner_loop = wait;
    task_.inner_entered = task_.loop_rounds;
  }

  Core& core_;
  Task& task_;
  const Waitable* const around_;
  bool outermost_ = false;
};

/// Counts one fruitless round of the running task, in whatever loop it is.
inline void count_poll_round(Core& core) {
  ++core.current().loop_rounds;
  core.poll_round();
}

inline void UnlimitedLoop::round() { count_poll_round(core_); }

/// When a poll gives up; by default never.
struct PollLimit {
  std::uint64_t rounds = ~std::uint64_t{0};
  Nanos deadline = never;
  bool none() const { return rounds == ~std::uint64_t{0} && deadline == never; }
};

/// Lets `nap` pass, or offers the CPU if it is 0.
inline void poll_nap(Core& core, Nanos nap) {
  if (nap == 0) {
    core.yield();
  } else {
    core.sleep(nap);
  }
}

/// Asks `condition()` until it holds, with a nap after each time in vain. The running task waits
/// for `wait` meanwhile.
template <class Condition>
void poll(Core& core, const Waitable& wait, Condition&& condition, Nanos nap) {
  if (condition()) return;
  UnlimitedLoop loop(core, wait);
  do {
    loop.round();
    poll_nap(core, nap);
  } while (!condition());
}

/// The same up to a limit: true when the condition held, false when the limit was reached. If there
/// is one, the task waits for nothing but time.
template <class Condition>
[[nodiscard]] bool poll(Core& core, const Waitable& wait, Condition&& condition, Nanos nap,
                        PollLimit limit) {
  if (limit.none()) {
    poll(core, wait, condition, nap);
    return true;
  }
  for (std::uint64_t round = 0;; ++round) {
    if (condition()) return true;
    if (round >= limit.rounds || core.now() >= limit.deadline) return false;
    count_poll_round(core);
    poll_nap(core, nap);
  }
}

}  // namespace brink
