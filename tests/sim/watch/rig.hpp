// A small machine under watch: real core and locks, invented memory.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <string>

#include "sim/locking/completion.hpp"
#include "sim/locking/mutex.hpp"
#include "sim/locking/poll.hpp"
#include "sim/locking/rwsem.hpp"
#include "sim/sched/fifo.hpp"
#include "sim/watch/watch.hpp"
#include "tests/sim/watch/invented.hpp"

namespace brink::invented {

inline CoreConfig core_config(std::uint32_t cpus = 1) {
  CoreConfig config;
  config.cpus = cpus;
  config.time_limit = 3'600 * seconds;
  config.soft_lockup_limit = 20 * seconds;
  return config;
}

class Rig {
 public:
  using Body = std::function<void()>;

  explicit Rig(const CoreConfig& config = core_config(), WatchConfig watched = {},
               SettlingHost* host = nullptr)
      : core(config, fifo), locks(core), watch(core, with_usual(watched), obliged, &memory, host) {}

  ~Rig() { core.abort(); }

  /// A foreground task.
  Task& task(const std::string& comm, Body body) {
    Task& t = spawn(comm, std::move(body));
    watch.foreground(t);
    return t;
  }
  /// A thread of the kernel.
  Task& kthread(const std::string& comm, Body body) {
    Task& t = spawn(comm, std::move(body));
    t.set(PF_KTHREAD);
    t.set(DAEMON);
    return t;
  }
  /// A program that the run does not wait for.
  Task& daemon(const std::string& comm, Body body) {
    Task& t = spawn(comm, std::move(body));
    t.set(DAEMON);
    return t;
  }

  WatchResult run(const OtherEndings& others = {}) {
    end = core.run();
    ended_at = core.machine_time();
    return watch.finish(end, others);
  }

  LockClass& lock_class(const char* name) { return locks.lock_class(name); }
  Mutex& mutex(const char* name) {
    return mutexes_.emplace_back(locks, lock_class("test.mutex"), name);
  }

  /// Goes round for memory until grant() says that it has some; with `nap` 0 it yields.
  void ask_for_memory(Nanos nap = 20 * ms) {
    Wait wait(WaitKind::memory, "memory");
    Task& me = core.current();
    UnlimitedLoop loop(core, wait);
    while (std::find(granted_.begin(), granted_.end(), me.id) == granted_.end()) {
      loop.round();
      poll_nap(core, nap);
    }
    std::erase(granted_, me.id);
    me.progress_at = core.now();
  }
  void grant(const Task& task) { granted_.push_back(task.id); }
  /// Parks a kernel thread that has no work.
  void idle(Nanos period = never) {
    period == never ? core.park(idle_wait, WaitMode::interruptible)
                    : core.park_until(idle_wait, WaitMode::interruptible, core.now() + period);
  }
  /// Does something at a time, as an interrupt would.
  void at(Nanos when, Body body) {
    Body& kept = bodies_.emplace_back(std::move(body));
    core.at(
        when, [](void* function, std::uint64_t) { (*static_cast<Body*>(function))(); }, &kept, 0);
  }
  /// Something happened to the suppliers.
  void changed() { ++memory.version; }

  FifoStrategy fifo;
  Core core;
  Locks locks;
  Suppliers memory;
  Obliged obliged;
  Watch watch;
  RunEnd end = RunEnd::quiet;
  Nanos ended_at = 0;

 private:
  WatchConfig with_usual(WatchConfig config) {
    config.usual = &fifo;
    return config;
  }
  Task& spawn(const std::string& comm, Body body) {
    Body& kept = bodies_.emplace_back(std::move(body));
    return core.spawn(comm, {[](void* function) { (*static_cast<Body*>(function))(); }, &kept});
  }

  std::deque<Body> bodies_;
  std::deque<Mutex> mutexes_;
  std::vector<TaskId> granted_;
};

inline std::vector<std::string> names(const Lockup& lockup) {
  std::vector<std::string> found;
  for (const LockupMember& member : lockup.members) found.push_back(member.task);
  return found;
}

inline std::size_t count(const WatchResult& result, Finding::Kind kind) {
  std::size_t n = 0;
  for (const Finding& finding : result.findings) n += finding.kind == kind;
  return n;
}

}  // namespace brink::invented
