// What a task did, as operations: system calls from their beginning to their end, and outside of
// them page faults and interrupts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "brink/gfp.hpp"
#include "programs/trace/trace.hpp"

namespace brink {

/// Names of operations, each kept once.
class TraceNames {
 public:
  explicit TraceNames(Trace& trace) : trace_(trace) {}
  std::uint32_t index(const std::string& name);
  std::uint32_t syscall(std::uint32_t number);

 private:
  Trace& trace_;
  std::map<std::string, std::uint32_t, std::less<>> known_;
  std::map<std::uint32_t, std::uint32_t> syscalls_;
};

/// Builds the operations of one task from its events, in order.
class TaskOperations {
 public:
  TaskOperations(std::size_t task, TraceNames& names) : task_(task), names_(names) {}

  void enter(TraceTask& task, std::uint32_t number, Nanos at);
  void leave(TraceTask& task, std::uint32_t number, std::int64_t result, Nanos at);
  void page_fault(TraceTask& task, Nanos at);

  /// Makes room for a request or a free: an operation is open afterwards.
  void before_request(TraceTask& task, Gfp gfp, bool interrupt, Nanos at);
  void before_free(TraceTask& task, Nanos at);
  /// A request was recorded.
  void after_request(Gfp gfp);

  /// No more events.
  void finish(TraceTask& task);

  std::size_t task() const { return task_; }
  /// The system call that is open, or "fault" or "irq": who asks for pages.
  std::string_view where(const Trace& trace, Gfp gfp) const;

 private:
  enum class Open : std::uint8_t { nothing, syscall, outside };

  void begin(TraceTask& task, Open open, std::uint32_t name, Nanos at);
  void close(TraceTask& task, std::int64_t result, Nanos at);
  void outside(TraceTask& task, Nanos at);

  std::size_t task_;
  TraceNames& names_;
  TraceOp op_;
  Open open_ = Open::nothing;
  std::uint32_t number_ = 0;    ///< of the open system call
  bool known_ = false;          ///< whether a system call of the task has begun or ended yet
  bool sleeps_ = false;         ///< whether the open operation outside has made a request that may
  bool asked_ = false;          ///< whether it has made any
  bool has_user_page_ = false;  ///< whether it has got its page
  Nanos last_ = 0;              ///< time of the last event
};

}  // namespace brink
