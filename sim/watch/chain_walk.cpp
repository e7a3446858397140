// Walking along the owners of locks to somebody who can progress.

#include "sim/watch/chain_walk.hpp"

#include <array>

#include "sim/locking/lock.hpp"
#include "sim/watch/acts.hpp"

namespace brink {

/// The first few blockers of one wait.
struct ChainWalk::Blockers final : BlockerSink {
  static constexpr std::size_t kept_max = 8;
  explicit Blockers(const Waitable& waited) : wait(waited) {}

  struct One {
    const Task* task;
    bool inner;
  };
  const Waitable& wait;
  std::array<One, kept_max> kept;  // Only the first `count` are set.
  std::size_t count = 0;
  bool more = false;
  bool has_event = false;
  bool has_anyone = false;

  void task(const Task& blocker) override { add(blocker, false); }
  void inner(const Task& blocker) override { add(blocker, true); }
  void event() override { has_event = true; }
  void anyone() override { has_anyone = true; }

 private:
  void add(const Task& blocker, bool is_inner) {
    // Those who queue for the same lock go on when its holders have released (add_lock_wait()).
    if (wait.kind() == WaitKind::lock && queues_for(blocker, wait)) return;
    if (count == kept_max) {
      more = true;
    } else {
      kept[count++] = {&blocker, is_inner};
    }
  }
};

bool ChainWalk::can(const Task& task) {
  if (task.state == TaskState::dead || !moves(task)) return false;
  return task.loop == nullptr || ends(task, *task.loop, true);
}

bool ChainWalk::moves(const Task& task) {
  if (steps_ == 0) return false;
  --steps_;
  if (is_poll(task.inner_loop)) return ends(task, *task.inner_loop, false);
  return goes_on(task) || ends(task, *task.wait, false);
}

bool ChainWalk::ends(const Task& task, const Waitable& wait, bool looping) {
  switch (wait.kind()) {
    case WaitKind::timer:
    case WaitKind::io:
    case WaitKind::idle: return true;
    case WaitKind::memory: return memory_ends(task, looping);
    case WaitKind::lock: return lock_ends(task, wait);
    case WaitKind::none:
    case WaitKind::exit:
    case WaitKind::commit:
    case WaitKind::work:
    case WaitKind::wakers: break;
  }
  Blockers blockers(wait);
  wait.blockers(task, blockers);
  return needs_all(wait.kind()) ? all_of(blockers, wait) : any_of(blockers, wait);
}

bool ChainWalk::lock_ends(const Task& task, const Waitable& wait) {
  const auto* lock = dynamic_cast<const Lock*>(&wait);
  if (lock != nullptr && wait.owner() != nullptr) {
    // An exclusive hold leaves nobody else to ask. Otherwise its owner is one of several.
    for (const HeldLock* held = wait.owner()->locks; held != nullptr; held = held->next) {
      if (held->lock == lock && !held->shared) return acts(*wait.owner(), wait, held->inner);
    }
  }
  Blockers blockers(wait);
  wait.blockers(task, blockers);
  return all_of(blockers, wait);
}

bool ChainWalk::acts(const Task& blocker, const Waitable& wait, bool inner) {
  if (blocker.state == TaskState::dead) return wait.kind() == WaitKind::exit;
  if (inner || (blocker.loop != nullptr && acts_inside_loop(blocker, wait))) return moves(blocker);
  return can(blocker);
}

bool ChainWalk::any_of(const Blockers& blockers, const Waitable& wait) {
  if (blockers.has_event || (blockers.has_anyone && anyone())) return true;
  for (std::size_t i = 0; i < blockers.count; ++i) {
    const auto& [task, inner] = blockers.kept[i];
    if (task->state != TaskState::dead && acts(*task, wait, inner)) return true;
  }
  return false;
}

bool ChainWalk::all_of(const Blockers& blockers, const Waitable& wait) {
  if (blockers.more || (blockers.has_anyone && !anyone())) return false;
  for (std::size_t i = 0; i < blockers.count; ++i) {
    if (!acts(*blockers.kept[i].task, wait, blockers.kept[i].inner)) return false;
  }
  return true;
}

bool ChainWalk::memory_ends(const Task& task, bool looping) {
  if (memory_->sticky(task)) return false;
  if (memory_->refusal(task) || memory_->pages(task)) return true;
  // A task that goes round moves, or it would not be asked whether its loop ends.
  if (looping && memory_->reclaims(task)) return true;
  if (memory_->io_frees()) return true;
  Blockers helpers(timer_wait);
  memory_->dying(helpers);
  memory_->reclaimers(helpers);
  return any_of(helpers, timer_wait);
}

bool ChainWalk::anyone() {
  used_anyone_ = true;
  if (anyone_ == no_task) return false;
  const Task& task = core_.task(anyone_);
  return task.state != TaskState::dead && task.loop == nullptr && !is_idle(task) &&
         !is_kernel_daemon(task) && goes_on(task);
}

}  // namespace brink
