// What a core tells those who watch it, and how its runs end.
#pragma once

#include <cstdint>

#include "sim/sched/event_hash.hpp"
#include "sim/sched/task.hpp"

namespace brink {

/// Why Core::run() returned.
enum class RunEnd : std::uint8_t {
  quiet,       ///< nothing is runnable and no timer is set: every task has ended or is parked
  stopped,     ///< somebody called stop()
  time_limit,  ///< machine time reached the limit
};

/// Thrown through the frames of a task whose world has ended. Nothing may catch it but the core.
struct WorldAbort {};

/// Told of what tasks do; sim/watch implements it. It may wake tasks and stop the core.
class CoreObserver {
 public:
  virtual void parked(Task& task) = 0;
  virtual void exited(Task& task) = 0;
  /// A poll loop of the task went round without success.
  virtual void polled(Task&) {}
  /// The task has kept its CPU for longer than the soft lockup limit, since `since`, without
  /// passing a place where it could have been switched away (give or take one tick). May be told
  /// repeatedly.
  virtual void held_cpu(Task&, Nanos /*since*/) {}

 protected:
  ~CoreObserver() = default;
};

/// Receives every event that the hash covers; null unless somebody wants the whole trace.
class TraceSink {
 public:
  virtual void event(Nanos time, EventKind kind, std::uint64_t a, std::uint64_t b) = 0;

 protected:
  ~TraceSink() = default;
};

}  // namespace brink
