// The fibers of one host thread: persistent, re-armed for one task after another, never created in
// the middle of a run that a former run has warmed up. With switch.hpp and fiber_pool.cpp the only
// user of Boost.Fiber.
//
// Boost's dispatcher fiber reads a clock at each of its turns, so it gets none while a machine
// runs: control passes from fiber to fiber by context::resume(), and the scheduling algorithm that
// the library insists on only answers when a fiber ends or the thread shuts down.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "sim/sched/core_storage.hpp"
#include "sim/sched/stack_pool.hpp"

namespace boost::fibers {
class context;
}

namespace brink {

class FiberAlgorithm;
class FiberPool;
struct Task;

/// Runs on a fiber each time it is switched to after having been idle.
class FiberBody {
 public:
  /// Returns when the fiber has been re-armed (run() is called again at once) or told to end.
  virtual void run(struct Fiber& fiber) = 0;

 protected:
  ~FiberBody() = default;
};

struct Fiber {
  void** handle = nullptr;  ///< where its handle is kept: its own `idle_handle`, or its task's
  void* idle_handle = nullptr;
  boost::fibers::context* context = nullptr;
  FiberBody* body = nullptr;
  Task* task = nullptr;
  FiberPool* pool = nullptr;
  Fiber* starter = nullptr;            ///< who creates it, while it is being created
  const void* stack_bottom = nullptr;  ///< bounds as a sanitizer wants them
  std::size_t stack_size = 0;
  bool guarded = true;  ///< its stack has a guard page
  void* fake_stack = nullptr;
};

class FiberPool {
 public:
  /// This thread's pool, made on first use and ended with the thread.
  static FiberPool& this_thread();

  FiberPool();
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  /// An idle fiber; switch to it to make it run its body. `running` is the caller's own.
  Fiber& get(Fiber& running);
  void put(Fiber& fiber) noexcept {
    if (!fiber.guarded) [[unlikely]] check_canary(fiber);
    idle_.push_back(&fiber);
  }

  /// The thread's own stack, which a fiber switches to when nothing is left to run.
  Fiber& main() { return main_; }

  /// Buffers that the last world of this thread has warmed up; give them back when done.
  CoreStorage take_storage();
  void return_storage(CoreStorage storage);

  bool quitting() const { return quitting_; }
  std::size_t total() const { return fibers_.size(); }
  std::size_t idle() const { return idle_.size(); }

 private:
  static void check_canary(const Fiber& fiber) noexcept;
  Fiber& create(Fiber& running);

  StackPool stacks_;
  Fiber main_;
  FiberAlgorithm* algorithm_ = nullptr;  // Owned by Boost's scheduler of this thread.
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  std::vector<CoreStorage> storage_;
  bool quitting_ = false;
};

}  // namespace brink
