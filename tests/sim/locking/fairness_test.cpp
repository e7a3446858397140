// Mutexes and rwsems against a model, over random programs and schedules: who may hold what
// together, grants in the order of the queue, waiters that are killed, and what each waiter waits
// for.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "sim/sched/random.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

constexpr std::size_t lock_count = 3;

/// What one lock should look like, kept from outside.
struct Model {
  struct Waiter {
    TaskId task;
    bool shared;
  };
  std::vector<TaskId> holders;
  bool shared = false;
  std::deque<Waiter> queue;
};

/// Takes a lock in some way, naps, and takes the next below it.
struct Take {
  std::uint8_t lock, nap;
  bool shared, killable, tries;
};

class ModelWorld : TraceSink, CoreObserver {
 public:
  ModelWorld(std::uint64_t seed, bool rwsems, std::uint32_t cpu_count)
      : strategy_(seed), world_(strategy_, cpus(cpu_count, Preempt::full)), rwsems_(rwsems) {
    for (std::size_t i = 0; i < lock_count; ++i) {
      locks_[i] = rwsems ? static_cast<Lock*>(&world_.rwsem()) : &world_.mutex();
    }
    world_.core.set_sink(this);
    world_.core.set_observer(this);
  }

  void add(const std::vector<Take>& takes) {
    const TaskId id = world_.core.task_count();
    wants_shared_.push_back(false);
    world_.spawn([this, takes, id] { nest(takes, 0, 0, id); });
  }

  void add_killer(std::uint32_t victims, std::uint64_t seed) {
    world_.spawn([this, victims, seed] {
      Random luck(seed, 1);
      for (int i = 0; i < 6; ++i) {
        world_.core.sleep(luck.below(40) * us);
        send_signal(world_.core, world_.core.task(static_cast<TaskId>(luck.below(victims))),
                    FATAL_SIGNAL);
      }
    });
  }

  void run() {
    ASSERT_EQ(world_.core.run(), RunEnd::quiet);
    ASSERT_EQ(world_.core.live(), 0u);
    for (const Model& model : models_) {
      EXPECT_TRUE(model.holders.empty());
      EXPECT_TRUE(model.queue.empty());
    }
  }

  int queued = 0, killed = 0;

 private:
  /// Locks are taken in order of their number, so that nobody locks up.
  void nest(const std::vector<Take>& takes, std::size_t at, std::size_t lowest, TaskId me) {
    if (at == takes.size() || lowest == lock_count) return;
    const Take& take = takes[at];
    const std::size_t number = lowest + take.lock % (lock_count - lowest);
    const bool shared = rwsems_ && take.shared;
    wants_shared_[me] = shared;
    const int error = lock(number, take, shared);
    if (error == 0) {
      EXPECT_TRUE(holds(number, me));
      world_.core.sleep(take.nap * us);
      nest(takes, at + 1, number + 1, me);
      release(number, me, shared);
    } else {
      gone(number, me);
    }
    world_.core.step(1);
  }

  int lock(std::size_t number, const Take& take, bool shared) {
    if (!rwsems_) {
      Mutex& mutex = static_cast<Mutex&>(*locks_[number]);
      if (take.tries) return mutex.trylock() ? 0 : -EAGAIN;
      if (take.killable) return mutex.lock_killable();
      mutex.lock();
      return 0;
    }
    RwSem& sem = static_cast<RwSem&>(*locks_[number]);
    if (take.tries)
      return (shared ? sem.down_read_trylock() : sem.down_write_trylock()) ? 0 : -EAGAIN;
    if (take.killable) return shared ? sem.down_read_killable() : sem.down_write_killable();
    shared ? sem.down_read() : sem.down_write();
    return 0;
  }

  bool holds(std::size_t number, TaskId task) const {
    const auto& holders = models_[number].holders;
    return std::find(holders.begin(), holders.end(), task) != holders.end();
  }

  void release(std::size_t number, TaskId me, bool shared) {
    std::erase(models_[number].holders, me);
    if (!rwsems_) {
      static_cast<Mutex&>(*locks_[number]).unlock();
    } else if (shared) {
      static_cast<RwSem&>(*locks_[number]).up_read();
    } else {
      static_cast<RwSem&>(*locks_[number]).up_write();
    }
  }

  void gone(std::size_t number, TaskId me) {
    killed += static_cast<int>(std::erase_if(
        models_[number].queue, [me](const Model::Waiter& w) { return w.task == me; }));
  }

  void parked(Task& task) override {
    for (std::size_t i = 0; i < lock_count; ++i) {
      if (task.wait != locks_[i]) continue;
      auto& queue = models_[i].queue;
      const auto known = std::find_if(queue.begin(), queue.end(),
                                      [&](const Model::Waiter& w) { return w.task == task.id; });
      if (known != queue.end()) continue;
      ++queued;
      queue.push_back({task.id, wants_shared_[task.id]});
      check_blockers(i, task);
    }
  }
  void exited(Task&) override {}

  void check_blockers(std::size_t number, const Task& task) {
    std::vector<TaskId> expected = models_[number].holders;
    const auto& queue = models_[number].queue;
    for (std::size_t i = 0; i + 1 < queue.size(); ++i) {
      if (!queue.back().shared || !queue[i].shared) expected.push_back(queue[i].task);
    }
    EXPECT_EQ(blockers_of(task).tasks, expected);
    EXPECT_EQ(locks_[number]->owner()->id, expected.front());
  }

  void event(Nanos, EventKind kind, std::uint64_t a, std::uint64_t b) override {
    if (kind != EventKind::lock_grant) return;
    const auto task = static_cast<TaskId>(a);
    Model& model = models_[b];
    bool shared = wants_shared_[task];
    // Who was killed lets others in as it leaves.
    const TaskId leaving = world_.core.current().id;
    if (leaving != task) gone(b, leaving);
    if (!model.queue.empty()) {
      EXPECT_EQ(model.queue.front().task, task) << "not in the order of the queue";
      shared = model.queue.front().shared;
      model.queue.pop_front();
    }
    EXPECT_TRUE(model.holders.empty() || (shared && model.shared)) << "held together";
    model.holders.push_back(task);
    model.shared = shared;
  }

  RandomStrategy strategy_;
  LockingWorld world_;
  const bool rwsems_;
  std::array<Lock*, lock_count> locks_{};
  std::array<Model, lock_count> models_;
  std::vector<bool> wants_shared_;
};

rc::Gen<Take> take() {
  const auto flag = [](int of) {
    return rc::gen::map(rc::gen::inRange(0, of), [](int n) { return n == 0; });
  };
  return rc::gen::construct<Take>(rc::gen::arbitrary<std::uint8_t>(),
                                  rc::gen::inRange<std::uint8_t>(0, 40), rc::gen::arbitrary<bool>(),
                                  rc::gen::arbitrary<bool>(), flag(5));
}

void obeys_the_model(bool rwsems) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  ModelWorld world(seed, rwsems, *rc::gen::element(1u, 2u, 3u));
  for (int i = 0; i < 8; ++i) {
    std::vector<Take> takes;
    for (int k = 0; k < 8; ++k) takes.push_back(*rc::gen::resize(100, take()));
    world.add(takes);
  }
  world.add_killer(8, seed);
  world.run();
  RC_CLASSIFY(world.queued > 4);
  RC_CLASSIFY(world.killed > 0);
}

RC_GTEST_PROP(Mutex, IsFairOverRandomSchedules, ()) { obeys_the_model(false); }
RC_GTEST_PROP(RwSem, IsFairOverRandomSchedules, ()) { obeys_the_model(true); }

}  // namespace
}  // namespace brink
