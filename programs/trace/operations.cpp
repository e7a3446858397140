// Cutting a task's events into operations.
//
// System calls tell when they begin and end. Outside of them the trace has no borders: an operation
// ends with the user page that a page fault came for, at the next system call, and when nothing
// happened for a millisecond (guess). What comes before a task's first system call belongs to the
// one that it was in: the fork that made it, or what it was doing when the recording began.

#include "programs/trace/operations.hpp"

#include "programs/trace/syscall_names.hpp"

namespace brink {
namespace {

constexpr Nanos pause_between_faults = 1 * ms;

bool may_sleep(Gfp gfp) { return has(gfp, Gfp::direct_reclaim); }

/// The page that a fault is about, not one that is read ahead.
bool is_user_page(Gfp gfp) { return has(gfp, GFP_HIGHUSER_MOVABLE) && !has(gfp, Gfp::noretry); }

}  // namespace

std::uint32_t TraceNames::index(const std::string& name) {
  const auto [at, fresh] =
      known_.try_emplace(name, static_cast<std::uint32_t>(trace_.names.size()));
  if (fresh) trace_.names.push_back(name);
  return at->second;
}

std::uint32_t TraceNames::syscall(std::uint32_t number) {
  const auto found = syscalls_.find(number);
  if (found != syscalls_.end()) return found->second;
  return syscalls_[number] = index(syscall_name(number));
}

void TaskOperations::begin(TraceTask& task, Open open, std::uint32_t name, Nanos at) {
  op_ = {at, at, name, 0, static_cast<std::uint32_t>(task.steps.size()), 0};
  open_ = open;
  sleeps_ = asked_ = has_user_page_ = false;
  last_ = at;
}

/// A system call counts even if it asked for nothing; the rest exists only by what it did.
void TaskOperations::close(TraceTask& task, std::int64_t result, Nanos at) {
  if (open_ == Open::nothing) return;
  op_.count = static_cast<std::uint32_t>(task.steps.size()) - op_.first;
  op_.result = result;
  op_.end = at;
  if (open_ == Open::syscall || op_.count != 0) task.ops.push_back(op_);
  open_ = Open::nothing;
}

void TaskOperations::enter(TraceTask& task, std::uint32_t number, Nanos at) {
  // The end of the one before was not recorded: exit, or a lost event.
  close(task, 0, open_ == Open::syscall ? at : last_);
  begin(task, Open::syscall, names_.syscall(number), at);
  number_ = number;
  known_ = true;
}

void TaskOperations::leave(TraceTask& task, std::uint32_t number, std::int64_t result, Nanos at) {
  if (open_ == Open::outside && !known_) {
    op_.name = names_.syscall(number);
    close(task, result, at);
  } else if (open_ == Open::syscall && number_ == number) {
    close(task, result, at);
  } else {
    close(task, 0, last_);
  }
  known_ = true;
}

void TaskOperations::page_fault(TraceTask& task, Nanos at) {
  if (open_ == Open::syscall) return;
  close(task, 0, last_);
  begin(task, Open::outside, names_.index("#PF"), at);
  known_ = true;
}

void TaskOperations::outside(TraceTask& task, Nanos at) {
  const bool over = open_ == Open::outside && (at > last_ + pause_between_faults);
  if (over) close(task, 0, last_);
  if (open_ == Open::nothing) begin(task, Open::outside, names_.index("irq"), at);
  last_ = at;
}

void TaskOperations::before_request(TraceTask& task, Gfp gfp, bool interrupt, Nanos at) {
  outside(task, at);
  if (open_ == Open::syscall) return;
  const bool sleeps = may_sleep(gfp) && !interrupt;
  // Before the first system call all may be one operation; later each fault is one.
  const bool next_fault = known_ && (has_user_page_ || (sleeps && asked_ && !sleeps_));
  if (next_fault) {
    close(task, 0, last_);
    begin(task, Open::outside, names_.index("irq"), at);
  }
  // Only a fault can sleep here: the operation is one as soon as something of it does.
  if (sleeps && !sleeps_) op_.name = names_.index("#PF");
  sleeps_ |= sleeps;
  asked_ = true;
}

void TaskOperations::before_free(TraceTask& task, Nanos at) { outside(task, at); }

void TaskOperations::after_request(Gfp gfp) {
  if (open_ == Open::outside && is_user_page(gfp)) has_user_page_ = true;
}

void TaskOperations::finish(TraceTask& task) { close(task, 0, last_); }

std::string_view TaskOperations::where(const Trace& trace, Gfp gfp) const {
  if (open_ == Open::syscall) return trace.names[op_.name];
  return may_sleep(gfp) ? "fault" : "irq";
}

}  // namespace brink
