// What the watchers ask about processes: who owes somebody an answer, and who may be signalled.
// sim/kernel knows.
#pragma once

#include "sim/sched/task.hpp"

namespace brink {

class Obligations {
 public:
  virtual ~Obligations() = default;

  /// Since when the task has been in its present system call, page fault or exit; `never` if it is
  /// in none. A kernel thread is obliged only by those who wait for it, so the answer is `never`.
  virtual Nanos obliged_since(const Task& task) const = 0;

  /// What it is in, as "mkdir", "#PF" or "exit"; "" if nothing.
  virtual const char* syscall(const Task& task) const = 0;

  /// Who, besides the OOM killer, may send a signal that ends this wait.
  virtual void signallers(const Task& /*waiter*/, BlockerSink& /*sink*/) const {}

  /// Whether it was chosen by the OOM killer.
  virtual bool victim(const Task& task) const { return task.has(TIF_MEMDIE); }
};

}  // namespace brink
