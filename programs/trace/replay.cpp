// Replaying operations, with the rule for what the recorded kernel never had to do: fail.
//
// A request that its caller can do without (it may not sleep, or is __GFP_NORETRY) is done without.
// At any other that fails the operation gives up: what it had allocated is freed, what it would
// have allocated is left out, frees of older objects are made, and it returns -ENOMEM. The program
// goes on with what it did next: the trace does not tell what it would have done instead.

#include "programs/trace/replay.hpp"

#include <cerrno>

namespace brink {
namespace {

/// What user space saw: ERESTARTSYS (512) and its kin are the kernel's own, for a signal's sake.
std::int64_t seen_result(std::int64_t recorded) {
  return recorded <= -512 && recorded >= -530 ? -EINTR : recorded;
}

}  // namespace

ReplayedObjects::ReplayedObjects(const Trace& trace, KernelCalls& kernel, Nanos began)
    : began_(began), objects_(trace.objects, KernelCalls::none), states_(trace.objects) {
  sites_.reserve(trace.requests.size());
  for (const TraceRequest& request : trace.requests) {
    sites_.push_back(kernel.site(request.site, request.on_failure));
  }
}

bool ReplayedObjects::made(std::uint32_t allocation, KernelCalls::Object object) {
  if (states_[allocation] == State::freed_early) {
    states_[allocation] = State::gone;
    return true;
  }
  objects_[allocation] = object;
  states_[allocation] = State::there;
  return false;
}

void ReplayedObjects::skip(std::uint32_t allocation) {
  objects_[allocation] = KernelCalls::none;
  states_[allocation] = State::gone;
}

KernelCalls::Object ReplayedObjects::take(std::uint32_t allocation) {
  State& state = states_[allocation];
  const KernelCalls::Object object = objects_[allocation];
  objects_[allocation] = KernelCalls::none;
  state = state == State::ahead ? State::freed_early : State::gone;
  return object;
}

TaskReplay::TaskReplay(const Trace& trace, const TraceTask& task, ReplayedObjects& objects,
                       Syscalls& sys, std::uint64_t speed_percent)
    : trace_(trace),
      task_(task),
      objects_(objects),
      sys_(sys),
      kernel_(sys.kernel()),
      speed_percent_(speed_percent) {}

TaskReplay::~TaskReplay() {
  for (; next_ < task_.steps.size(); ++next_) {
    const TraceStep& step = task_.steps[next_];
    if (step.request == TraceStep::free) {
      free(step.object);
    } else {
      objects_.skip(step.object);
    }
  }
}

void TaskReplay::run() {
  for (const TraceOp& op : task_.ops) replay(op);
}

void TaskReplay::replay(const TraceOp& op) {
  sleep_until(op.begin);
  kernel_.enter(trace_.names[op.name]);
  while (next_ < op.first + op.count) {
    const TraceStep& step = task_.steps[next_];
    sleep_until(step.at);
    // Passed before it is made: if the process is killed inside, it will not be made again.
    ++next_;
    if (step.request == TraceStep::free) {
      free(step.object);
    } else if (!request(step)) {
      return fail(op);
    }
  }
  sleep_until(op.end);
  kernel_.leave(seen_result(op.result));
}

/// False if the operation cannot do without what it did not get.
bool TaskReplay::request(const TraceStep& step) {
  const TraceRequest& request = trace_.requests[step.request];
  const Site site = objects_.site(step.request);
  const KernelCalls::Object object =
      request.object ? kernel_.alloc_object(request.cache, request.size, request.gfp, site)
                     : kernel_.alloc_pages(request.order, request.gfp, site);
  if (object != KernelCalls::none) {
    if (objects_.made(step.object, object)) kernel_.free(object);
    return true;
  }
  objects_.skip(step.object);
  if (request.on_failure != OnFailure::skip) return false;
  kernel_.did_without();
  return true;
}

void TaskReplay::free(std::uint32_t allocation) {
  const KernelCalls::Object object = objects_.take(allocation);
  if (object != KernelCalls::none) kernel_.free(object);
}

void TaskReplay::fail(const TraceOp& op) {
  for (std::uint32_t i = op.first; i < next_; ++i) {
    if (task_.steps[i].request != TraceStep::free) free(task_.steps[i].object);
  }
  for (; next_ < op.first + op.count; ++next_) {
    const TraceStep& step = task_.steps[next_];
    if (step.request == TraceStep::free) {
      free(step.object);
    } else {
      objects_.skip(step.object);
    }
  }
  kernel_.leave(-ENOMEM);
  sys_.react(Reaction::ignored);
}

void TaskReplay::sleep_until(Nanos recorded) {
  const Nanos due = objects_.began() + recorded / speed_percent_ * 100 +
                    recorded % speed_percent_ * 100 / speed_percent_;
  const Nanos now = sys_.now();
  if (now < due) sys_.sleep(due - now);
}

}  // namespace brink
