// What a parked task waits for, in the words of design §4. Each object that a task can wait for
// says who could end the wait; sim/watch computes from that who can still make progress.
#pragma once

#include <cstdint>
#include <string>

#include "brink/units.hpp"

namespace brink {

struct Task;

/// The rows of design §4's table.
enum class WaitKind : std::uint8_t {
  none,
  lock,    ///< a lock or page lock: every holder, and those ahead in a fair queue, must release
  exit,    ///< the exit of a task
  commit,  ///< a journal commit: every open handle closes, then the commit task runs
  timer,   ///< nothing but virtual time
  io,      ///< a request that real hardware answers
  work,    ///< a work item: its worker, a rescuer or a new worker runs
  wakers,  ///< log space, mempool, slot, completion, wait queue: any one declared waker acts
  memory,  ///< any one supplier of memory (design §4)
  idle,    ///< a daemon without work: never stuck by itself
};

/// True where every blocker must make progress; otherwise any one of them is enough.
constexpr bool needs_all(WaitKind kind) {
  return kind == WaitKind::lock || kind == WaitKind::exit || kind == WaitKind::commit;
}

/// Receives who could end a wait. For an AND-kind every task named must progress; for an OR-kind
/// any one suffices.
class BlockerSink {
 public:
  virtual ~BlockerSink() = default;
  /// This task must act (AND) or may act (OR).
  virtual void task(const Task& task) = 0;
  /// The same, where the task can act without leaving the unlimited loop that it is inside of: it
  /// took inside of it what others wait for, or does inside of it what they wait for.
  virtual void inner(const Task& of) { task(of); }
  /// An event that fires by itself: a timer, or a request at real hardware.
  virtual void event() = 0;
  /// Nobody declared a waker: anyone who can progress may do it.
  virtual void anyone() = 0;
  /// Of those named between the two calls any one is enough, whatever kind of wait it is. A sink
  /// that leaves them out asks for more than it must. Brackets do not nest.
  virtual void begin_any() {}
  virtual void end_any() {}
};

/// A thing that tasks wait for.
class Waitable {
 public:
  explicit Waitable(WaitKind kind) : kind_(kind) {}
  virtual ~Waitable() = default;

  WaitKind kind() const { return kind_; }
  /// The one task that must act before all others, where there is one: the holder of a lock.
  Task* owner() const { return owner_; }

  virtual void blockers(const Task& waiter, BlockerSink& sink) const = 0;
  /// For people, as `mutex ext4.dir.i_mutex:/srv`.
  virtual std::string describe() const = 0;

 protected:
  void set_owner(Task* owner) { owner_ = owner; }

 private:
  Task* owner_ = nullptr;
  const WaitKind kind_;
};

/// Which signals end a wait before its time (TASK_UNINTERRUPTIBLE, TASK_KILLABLE,
/// TASK_INTERRUPTIBLE).
enum class WaitMode : std::uint8_t { uninterruptible, killable, interruptible };

/// How a wait ended.
enum class Wake : std::uint8_t { woken, timeout, signal };

/// Waiting for virtual time alone; one object serves every sleeper.
extern const Waitable& timer_wait;

/// A daemon without work; one object serves every daemon.
extern const Waitable& idle_wait;

}  // namespace brink
