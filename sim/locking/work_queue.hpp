// Work that is done later, by worker threads (kernel/workqueue.c, Linux 4.0). A queue has a pool of
// its own, in the way of an unbound one, or stands for the pool of a CPU (cpu_pools.hpp). One
// worker is always kept idle; the last idle one makes another before it works. Making one may need
// memory: then a rescuer does the work, if the queue has one.
//
// The pool of a CPU is concurrency-managed: as long as one of its workers that has begun an item is
// runnable, no other item is begun; when the last such worker sleeps, an idle one is woken. Workers
// are not tied to their CPU here: what counts is whether they are runnable, not where they run.
//
// Left out: attributes, ordered queues, CPU-intensive and high-priority work, the end of workers
// that idled for 5 minutes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/locking/wait_queue.hpp"
#include "sim/sched/kthread.hpp"

namespace brink {

class WorkQueue;

/// Something to be done once for each time that it is queued. Others may wait for it.
class WorkItem final : public Waitable {
 public:
  explicit WorkItem(TaskBody body, const LazyText& name = {})
      : Waitable(WaitKind::work), body_(body), name_(name) {}
  WorkItem(const WorkItem&) = delete;
  WorkItem& operator=(const WorkItem&) = delete;

  /// Queued, and no worker has begun it.
  bool pending() const { return pending_; }
  bool running() const { return worker_ != nullptr; }

  void blockers(const Task& waiter, BlockerSink& sink) const override;
  std::string describe() const override { return "work " + name_.str(); }

 private:
  friend class WorkQueue;

  const TaskBody body_;
  const LazyText name_;
  WorkQueue* queue_ = nullptr;  ///< that it was last queued on
  WorkItem* next_ = nullptr;
  Task* worker_ = nullptr;
  bool pending_ = false;
  std::uint64_t queued_ = 0;  ///< how often
  std::uint64_t done_ = 0;    ///< up to which of these
  Core::Timer timer_{};       ///< until it is queued, if it was delayed
  bool delayed_ = false;
  Waiters waiters_;
};

/// Makes worker threads; sim/kernel's needs memory for it. Without one, making them always
/// succeeds.
class WorkerSource {
 public:
  /// In the manager's context, where it may sleep: 0 if one more worker may be started, or -errno.
  virtual int make_worker(WorkQueue& queue) = 0;
  /// What the manager waits for while that fails again and again.
  virtual const Waitable& wait() const = 0;

 protected:
  ~WorkerSource() = default;
};

struct WorkQueueConfig {
  const char* name = "";           ///< workers are called kworker/NAME
  std::uint32_t max_active = 256;  ///< items at work at a time; WQ_DFL_ACTIVE
  bool rescuer = false;            ///< WQ_MEM_RECLAIM
  bool bound = false;              ///< the pool of a CPU, whose concurrency is managed
  WorkerSource* source = nullptr;
};

class WorkQueue {
 public:
  WorkQueue(Core& core, const WorkQueueConfig& config);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // --- From tasks and timers; not choice points.

  /// False if it is pending already. An item that runs may be queued again: it runs once more
  /// after.
  bool queue(WorkItem& item);
  /// queue() after a time. False if it is pending or delayed already.
  bool queue_delayed(WorkItem& item, Nanos delay);
  /// True if it was pending or delayed and now is not; one that runs goes on.
  bool cancel(WorkItem& item);

  // --- From tasks.

  /// Waits until the item has run as often as it has been queued by now; one that is delayed is
  /// queued at once (flush_delayed_work()).
  void flush(WorkItem& item);

  std::uint32_t worker_count() const { return static_cast<std::uint32_t>(workers_.size()); }
  bool has_pending() const { return pending_first_ != nullptr; }

  /// Who may begin what is pending.
  void blockers(BlockerSink& sink) const;

 private:
  struct Worker;

  static void worker_main(void* worker);
  static void worker_parked(void* worker);
  static void rescuer_main(void* queue);
  static void mayday(void* queue, std::uint64_t);
  static void delay_over(void* item, std::uint64_t);

  void start_worker();
  void work(Worker& worker);
  /// Whether a worker of a CPU's pool is at work and does not sleep: then nobody begins anything.
  bool busy() const;
  /// The next pending item that may be begun; null if there is none.
  WorkItem* take();
  bool unlink(WorkItem& item);
  void run(WorkItem& item);
  bool needs_worker() const;
  bool may_begin() const { return active_ < config_.max_active && !busy(); }
  void manage();
  void rescue();
  void make_idle(Worker& worker);
  void wake_idle_worker();

  Core& core_;
  const WorkQueueConfig config_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Worker* idle_ = nullptr;  ///< the one that has idled for the shortest time first
  std::unique_ptr<Kthread> rescuer_;
  WorkItem* pending_first_ = nullptr;
  WorkItem* pending_last_ = nullptr;
  std::uint32_t active_ = 0;
  bool managing_ = false;
  bool rescuing_ = false;
  Core::Timer mayday_timer_{};
};

}  // namespace brink
