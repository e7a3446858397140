// The ledger of failed allocations.
//
// An id is a slot and how often it was used. A run that keeps its failures uses each slot once, so
// that slots and records have the same numbers.

#include "sim/mm/failure.hpp"

#include <algorithm>
#include <cerrno>

#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr unsigned slot_bits = 22;
constexpr FailureId slot_mask = (FailureId{1} << slot_bits) - 1;

constexpr FailureId slot_of(FailureId id) { return id & slot_mask; }

}  // namespace

FailureLedger::FailureLedger(Core& core, const SiteTable& sites, bool keep)
    : core_(core), sites_(sites), keep_(keep) {}

FailureLedger::PerTask& FailureLedger::of(TaskId id) {
  if (id >= tasks_.size()) tasks_.resize(id + 1);
  return tasks_[id];
}

FailureList& FailureLedger::list_of(Task& task) {
  if (task.failures == nullptr) task.failures = &of(task.id).list;
  return *task.failures;
}

FailureLedger::Open& FailureLedger::at(FailureId id) {
  Open& failure = slots_[slot_of(id)];
  BRINK_ASSERT(failure.open && failure.id == id);
  return failure;
}

FailureLedger::Open& FailureLedger::new_slot() {
  if (free_ == no_failure) {
    BRINK_ASSERT(slots_.size() < slot_mask);
    slots_.emplace_back();
    slots_.back().id = static_cast<FailureId>(slots_.size() - 1);
    return slots_.back();
  }
  Open& failure = slots_[free_];
  free_ = failure.next;
  failure.id += FailureId{1} << slot_bits;
  return failure;
}

void FailureLedger::link(Open& failure, FailureList& list) {
  failure.list = &list;
  failure.next = list.first;
  list.first = failure.id;
}

void FailureLedger::unlink(Open& failure) {
  FailureId* link = &failure.list->first;
  while (*link != failure.id) link = &slots_[slot_of(*link)].next;
  *link = failure.next;
  failure.list = nullptr;
}

FailureId FailureLedger::open(const FailedRequest& request, Cause cause) {
  Open& failure = new_slot();
  failure.request = request;
  failure.cause = cause;
  failure.open = true;
  link(failure, core_.in_task() ? list_of(core_.current()) : interrupts_);
  ++open_;
  if (keep_) keep_record(failure);
  return failure.id;
}

void FailureLedger::keep_record(const Open& failure) {
  FailureRecord record;
  record.id = failure.id;
  record.site = sites_.name(failure.request.site);
  record.order = failure.request.order;
  record.gfp = failure.request.gfp;
  record.on_failure = sites_.rule(failure.request.site).on_failure;
  record.cause = failure.cause;
  record.began = core_.now();
  if (core_.in_task()) {
    const Task& me = core_.current();
    record.task = me.name();
    record.task_id = me.id;
    record.syscall = syscall_of(me);
    const std::uint32_t depth = std::min(me.frames.depth, ShadowStack::depth_max);
    record.frames.assign(me.frames.frames.begin(), me.frames.frames.begin() + depth);
  }
  records_.push_back(std::move(record));
}

void FailureLedger::set_cause(FailureId id, Cause cause) {
  at(id).cause = cause;
  if (keep_) records_[slot_of(id)].cause = cause;
}

void FailureLedger::close(Open& failure, Fate fate, std::int64_t result) {
  const auto site = static_cast<std::size_t>(failure.request.site);
  if (site >= fates_.size()) fates_.resize(std::max(site + 1, sites_.size()));
  ++fates_[site][static_cast<std::size_t>(fate)];
  unlink(failure);
  failure.open = false;
  --open_;
  if (!keep_) {
    failure.next = free_;
    free_ = slot_of(failure.id);
    return;
  }
  FailureRecord& record = records_[slot_of(failure.id)];
  record.fate = fate;
  record.result = result;
  record.ended = core_.now();
}

void FailureLedger::settle(FailureId id, Fate fate) { close(at(id), fate, 0); }

void FailureLedger::settle_last(Fate fate) {
  const FailureId id = last(core_.current());
  if (id != no_failure) settle(id, fate);
}

FailureId FailureLedger::last(const Task& task) const {
  return task.failures != nullptr ? task.failures->first : no_failure;
}

void FailureLedger::consequence(FailureId id, Consequence what) {
  if (keep_) records_[slot_of(id)].consequences.push_back(what);
}

void FailureLedger::move(FailureId id, FailureList& to) {
  Open& failure = at(id);
  unlink(failure);
  link(failure, to);
}

void FailureLedger::move_all(FailureList& from, FailureList& to) {
  while (!from.empty()) move(from.first, to);
}

void FailureLedger::settle_all(FailureList& list, Fate fate) {
  while (!list.empty()) settle(list.first, fate);
}

void FailureLedger::enter_syscall(Task& task, const char* name) { of(task.id).syscall = name; }

const char* FailureLedger::syscall_of(const Task& task) const {
  return task.id < tasks_.size() ? tasks_[task.id].syscall : "";
}

// --- The ends of failures.

void FailureLedger::count_enomem(const Open& failure) {
  ++enomem_[static_cast<std::size_t>(failure.cause)];
  const OnFailure reaction = sites_.rule(failure.request.site).on_failure;
  if (failure.cause == Cause::give_up && !never_refused(reaction)) ++enomem_refusable_;
}

bool FailureLedger::settle_syscall(Task& task, const char* syscall, std::int64_t result) {
  FailureList& list = list_of(task);
  of(task.id).syscall = "";
  if (list.empty()) return false;
  if (result == -ENOMEM) count_enomem(at(list.first));
  Fate fate = Fate::swallowed;
  if (result < 0 && result > -4096) fate = result == -ENOMEM ? Fate::returned : Fate::translated;
  while (!list.empty()) {
    Open& failure = at(list.first);
    if (keep_) records_[slot_of(failure.id)].syscall = syscall;
    close(failure, fate, result);
  }
  return fate == Fate::swallowed;
}

void FailureLedger::settle_killed(Task& task) {
  of(task.id).syscall = "";
  settle_all(list_of(task), Fate::killed);
}

void FailureLedger::finish(std::span<const TaskId> stuck, Fate rest) {
  for (const TaskId id : stuck) settle_all(of(id).list, Fate::stuck);
  for (Open& failure : slots_) {
    if (failure.open) close(failure, rest, 0);
  }
}

std::vector<FailureRecord> FailureLedger::take_records() { return std::move(records_); }

void FailureLedger::add_to(Counters& counters) const {
  for (std::size_t i = 0; i < cause_count; ++i) counters.enomem[i] += enomem_[i];
  counters.enomem_refusable += enomem_refusable_;
}

}  // namespace brink
