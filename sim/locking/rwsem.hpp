// The sleeping lock with many readers or one writer (kernel/locking/rwsem-xadd.c, Linux 4.0). Fair:
// whoever comes after a waiting writer waits behind it, readers too; a release hands the lock to
// the writer that is first in the queue, or to all readers up to the first writer. Left out:
// optimistic spinning and writers that steal the lock. The killable forms came with 4.7 (write)
// and 4.15 (read).
#pragma once

#include "sim/locking/lock.hpp"

namespace brink {

class RwSem final : public Lock {
 public:
  RwSem(Locks& locks, LockClass& lock_class, const LazyText& name = {});

  void down_read(unsigned subclass = 0);
  /// 0, or -EINTR if the task was killed while it waited.
  [[nodiscard]] int down_read_killable(unsigned subclass = 0);
  [[nodiscard]] bool down_read_trylock();
  void up_read() noexcept;

  void down_write(unsigned subclass = 0);
  [[nodiscard]] int down_write_killable(unsigned subclass = 0);
  [[nodiscard]] bool down_write_trylock();
  void up_write() noexcept;
  /// The writer becomes a reader, and lets in the readers that wait first in the queue.
  void downgrade_write() noexcept;

  /// Held by anybody, either way.
  bool locked() const { return writer_ != nullptr || readers_ != nullptr; }
  bool write_locked() const { return writer_ != nullptr; }
  std::uint32_t reader_count() const;

  int acquire(WaitMode mode) override;
  void release() noexcept override { up_write(); }
  void blockers(const Task& waiter, BlockerSink& sink) const override;

 protected:
  const char* kind_name() const override { return "rwsem"; }

 private:
  /// What the queue notes about a waiter; lives in its frame.
  struct Waiting {
    bool shared;
    bool granted = false;
  };

  int read(WaitMode mode, unsigned subclass);
  int write(WaitMode mode, unsigned subclass);
  int wait(Task& me, WaitMode mode, bool shared);
  static Waiting& waiting(const Task& task) { return *static_cast<Waiting*>(task.wait_data); }
  void grant_read(Task& task);
  void grant_write(Task& task);
  void end_read(ReadHold& hold) noexcept;
  /// Gives the lock to whoever is first in the queue, as far as they may have it together.
  void hand_over() noexcept;
  void wake_granted(Task& task) noexcept;
  ReadHold& hold_of(const Task& reader) const;

  Task* writer_ = nullptr;
  ReadHold* readers_ = nullptr;  ///< the oldest first
  ReadHold* newest_reader_ = nullptr;
  Waiters waiters_;
  HeldLock hold_;  ///< the writer's
};

/// Holds an rwsem for reading for as long as it lives.
class ReadGuard {
 public:
  explicit ReadGuard(RwSem& sem, unsigned subclass = 0) : sem_(sem) { sem_.down_read(subclass); }
  ~ReadGuard() { sem_.up_read(); }
  ReadGuard(const ReadGuard&) = delete;
  ReadGuard& operator=(const ReadGuard&) = delete;

 private:
  RwSem& sem_;
};

/// Holds an rwsem for writing for as long as it lives.
class WriteGuard {
 public:
  explicit WriteGuard(RwSem& sem, unsigned subclass = 0) : sem_(sem) { sem_.down_write(subclass); }
  ~WriteGuard() { sem_.up_write(); }
  WriteGuard(const WriteGuard&) = delete;
  WriteGuard& operator=(const WriteGuard&) = delete;

 private:
  RwSem& sem_;
};

}  // namespace brink
