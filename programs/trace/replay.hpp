// One task of a trace, run again on a simulated kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "brink/syscall.hpp"
#include "programs/trace/trace.hpp"

namespace brink {

/// What the tasks of one replay share: which of the trace's allocations are there. An object may be
/// freed by another task than the one that asked for it, and before that one has got it.
class ReplayedObjects {
 public:
  ReplayedObjects(const Trace& trace, KernelCalls& kernel, Nanos began);

  Nanos began() const { return began_; }
  Site site(std::uint32_t request) const { return sites_[request]; }

  /// The allocation has been made. True if it was freed meanwhile: its owner gives it back.
  [[nodiscard]] bool made(std::uint32_t allocation, KernelCalls::Object object);
  /// It will not be made any more, or is gone: frees of it mean nothing.
  void skip(std::uint32_t allocation);
  /// Takes the object of an allocation that is freed; `none` if it is not there, or not yet.
  KernelCalls::Object take(std::uint32_t allocation);

 private:
  enum class State : std::uint8_t { ahead, there, gone, freed_early };

  Nanos began_;
  std::vector<Site> sites_;  ///< by request
  std::vector<KernelCalls::Object> objects_;
  std::vector<State> states_;
};

/// Replays one task. If its process is killed, the frees that it had still to make are made at
/// once, as its exit would.
class TaskReplay {
 public:
  TaskReplay(const Trace& trace, const TraceTask& task, ReplayedObjects& objects, Syscalls& sys,
             std::uint64_t speed_percent);
  ~TaskReplay();
  TaskReplay(const TaskReplay&) = delete;
  TaskReplay& operator=(const TaskReplay&) = delete;

  void run();

 private:
  void replay(const TraceOp& op);
  bool request(const TraceStep& step);
  void free(std::uint32_t allocation);
  void fail(const TraceOp& op);
  void sleep_until(Nanos recorded);

  const Trace& trace_;
  const TraceTask& task_;
  ReplayedObjects& objects_;
  Syscalls& sys_;
  KernelCalls& kernel_;
  const std::uint64_t speed_percent_;
  std::uint32_t next_ = 0;  ///< the step after the last one that was made
};

}  // namespace brink
