// What lockdep remembers, and when it complains; lockdep_report.cpp says how.

#include "sim/locking/lockdep.hpp"

#include <algorithm>
#include <deque>

#include "sim/locking/lock.hpp"

namespace brink {

Lockdep::Key Lockdep::key_of(const Lock& lock, unsigned subclass) {
  BRINK_ASSERT(subclass < subclasses);
  return (lock.lock_class().id() + 1) * subclasses + subclass;
}

std::vector<Lockdep::Held>& Lockdep::held_by(const Task& task) {
  if (held_.size() <= task.id) held_.resize(task.id + 1);
  return held_[task.id];
}

void Lockdep::know(Key key, const Lock* lock) {
  if (names_.size() <= key) {
    names_.resize(key + 1);
    dependencies_.resize(key + 1);
    recursion_reported_.resize(key + 1);
  }
  if (!names_[key].empty()) return;
  names_[key] = lock == nullptr ? "fs_reclaim" : lock->lock_class().name();
  if (key % subclasses != 0) names_[key] += '/' + std::to_string(key % subclasses);
}

void Lockdep::acquire(Task& task, const Lock& lock, LockUse use, unsigned subclass) {
  take(task, {key_of(lock, subclass), &lock, use, false});
}

void Lockdep::acquire_tried(Task& task, const Lock& lock, LockUse use) {
  take(task, {key_of(lock, 0), &lock, use, true});
}

void Lockdep::acquire_fs_reclaim(Task& task) {
  take(task, {fs_reclaim, nullptr, LockUse::exclusive, false});
}

void Lockdep::take(Task& task, const Held& next) {
  know(next.key, next.lock);
  std::vector<Held>& held = held_by(task);
  if (!next.tried && !check_recursion(task, next)) {
    // A lock that is waited for already orders this one by what it was itself ordered after; one
    // that was merely tried does not.
    for (std::size_t i = held.size(); i-- != 0;) {
      depend(task, held[i], next);
      if (!held[i].tried) break;
    }
  }
  held.push_back(next);
}

void Lockdep::release(const Task& task, const Lock& lock) noexcept { forget(task, &lock); }

void Lockdep::release_fs_reclaim(const Task& task) noexcept { forget(task, nullptr); }

void Lockdep::forget(const Task& task, const Lock* lock) noexcept {
  std::vector<Held>& held = held_by(task);
  const auto at =
      std::find_if(held.rbegin(), held.rend(), [lock](const Held& h) { return h.lock == lock; });
  BRINK_ASSERT(at != held.rend());
  held.erase(std::next(at).base());
}

bool Lockdep::check_recursion(Task& task, const Held& next) {
  for (const Held& held : held_by(task)) {
    if (held.key != next.key) continue;
    if (!recursion_reported_[next.key]) report_recursion(task, held, next);
    recursion_reported_[next.key] = true;
    return true;
  }
  return false;
}

void Lockdep::depend(Task& task, const Held& previous, const Held& next) {
  std::vector<Dependency>& known = dependencies_[previous.key];
  for (const Dependency& d : known) {
    if (d.to == next.key) return;
  }
  const std::vector<const Dependency*> chain = path(next.key, previous.key);
  if (!chain.empty()) report_circle(task, previous, next, chain);
  const char* const* frames = task.frames.frames.data();
  known.push_back(
      {next.key, {frames, frames + std::min(task.frames.depth, ShadowStack::depth_max)}});
}

std::vector<const Lockdep::Dependency*> Lockdep::path(Key from, Key to) const {
  // Breadth first, so that the chain that is shown is a shortest one.
  std::vector<const Dependency*> reached_by(dependencies_.size());
  std::vector<Key> before(dependencies_.size());
  std::deque<Key> open{from};
  while (!open.empty() && reached_by[to] == nullptr) {
    const Key key = open.front();
    open.pop_front();
    for (const Dependency& d : dependencies_[key]) {
      if (d.to == from || reached_by[d.to] != nullptr) continue;
      reached_by[d.to] = &d;
      before[d.to] = key;
      open.push_back(d.to);
    }
  }
  std::vector<const Dependency*> chain;
  if (reached_by[to] == nullptr) return chain;
  for (Key key = to; key != from; key = before[key]) chain.push_back(reached_by[key]);
  return chain;
}

void FsReclaim::enter(Locks& locks, Gfp gfp) {
  Task& task = locks.core().current();
  if (!has(gfp, Gfp::direct_reclaim | Gfp::fs) || task.has(PF_MEMALLOC)) return;
  enter(locks);
}

void FsReclaim::enter(Locks& locks) {
  locks_ = &locks;
  locks.lockdep()->acquire_fs_reclaim(locks.core().current());
}

void FsReclaim::leave() noexcept {
  locks_->lockdep()->release_fs_reclaim(locks_->core().current());
}

}  // namespace brink
