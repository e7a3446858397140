// What all locks of one machine share: the core, the registry of lock classes, lockdep if it is on,
// and the way from a lock's name to the lock (struct lock_class_key, include/linux/lockdep.h, Linux
// 4.0, in outline).
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sched/core.hpp"

namespace brink {

class Lock;
class LockClass;
class Lockdep;
class LockdepSink;
class Locks;
struct ReadHold;

/// Finds the locks of one class by the name of their instance: ext4 knows which i_mutex `/srv`
/// means.
class LockResolver {
 public:
  /// Null if there is no such instance, or none that is in memory.
  virtual Lock* find_lock(std::string_view instance) = 0;

 protected:
  ~LockResolver() = default;
};

/// Locks that the same rules apply to, as all directories' i_mutex of ext4. Named `fs.object.lock`.
class LockClass {
 public:
  LockClass(Locks& locks, std::uint32_t id, std::string_view name)
      : locks_(locks), id_(id), name_(name) {}
  LockClass(const LockClass&) = delete;
  LockClass& operator=(const LockClass&) = delete;

  Locks& locks() const { return locks_; }
  /// Dense, in order of registration.
  std::uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }

  /// `resolver` must outlive every Locks::find(). The last one set counts.
  void set_resolver(LockResolver& resolver) { resolver_ = &resolver; }
  LockResolver* resolver() const { return resolver_; }

 private:
  Locks& locks_;
  const std::uint32_t id_;
  const std::string name_;
  LockResolver* resolver_ = nullptr;
};

struct LocksConfig {
  bool lockdep = false;         ///< check the order of locks
  LockdepSink* sink = nullptr;  ///< told of what lockdep finds; may be null
};

class Locks {
 public:
  explicit Locks(Core& core, const LocksConfig& config = {});
  ~Locks();
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;

  Core& core() const { return core_; }

  /// The class of this name, made on first use.
  LockClass& lock_class(std::string_view name);
  /// Null if nobody has registered it.
  LockClass* find_class(std::string_view name);

  /// The lock that `class:instance` names, as `ext4.dir.i_mutex:/srv`; null if its class is unknown
  /// or has no resolver, or the resolver finds none.
  Lock* find(std::string_view name);

  /// Null while lockdep is off.
  Lockdep* lockdep() const { return lockdep_.get(); }

  // --- For locks.

  /// Numbers locks in the order in which they are made, for the event hash.
  std::uint32_t next_lock_id() { return lock_count_++; }
  /// Records of shared holds, of which a lock may have many.
  ReadHold& new_read_hold();
  void free_read_hold(ReadHold& hold) noexcept;

 private:
  Core& core_;
  std::uint32_t lock_count_ = 0;
  std::list<LockClass> classes_;
  std::unique_ptr<Lockdep> lockdep_;
  std::vector<std::unique_ptr<ReadHold>> read_holds_;
  ReadHold* free_read_holds_ = nullptr;
};

/// How many locks the task holds.
std::uint32_t locks_held(const Task& task);

/// What it holds, for people, the first taken first: `mutex ext4.dir.i_mutex:/srv`, `rwsem …
/// (read)`.
std::vector<std::string> held_locks(const Task& task);

}  // namespace brink
