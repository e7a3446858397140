// The registry of lock classes, and the way from a lock's name to the lock.

#include "sim/locking/locks.hpp"

#include <algorithm>

#include "sim/locking/lock.hpp"
#include "sim/locking/lockdep.hpp"

namespace brink {

Locks::Locks(Core& core, const LocksConfig& config) : core_(core) {
  if (config.lockdep) lockdep_ = std::make_unique<Lockdep>(core, config.sink);
}

Locks::~Locks() = default;

LockClass& Locks::lock_class(std::string_view name) {
  if (LockClass* known = find_class(name)) return *known;
  return classes_.emplace_back(*this, static_cast<std::uint32_t>(classes_.size()), name);
}

LockClass* Locks::find_class(std::string_view name) {
  const auto at = std::find_if(classes_.begin(), classes_.end(),
                               [name](const LockClass& c) { return c.name() == name; });
  return at != classes_.end() ? &*at : nullptr;
}

Lock* Locks::find(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return nullptr;
  LockClass* lock_class = find_class(name.substr(0, colon));
  if (lock_class == nullptr || lock_class->resolver() == nullptr) return nullptr;
  return lock_class->resolver()->find_lock(name.substr(colon + 1));
}

ReadHold& Locks::new_read_hold() {
  if (free_read_holds_ == nullptr) return *read_holds_.emplace_back(std::make_unique<ReadHold>());
  ReadHold& hold = *free_read_holds_;
  free_read_holds_ = hold.next_reader;
  return hold;
}

void Locks::free_read_hold(ReadHold& hold) noexcept {
  hold.next_reader = free_read_holds_;
  free_read_holds_ = &hold;
}

std::uint32_t locks_held(const Task& task) {
  std::uint32_t count = 0;
  for (const HeldLock* held = task.locks; held != nullptr; held = held->next) ++count;
  return count;
}

std::vector<std::string> held_locks(const Task& task) {
  std::vector<std::string> lines;
  for (const HeldLock* held = task.locks; held != nullptr; held = held->next) {
    lines.push_back(held->lock->describe() + (held->shared ? " (read)" : ""));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

// --- What all kinds of locks share.

std::string Lock::describe() const {
  std::string text = std::string(kind_name()) + ' ' + class_.name();
  const std::string of_class = instance();
  if (!of_class.empty()) text += ':' + of_class;
  return text;
}

bool Lock::held_by(const Task& task) const {
  for (const HeldLock* held = task.locks; held != nullptr; held = held->next) {
    if (held->lock == this) return true;
  }
  return false;
}

void Lock::drop_from_middle(Task& task, HeldLock& hold) noexcept {
  HeldLock* before = task.locks;
  while (before != nullptr && before->next != &hold) before = before->next;
  BRINK_ASSERT(before != nullptr);
  before->next = hold.next;
}

}  // namespace brink
