// The OOM path (mm/oom_kill.c, Linux 4.0).

#include "sim/mm/oom_kill.hpp"

#include <algorithm>

#include "sim/mm/address_space.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_reaper.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

/// oom_zonelist_trylock(): one path for the machine.
class OomKiller::Lock {
 public:
  explicit Lock(OomKiller& oom) : oom_(oom), taken_(!oom.locked_) {
    if (taken_) oom_.holder_ = oom_.memory_.core().current().id;
    oom_.locked_ = true;
  }
  ~Lock() {
    if (taken_) oom_.locked_ = false;
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  bool taken() const { return taken_; }

 private:
  OomKiller& oom_;
  const bool taken_;
};

/// A view of who waits for whom that knows whether anybody looked.
class OomKiller::Asked final : public WaitView {
 public:
  explicit Asked(const WaitView* waits) : waits_(waits) {}
  bool can_progress(TaskId task) const override {
    asked_ = true;
    return waits_->can_progress(task);
  }
  TaskId waits_for(TaskId task) const override {
    asked_ = true;
    return waits_->waits_for(task);
  }
  bool can_exit(TaskId task) const override {
    asked_ = true;
    return waits_->can_exit(task);
  }
  bool was() const { return asked_; }

 private:
  const WaitView* const waits_;
  mutable bool asked_ = false;
};

OomKiller::OomKiller(Memory& memory) : memory_(memory) {}
OomKiller::~OomKiller() = default;

void OomKiller::start_reaper() {
  const Nanos delay = memory_.policies().oom->reaper_delay();
  if (delay == never) return;
  reaper_ = std::make_unique<OomReaper>(memory_, delay);
  reaper_->start();
}

OomResult OomKiller::enter(const OomRequest& request, Pfn& page) {
  const OomPolicy& policy = *memory_.policies().oom;
  if (policy.gate(request) == OomGate::bypass) return OomResult::none;
  const Lock lock(*this);
  if (!lock.taken()) {
    memory_.core().sleep(memory_.core().tick());
    return OomResult::contended;
  }
  // Somebody may have been killed meanwhile, and be gone.
  page = memory_.allocator().take(request.order, request.gfp, Watermark::high, 0);
  if (page != no_page) return OomResult::none;
  switch (policy.gate(request)) {
    case OomGate::bypass:
    case OomGate::pretend: return OomResult::pretended;
    case OomGate::refuse: return OomResult::refused;
    case OomGate::kill: break;
  }
  return kill(request);
}

void OomKiller::page_fault() {
  const Lock lock(*this);
  if (!lock.taken()) return;
  OomRequest request;
  request.task = memory_.core().current().id;
  request.page_fault = true;
  if (memory_.policies().oom->gate(request) == OomGate::kill) kill(request);
}

OomView OomKiller::view(const OomRequest& request) {
  tasks_.clear();
  if (memory_.oom_host() != nullptr) memory_.oom_host()->task_views(tasks_);
  if (request.memcg != 0) {
    const Memcgs& groups = *memory_.memcgs();
    std::erase_if(tasks_, [&](const TaskView& task) {
      return !groups.within(groups.of(memory_.core().task(task.id)), request.memcg);
    });
  }
  for (TaskView& task : tasks_) {
    if (task.victim && task.id < marked_at_.size()) task.victim_since = marked_at_[task.id];
  }
  OomView view;
  view.request = request;
  view.memory = memory_.view(request.gfp, zones_);
  if (request.memcg != 0) {
    const Pages limit = memory_.memcgs()->limit(request.memcg) + view.memory.swap_total;
    view.memory.total = std::min(view.memory.total, limit);
  }
  view.tasks = tasks_;
  view.waits = memory_.oom_host() != nullptr ? memory_.oom_host()->waits() : nullptr;
  view.now = memory_.core().now();
  return view;
}

OomResult OomKiller::kill(const OomRequest& request) {
  Core& core = memory_.core();
  OomChoice choice;
  if (!waits_again(request, choice)) choice = choose(request);
  core.charge(core.costs().oom_scan_task * (known(request).views + 1));
  switch (choice.kind) {
    case OomChoice::Kind::wait: nap(false); return OomResult::pending;
    case OomChoice::Kind::pretend: return OomResult::pretended;
    case OomChoice::Kind::nobody:
    case OomChoice::Kind::panic: panic(request, choice.kind);
    case OomChoice::Kind::kill: break;
  }
  Task& victim = core.task(choice.victim);
  // Who is dying already only gets the rights to get on with it.
  const bool dying = victim.has(FATAL_SIGNAL) || victim.has(PF_EXITING);
  if (dying) {
    mark(victim);
    nap(false);
    return OomResult::pending;
  }
  kill_victim(request, choice, victim);
  nap(true);
  return OomResult::killed;
}

void OomKiller::kill_victim(const OomRequest& request, const OomChoice& choice, Task& victim) {
  if (KernelLog* log = memory_.log()) [[unlikely]] {
    if (reports_.allow(memory_.core().now(), 1) != 0) dump_header(request, *log, &choice);
    log_kill(request, *log, choice);
  }
  mark(victim);
  ++memory_.counters().oom_kills;
  if (Story* story = memory_.story()) [[unlikely]] {
    story->tell(std::string("Out of memory: kill process ") + std::to_string(victim.id) + " (" +
                victim.name() + ") score " + std::to_string(choice.points));
  }
  memory_.oom_host()->kill(victim.id);
}

/// So that the victim gets on with it.
void OomKiller::nap(bool killed) {
  Core& core = memory_.core();
  switch (memory_.policies().oom->nap()) {
    case OomNap::none: return;
    case OomNap::after_kill:
      if (killed && !core.current().has(FATAL_SIGNAL)) core.sleep(core.tick(), WaitMode::killable);
      return;
    case OomNap::always:
      if (!core.current().has(TIF_MEMDIE)) core.sleep(core.tick());
      return;
  }
}

void OomKiller::panic(const OomRequest& request, OomChoice::Kind kind) {
  if (KernelLog* log = memory_.log()) [[unlikely]]
    dump_header(request, *log, nullptr);
  const bool told = kind == OomChoice::Kind::panic;
  const bool modern = memory_.rules().texts == Rules::Texts::v6_1;
  memory_.oom_host()->panic(told     ? "Out of memory: system-wide panic_on_oom is enabled"
                            : modern ? "System is deadlocked on memory"
                                     : "Out of memory and no killable processes...");
  for (;;) static_cast<void>(memory_.core().park(idle_wait, WaitMode::uninterruptible));
}

const TaskView& OomKiller::view_of(TaskId id) const {
  for (const TaskView& task : tasks_) {
    if (task.id == id) return task;
  }
  BRINK_ASSERT(false);
  return tasks_.front();
}

void OomKiller::mark(Task& victim) {
  memory_.changed();
  if (victim.has(TIF_MEMDIE)) return;
  victim.set(TIF_MEMDIE);
  ++victims_;
  if (victim.id >= marked_at_.size()) marked_at_.resize(memory_.core().task_count());
  marked_at_[victim.id] = memory_.core().now();
  if (reaper_ == nullptr) return;
  const std::uint32_t mm = view_of(victim.id).mm;
  if (mm != ~std::uint32_t{0}) reaper_->queue(victim, memory_.space(mm));
}

void OomKiller::unmark(Task& task, bool gone) {
  if (!task.has(TIF_MEMDIE)) return;
  if (!gone && memory_.policies().oom->rights_outlive_memory()) return;
  task.clear(TIF_MEMDIE);
  --victims_;
  memory_.changed();
}

Nanos OomKiller::would_kill(const OomRequest& request) {
  // Of a group's tasks anybody may kill, whatever the mask.
  const OomPolicy& policy = *memory_.policies().oom;
  if (request.memcg == 0 && policy.gate(request) != OomGate::kill) return never;
  return foresee(request).would_kill;
}

bool OomKiller::still(const OomRequest& request, OomResult last) {
  if (locked_) return false;
  switch (memory_.policies().oom->gate(request)) {
    case OomGate::bypass: return last == OomResult::none;
    case OomGate::pretend: return last == OomResult::pretended;
    case OomGate::refuse: return last == OomResult::refused;
    case OomGate::kill: break;
  }
  switch (foresee(request).kind) {
    case OomChoice::Kind::pretend: return last == OomResult::pretended;
    case OomChoice::Kind::wait:
      return last == OomResult::pending && memory_.policies().oom->nap() != OomNap::always;
    default: return false;
  }
}

// --- What the policy has said before: views are costly, and most show nothing new.

OomKiller::Occasion OomKiller::occasion(const OomRequest& request) const {
  const Core& core = memory_.core();
  const unsigned dying = core.task(request.task).flags & (TIF_MEMDIE | PF_EXITING | FATAL_SIGNAL);
  const std::uint64_t changes = memory_.changes() - memory_.reclaim().list_turns();
  return {changes,     core.live(),        core.task_count(), request.order,
          request.gfp, request.page_fault, request.memcg,     dying};
}

OomKiller::Foresight& OomKiller::known(const OomRequest& request) {
  if (request.task >= foresights_.size()) foresights_.resize(memory_.core().task_count());
  return foresights_[request.task];
}

/// A looper asks this before each bulk of rounds.
const OomKiller::Foresight& OomKiller::foresee(const OomRequest& request) {
  Foresight& last = known(request);
  const bool in_time = last.kind == OomChoice::Kind::kill || memory_.core().now() < last.would_kill;
  if (in_time && last.would_kill != 0 && last.occasion == occasion(request)) return last;
  OomView now = view(request);
  const Asked asked(now.waits);
  if (now.waits != nullptr) now.waits = &asked;
  const OomPolicy& policy = *memory_.policies().oom;
  last = {occasion(request), policy.choose(now).kind, policy.would_kill(now), tasks_.size()};
  // Who waits for whom changes without a trace in here.
  if (asked.was()) last.occasion.changes = ~std::uint64_t{0};
  return last;
}

OomChoice OomKiller::choose(const OomRequest& request) {
  OomView now = view(request);
  const Asked asked(now.waits);
  if (now.waits != nullptr) now.waits = &asked;
  const OomChoice choice = memory_.policies().oom->choose(now);
  known(request) = {occasion(request), choice.kind, 0, tasks_.size()};
  if (asked.was()) known(request).occasion.changes = ~std::uint64_t{0};
  return choice;
}

/// Whether the policy would say what it said last, and that was that nobody dies. Who else is on
/// the way out does not matter then: it could only be one more reason to wait.
bool OomKiller::waits_again(const OomRequest& request, OomChoice& choice) {
  const Foresight& last = known(request);
  const bool waited = last.kind == OomChoice::Kind::wait || last.kind == OomChoice::Kind::pretend;
  if (!waited || last.occasion != occasion(request)) return false;
  const Foresight& now = foresee(request);
  choice.kind = now.kind;
  return now.occasion == occasion(request) && now.kind == last.kind &&
         memory_.core().now() < now.would_kill;
}

}  // namespace brink
