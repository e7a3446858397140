// Lockups on scheduler and locks alone.

#include <sys/mman.h>

#include <array>

#include "sim/locking/work_queue.hpp"
#include "tests/sim/watch/dl1.hpp"
#include "tests/soak/teardown/worlds.hpp"

namespace brink::soak {

std::uint64_t Baggage::alive = 0;

Baggage::Baggage(std::uint64_t seed)
    : long_(100 + seed, 'x'),
      short_("short"),
      tree_(std::make_unique<std::vector<std::unique_ptr<std::string>>>()),
      shared_(std::make_shared<int>(7)) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    many_.push_back(std::string(40 + i, 'y'));
    tree_->push_back(std::make_unique<std::string>(60 + i, 'z'));
  }
  ++alive;
}

namespace {

using invented::Rig;

/// How deep this task of this world goes.
std::uint32_t depth(std::uint64_t seed, std::uint32_t task) {
  return static_cast<std::uint32_t>((seed * 7 + task * 3) % 9);
}

/// Runs the rig's world; its tasks unwind when the rig goes.
Ended run(Rig& rig) {
  const WatchResult result = rig.run();
  return {result.verdict, result.reason, Baggage::alive};
}

void two_mutexes(Rig& rig, std::uint64_t seed) {
  Mutex* const locks[] = {&rig.mutex("a"), &rig.mutex("b")};
  for (std::uint32_t i = 0; i < 2; ++i) {
    rig.task("abba", [&rig, seed, i, first = locks[i], second = locks[1 - i]] {
      deeply(depth(seed, i), [&] {
        MutexGuard outer(*first);
        rig.core.sleep(10 * ms);
        deeply(depth(seed, i + 2), [&] { MutexGuard inner(*second); });
      });
    });
  }
}

Ended abba(std::uint64_t seed) {
  Rig rig;
  two_mutexes(rig, seed);
  return run(rig);
}

/// A reader reads again behind a writer that waits for it.
Ended rwsem(std::uint64_t seed) {
  Rig rig;
  RwSem sem(rig.locks, rig.lock_class("test.rwsem"));
  rig.task("reader", [&] {
    deeply(depth(seed, 0), [&] {
      sem.down_read();
      rig.core.sleep(20 * ms);
      deeply(depth(seed, 1), [&] { sem.down_read(); });
    });
  });
  rig.task("writer", [&] {
    rig.core.sleep(10 * ms);
    deeply(depth(seed, 2), [&] { sem.down_write(); });
  });
  const Ended ended = run(rig);
  rig.core.abort();  // Before the lock goes.
  return ended;
}

/// Nobody is left who could complete it.
Ended completion(std::uint64_t seed) {
  Rig rig;
  Completion done(rig.core, "never");
  for (std::uint32_t i = 0; i < 3; ++i) {
    rig.task("waiter", [&, i] { deeply(depth(seed, i), [&] { done.wait_for(); }); });
  }
  rig.task("leaver", [&] { rig.core.sleep(1 * seconds); });
  const Ended ended = run(rig);
  rig.core.abort();
  return ended;
}

/// Who would wake the queue waits for a lock of those in it.
Ended wait_queue(std::uint64_t seed) {
  Rig rig;
  WaitQueue queue(rig.core, "news");
  Mutex& lock = rig.mutex("lock");
  bool news = false;
  rig.task("sleeper", [&] {
    deeply(depth(seed, 0), [&] {
      MutexGuard guard(lock);
      queue.wait_event([&] { return news; });
    });
  });
  Task& waker = rig.task("waker", [&] {
    rig.core.sleep(10 * ms);
    deeply(depth(seed, 1), [&] {
      MutexGuard guard(lock);
      news = true;
      queue.wake_up();
    });
  });
  queue.declare_waker(waker);
  const Ended ended = run(rig);
  rig.core.abort();
  return ended;
}

/// Work that needs a lock whose holder waits for the work.
Ended work(std::uint64_t seed) {
  Rig rig;
  struct Job {
    Mutex& lock;
    std::uint32_t depth;
    static void run(void* self) {
      Job& job = *static_cast<Job*>(self);
      deeply(job.depth, [&] { MutexGuard guard(job.lock); });
    }
  } job{rig.mutex("lock"), depth(seed, 0)};
  WorkQueue queue(rig.core, {.name = "soak"});
  WorkItem item({Job::run, &job}, "job");
  rig.task("flusher", [&] {
    deeply(depth(seed, 1), [&] {
      MutexGuard guard(job.lock);
      queue.queue(item);
      queue.flush(item);
    });
  });
  const Ended ended = run(rig);
  rig.core.abort();
  return ended;
}

/// Two tasks that try for each other's lock for ever, politely.
Ended livelock(std::uint64_t seed) {
  Rig rig;
  Mutex* const locks[] = {&rig.mutex("a"), &rig.mutex("b")};
  Completion never_done(rig.core, "the other's turn");
  for (std::uint32_t i = 0; i < 2; ++i) {
    rig.task("polite", [&, i] {
      deeply(depth(seed, i), [&] {
        locks[i]->lock();
        rig.core.sleep(10 * ms);
        poll(
            rig.core, never_done, [&] { return locks[1 - i]->trylock(); }, 100 * ms);
      });
    });
  }
  // Somebody who could do something about it, and does not.
  rig.daemon("bystander", [&] {
    for (;;) rig.core.sleep(1 * seconds);
  });
  const Ended ended = run(rig);
  rig.core.abort();
  return ended;
}

/// The lock that a victim needs is held by a task that goes round for memory.
Ended victim(std::uint64_t seed) {
  invented::Dl1 world;
  world.rig.task("other", [&] {
    deeply(depth(seed, 0), [&] {
      world.rig.core.sleep(20 * ms);
      MutexGuard guard(world.dir);
    });
  });
  return run(world.rig);
}

constexpr std::array<Shape, 7> shapes = {{
    {"two mutexes in two orders", Verdict::deadlock, abba},
    {"a reader behind a writer behind itself", Verdict::deadlock, rwsem},
    {"a completion that nobody completes", Verdict::deadlock, completion},
    {"a wait queue whose waker waits", Verdict::deadlock, wait_queue},
    {"work that waits for who waits for it", Verdict::deadlock, work},
    {"polls that go round", Verdict::livelock, livelock},
    {"a victim behind a looper", Verdict::memory_deadlock, victim},
}};

/// As if it were used for something else from its innermost frame up. Not checked: a sanitizer has
/// marked parts of these frames.
[[gnu::no_sanitize_address]] void overwrite(const Fiber& fiber, void* innermost) {
  volatile char* const top =
      const_cast<char*>(static_cast<const char*>(fiber.stack_bottom)) + fiber.stack_size;
  for (volatile char* at = static_cast<char*>(innermost); at != top; ++at) *at = 0;
}

}  // namespace

std::span<const Shape> lock_shapes() { return shapes; }

Ended dropped_world() {
  // Kept, so that nothing but the frames is lost.
  static Rig* const rig = new Rig;
  two_mutexes(*rig, 3);
  const Ended ended = run(*rig);
  for (TaskId id = 0; id < rig->core.task_count(); ++id) {
    const Task& task = rig->core.task(id);
    if (task.state != TaskState::dead) overwrite(*task.fiber, task.handle);
  }
  return ended;
}

}  // namespace brink::soak
