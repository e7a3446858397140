// Random wait graphs on tasks that never ran.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sim/sched/fifo.hpp"
#include "tests/sim/watch/invented.hpp"

namespace brink::invented {

/// A machine whose tasks are put into states by hand.
class World {
 public:
  /// A number below its argument.
  using Pick = std::function<std::uint32_t(std::uint32_t)>;

  explicit World(std::uint32_t tasks) : core(CoreConfig{}, fifo_) {
    for (std::uint32_t i = 0; i < tasks; ++i)
      core.spawn("t" + std::to_string(i), {[](void*) {}, nullptr});
  }
  ~World() { reset(); }

  FifoStrategy fifo_;
  Core core;
  Suppliers memory;
  Obliged obliged;
  std::vector<std::unique_ptr<Wait>> waits;
  std::vector<Nanos> rested;  ///< by task, when it was last without work, plus 1

  Task& task(TaskId id) { return core.task(id); }

  void reset() {
    for (TaskId id = 0; id < core.task_count(); ++id) {
      Task& t = core.task(id);
      t.state = TaskState::runnable;
      t.wait = t.loop = t.inner_loop = nullptr;
      t.wait_mode = WaitMode::uninterruptible;
      t.timer_sequence = 0;
      t.flags = 0;
    }
    memory = {};
    waits.clear();
    rested.assign(core.task_count(), 0);
  }

  Wait& add(WaitKind kind) { return *waits.emplace_back(std::make_unique<Wait>(kind)); }

  void park(Task& t, Wait& wait, WaitMode mode, Nanos since) {
    t.park(wait, mode, since);
    queue(t, wait);
  }

  /// Into the queue, if it is a lock. A holder that waits for its own lock must be its one owner,
  /// or nobody could tell it from those in the queue.
  void queue(Task& t, Wait& wait) {
    if (wait.kind() != WaitKind::lock) return;
    wait.queue.push_back(&t);
    for (const Blocker& holder : wait.named) {
      if (holder.task != &t) continue;
      wait.named = {{&t, false}};
      wait.own(t);
      return;
    }
  }

  /// Throws the dice for everything.
  void randomize(const Pick& pick) {
    reset();
    make_waits(pick);
    memory.requests.resize(core.task_count());
    memory.io = pick(16) == 0;
    for (TaskId id = 0; id < core.task_count(); ++id) put(task(id), pick);
  }

 private:
  void make_waits(const Pick& pick) {
    const std::uint32_t n = core.task_count();
    constexpr WaitKind kinds[] = {WaitKind::lock,   WaitKind::lock,   WaitKind::exit,
                                  WaitKind::commit, WaitKind::wakers, WaitKind::work,
                                  WaitKind::io};
    for (std::uint32_t i = 0, count = 1 + pick(6); i < count; ++i) {
      Wait& wait = add(kinds[pick(7)]);
      for (std::uint32_t k = 0, named = pick(4); k < named; ++k) {
        wait.named.push_back({&task(pick(n)), pick(4) == 0});
      }
      wait.event = pick(16) == 0;
      wait.anyone = pick(10) == 0;
    }
    add(WaitKind::memory);
    for (std::uint32_t k = 0, count = pick(3); k < count; ++k) {
      memory.helpers.push_back({&task(pick(n)), pick(2) == 0});
    }
    for (std::uint32_t k = 0, count = pick(3); k < count; ++k)
      memory.victims.push_back(&task(pick(n)));
  }

  void put(Task& t, const Pick& pick) {
    Request& r = memory.of(t);
    r = {.sticky = pick(12) == 0,
         .pages = pick(16) == 0,
         .reclaims = pick(8) == 0,
         .may_enter = pick(3) == 0,
         .refusal = pick(16) == 0,
         .would_kill = pick(3) == 0 ? Nanos{pick(9)} : never,
         .owns_pages = pick(3) == 0};
    if (pick(16) == 0) {
      t.state = TaskState::dead;
      return;
    }
    if (pick(8) == 0) t.set(PF_KTHREAD);
    if (pick(2) == 0) t.set(DAEMON);
    if (pick(2) == 0) rested[t.id] = 1 + pick(10);
    if (pick(16) == 0) t.set(FATAL_SIGNAL);
    if (pick(2) == 0) {
      Wait& loop = pick(2) == 0 ? *waits.back() : *waits[pick(wait_count())];
      t.loop = &loop;
      t.loop_since = pick(10);
      if (loop.kind() != WaitKind::lock && pick(3) == 0)
        t.inner_loop = waits[pick(wait_count())].get();
      queue(t, loop);
      if (loop.kind() == WaitKind::lock) return;  // it spins
    }
    if (pick(5) == 0) return;  // it runs
    const auto mode = pick(4) == 0 ? static_cast<WaitMode>(pick(3)) : WaitMode::uninterruptible;
    switch (pick(12)) {
      case 0: t.park(timer_wait, mode, 0); break;
      case 1: t.park(idle_wait, mode, 0); break;
      default: park(t, *waits[pick(wait_count())], mode, pick(10));
    }
    if (t.wait == &timer_wait || pick(8) == 0) t.timer_sequence = 1;
  }

  std::uint32_t wait_count() const { return static_cast<std::uint32_t>(waits.size()); }
};

}  // namespace brink::invented
