// The lock order checker (kernel/locking/lockdep.c, Linux 4.0, in outline).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/outcome.hpp"
#include "sim/locking/locks.hpp"

namespace brink {

/// Receives what lockdep finds.
class LockdepSink {
 public:
  virtual void lockdep_report(Finding finding) = 0;

 protected:
  ~LockdepSink() = default;
};

/// How a lock is taken. As in 4.0, shared holds of an rwsem order locks just as exclusive ones do.
enum class LockUse : std::uint8_t { exclusive, shared };

/// Knows, by classes of locks, which lock was ever taken while which was held, and reports an order
/// that closes a circle the first time that it is seen: whether or not anybody locks up. Left out:
/// interrupt contexts, read locks that may recurse, the limits on depth and classes; and it does
/// not switch itself off after the first report, but reports each order of two classes once.
class Lockdep {
 public:
  static constexpr unsigned subclasses = 8;

  explicit Lockdep(Core& core, LockdepSink* sink) : core_(core), sink_(sink) {}

  /// The task is about to take the lock, and may have to wait for it.
  void acquire(Task& task, const Lock& lock, LockUse use, unsigned subclass);
  /// The task has taken it without waiting: that orders what it takes next, not this lock.
  void acquire_tried(Task& task, const Lock& lock, LockUse use);
  /// The task no longer holds it, or has given up waiting for it.
  void release(const Task& task, const Lock& lock) noexcept;

  void acquire_fs_reclaim(Task& task);
  void release_fs_reclaim(const Task& task) noexcept;

 private:
  /// A class and a subclass of it; 0 is fs_reclaim.
  using Key = std::uint32_t;
  static constexpr Key fs_reclaim = 0;

  struct Held {
    Key key;
    const Lock* lock;  ///< null for fs_reclaim
    LockUse use;
    bool tried;
  };
  /// What was taken while something was held, and where that was first seen.
  struct Dependency {
    Key to;
    std::vector<const char*> frames;  ///< outermost first
  };

  static Key key_of(const Lock& lock, unsigned subclass);
  std::vector<Held>& held_by(const Task& task);
  void know(Key key, const Lock* lock);
  void take(Task& task, const Held& next);
  void forget(const Task& task, const Lock* lock) noexcept;
  /// True if the task holds a lock of the same class.
  bool check_recursion(Task& task, const Held& next);
  void depend(Task& task, const Held& previous, const Held& next);
  /// The shortest way between two classes along known dependencies, the last one first; empty if
  /// there is none.
  std::vector<const Dependency*> path(Key from, Key to) const;

  void report_circle(const Task& task, const Held& previous, const Held& next,
                     const std::vector<const Dependency*>& chain);
  void report_recursion(const Task& task, const Held& previous, const Held& next);
  std::string lock_line(const Held& held) const;
  std::string entry(std::size_t depth, Key key, const std::string& frames) const;
  std::string scenario(Key target, Key parent, Key source) const;
  std::string held_text(const Task& task);
  void report(std::string text);

  Core& core_;
  LockdepSink* const sink_;
  std::vector<std::string> names_;                     ///< by key; empty if not seen yet
  std::vector<std::vector<Dependency>> dependencies_;  ///< by key: what was taken while it was held
  std::vector<bool> recursion_reported_;               ///< by key
  std::vector<std::vector<Held>> held_;                ///< by task, the first taken first
};

/// lockdep's pseudo lock `fs_reclaim` (mm/page_alloc.c, Linux 6.1): a request that may reclaim with
/// file system rights takes it and releases it at once; a reclaimer holds it. So an order in which
/// a file system's lock is held around such a request, and taken by reclaim, is reported before
/// memory is ever short.
class FsReclaim {
 public:
  /// A direct reclaimer for a request of mask `gfp`; construct it before setting PF_MEMALLOC.
  FsReclaim(Locks& locks, Gfp gfp) {
    if (locks.lockdep() != nullptr) [[unlikely]]
      enter(locks, gfp);
  }
  /// kswapd, which reclaims with all rights.
  explicit FsReclaim(Locks& locks) {
    if (locks.lockdep() != nullptr) [[unlikely]]
      enter(locks);
  }
  ~FsReclaim() {
    if (locks_ != nullptr) [[unlikely]]
      leave();
  }
  FsReclaim(const FsReclaim&) = delete;
  FsReclaim& operator=(const FsReclaim&) = delete;

  /// Where a request of mask `gfp` enters the allocator (might_alloc()).
  static void might_alloc(Locks& locks, Gfp gfp) { const FsReclaim at_once(locks, gfp); }

 private:
  void enter(Locks& locks, Gfp gfp);
  void enter(Locks& locks);
  void leave() noexcept;

  Locks* locks_ = nullptr;
};

}  // namespace brink
