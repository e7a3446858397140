// Collecting what a lockup is proved by.

#include "sim/watch/evidence.hpp"

#include <algorithm>

#include "sim/locking/locks.hpp"
#include "sim/watch/acts.hpp"

namespace brink {
namespace {

bool waits_for_memory(const Task& task) {
  const Waitable* wait = task.effective_wait();
  return wait != nullptr && wait->kind() == WaitKind::memory;
}

/// Lists at most a few, and says how many there are.
std::string join(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

}  // namespace

std::string Evidence::name(const Task& task) {
  return std::string(task.name()) + ":" + std::to_string(task.id);
}

Lockup Evidence::lockup(std::span<const TaskId> members, const ClosedSet* set,
                        bool absolute) const {
  Lockup lockup;
  lockup.absolute = absolute;
  if (!absolute) lockup.bystanders = bystanders(members);
  for (const TaskId id : members) {
    const Task& task = core_.task(id);
    LockupMember one = member(task);
    if (set != nullptr) one.holder = set->held_up_by(id);
    if (one.memory && memory_ != nullptr) add_memory(one, task, lockup);
    lockup.members.push_back(std::move(one));
  }
  auto& sites = lockup.never_refused;
  std::sort(sites.begin(), sites.end());
  sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
  return lockup;
}

LockupMember Evidence::member(const Task& task) const {
  LockupMember m;
  m.id = task.id;
  m.task = task.name();
  m.memory = waits_for_memory(task);
  m.obliged = obligations_.obliged_since(task) != never;
  m.victim = obligations_.victim(task);
  m.syscall = obligations_.syscall(task);
  m.locks_held = held_locks(task);
  if (const Waitable* wait = task.effective_wait()) m.waits_for = wait->describe();
  if (task.loop != nullptr) {
    m.since = task.loop_since;
    if (task.wait != nullptr && task.wait != task.loop && !progress_.moves(task.id)) {
      m.waits_for += "; inside of that loop: " + task.wait->describe();
    }
  } else if (task.state == TaskState::parked) {
    m.since = task.parked_since;
  }
  const auto depth = std::min(task.frames.depth, ShadowStack::depth_max);
  m.frames.assign(task.frames.frames.begin(), task.frames.frames.begin() + depth);
  return m;
}

void Evidence::add_memory(LockupMember& member, const Task& task, Lockup& lockup) const {
  RequestEvidence request = memory_->explain(task);
  if (!request.what.empty()) {
    const std::size_t inside = member.waits_for.find("; inside of");
    member.waits_for = "memory: " + request.what +
                       (inside == std::string::npos ? "" : member.waits_for.substr(inside));
  }
  member.site = request.site;
  member.on_failure = request.on_failure;
  member.suppliers = std::move(request.suppliers);
  member.suppliers.push_back({"victim", victims()});
  member.suppliers.push_back({"bystander", lockup.bystanders.empty()
                                               ? "no other task that can progress owns pages"
                                               : "only " + join(lockup.bystanders)});
  if (request.never_refused) lockup.never_refused.push_back(request.site);
  if (request.first_question == 0) return;
  if (lockup.first_question == 0 || request.first_question < lockup.first_question) {
    lockup.first_question = request.first_question;
  }
}

/// Why no victim and no exiting task will give its memory back.
std::string Evidence::victims() const {
  struct Collect final : BlockerSink {
    const CanProgress* progress = nullptr;
    std::vector<std::string> stuck;
    void task(const Task& dying) override {
      if (dying.state == TaskState::dead || progress->can(dying.id)) return;
      const Waitable* wait = dying.effective_wait();
      stuck.push_back(name(dying) + " (" + (wait != nullptr ? wait->describe() : "running") + ")");
    }
    void event() override {}
    void anyone() override {}
  } collect;
  collect.progress = &progress_;
  memory_->dying(collect);
  if (collect.stuck.empty()) return "no victim is pending and no task is exiting";
  return "cannot exit: " + join(collect.stuck);
}

std::vector<std::string> Evidence::bystanders(std::span<const TaskId> members) const {
  std::vector<std::string> names;
  for (const TaskId id : progress_.tasks()) {
    const Task& task = core_.task(id);
    if (!progress_.can(id) || std::find(members.begin(), members.end(), id) != members.end())
      continue;
    const bool daemon_timer = is_idle(task) && task.timer_sequence != 0;
    const bool owns = !is_idle(task) && memory_ != nullptr && memory_->owns_pages(task);
    if (daemon_timer || owns) names.push_back(name(task));
  }
  return names;
}

}  // namespace brink
