// Queues of work, workers, their manager and their rescuer (kernel/workqueue.c, Linux 4.0).

#include "sim/locking/work_queue.hpp"

#include <algorithm>

#include "sim/locking/poll.hpp"

namespace brink {
namespace {

// MAYDAY_INITIAL_TIMEOUT is 10 ms but at least two ticks; MAYDAY_INTERVAL and CREATE_COOLDOWN.
constexpr Nanos mayday_first = 10 * ms;
constexpr Nanos mayday_again = 100 * ms;
constexpr Nanos make_cooldown = 1 * seconds;

}  // namespace

struct WorkQueue::Worker {
  Worker(WorkQueue& q, const std::string& comm)
      : queue(q), thread(q.core_, comm, {worker_main, this}) {
    thread.task().set(PF_WQ_WORKER);
    if (q.config_.bound) q.core_.tell_when_parked(thread.task(), {worker_parked, this});
  }
  WorkQueue& queue;
  Worker* next_idle = nullptr;
  bool idle = false;
  bool working = false;  ///< has begun an item and not ended it
  Kthread thread;
};

WorkQueue::WorkQueue(Core& core, const WorkQueueConfig& config) : core_(core), config_(config) {
  start_worker();
  if (!config_.rescuer) return;
  rescuer_ = std::make_unique<Kthread>(core_, config_.name, TaskBody{rescuer_main, this});
  rescuer_->task().set(PF_WQ_WORKER);
}

WorkQueue::~WorkQueue() = default;

// --- Items.

bool WorkQueue::queue(WorkItem& item) {
  if (item.pending_ || core_.aborting()) return false;
  if (item.delayed_) core_.cancel(item.timer_);
  item.delayed_ = false;
  item.pending_ = true;
  item.queue_ = this;
  item.next_ = nullptr;
  ++item.queued_;
  (pending_first_ == nullptr ? pending_first_ : pending_last_->next_) = &item;
  pending_last_ = &item;
  wake_idle_worker();
  return true;
}

bool WorkQueue::queue_delayed(WorkItem& item, Nanos delay) {
  if (item.pending_ || item.delayed_ || core_.aborting()) return false;
  if (delay == 0) return queue(item);
  item.queue_ = this;
  item.delayed_ = true;
  item.timer_ = core_.at(core_.now() + delay, delay_over, &item, 0);
  return true;
}

void WorkQueue::delay_over(void* item, std::uint64_t) {
  WorkItem& self = *static_cast<WorkItem*>(item);
  self.delayed_ = false;
  self.queue_->queue(self);
}

bool WorkQueue::cancel(WorkItem& item) {
  if (core_.aborting()) return false;
  if (item.delayed_) {
    item.delayed_ = false;
    return core_.cancel(item.timer_);
  }
  if (!unlink(item)) return false;
  --item.queued_;
  while (!item.waiters_.empty()) core_.wake(item.waiters_.pop());
  return true;
}

void WorkQueue::flush(WorkItem& item) {
  core_.charge(1);
  core_.might_sleep();
  if (item.delayed_) queue(item);
  const std::uint64_t wanted = item.queued_;
  while (item.done_ < wanted && (item.pending_ || item.running())) {
    item.waiters_.push(core_.current());
    core_.park(item, WaitMode::uninterruptible);
  }
}

void WorkItem::blockers(const Task&, BlockerSink& sink) const {
  if (worker_ != nullptr) return sink.task(*worker_);
  if (queue_ != nullptr && pending_) return queue_->blockers(sink);
  if (delayed_) sink.event();
}

bool WorkQueue::unlink(WorkItem& item) {
  if (!item.pending_ || item.queue_ != this) return false;
  WorkItem* before = nullptr;
  for (WorkItem* i = pending_first_; i != &item; i = i->next_) before = i;
  (before == nullptr ? pending_first_ : before->next_) = item.next_;
  if (pending_last_ == &item) pending_last_ = before;
  item.pending_ = false;
  return true;
}

WorkItem* WorkQueue::take() {
  // An item that still runs is not begun a second time.
  WorkItem* item = pending_first_;
  while (item != nullptr && item->running()) item = item->next_;
  if (item != nullptr) unlink(*item);
  return item;
}

void WorkQueue::run(WorkItem& item) {
  const std::uint64_t number = item.queued_;
  item.worker_ = &core_.current();
  ++active_;
  item.body_.run(item.body_.argument);
  --active_;
  item.worker_ = nullptr;
  item.done_ = number;
  while (!item.waiters_.empty()) core_.wake(item.waiters_.pop());
  core_.cond_resched();
}

// --- Workers.

void WorkQueue::start_worker() {
  const std::string comm = std::string("kworker/") + config_.name;
  workers_.push_back(std::make_unique<Worker>(*this, comm));
  make_idle(*workers_.back());
}

void WorkQueue::worker_main(void* worker) {
  Worker& self = *static_cast<Worker*>(worker);
  self.queue.work(self);
}

void WorkQueue::work(Worker& worker) {
  for (;;) {
    worker.thread.wait_for_kick();
    for (;;) {
      // Who is left without an idle successor sees to that before it works, unless another does.
      if (needs_worker() && !managing_) manage();
      WorkItem* item = may_begin() ? take() : nullptr;
      if (item == nullptr) break;
      if (pending_first_ != nullptr && !config_.bound) wake_idle_worker();
      worker.working = true;
      run(*item);
      worker.working = false;
    }
    make_idle(worker);
  }
}

/// nr_running of the pool is not 0.
bool WorkQueue::busy() const {
  if (!config_.bound) return false;
  return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) {
    return worker->working && worker->thread.task().state == TaskState::runnable;
  });
}

/// wq_worker_sleeping(): if nobody else is at work, somebody else may be.
void WorkQueue::worker_parked(void* worker) {
  Worker& self = *static_cast<Worker*>(worker);
  if (self.working && self.queue.pending_first_ != nullptr) self.queue.wake_idle_worker();
}

void WorkQueue::make_idle(Worker& worker) {
  worker.next_idle = idle_;
  worker.idle = true;
  idle_ = &worker;
}

void WorkQueue::wake_idle_worker() {
  if (idle_ == nullptr || !may_begin()) return;
  Worker& worker = *idle_;
  idle_ = worker.next_idle;
  worker.idle = false;
  worker.thread.kick();
}

bool WorkQueue::needs_worker() const {
  return pending_first_ != nullptr && idle_ == nullptr && may_begin();
}

/// maybe_create_worker(): until there is an idle worker, or none is needed.
void WorkQueue::manage() {
  managing_ = true;
  const Nanos first = std::max(mayday_first, 2 * core_.tick());
  mayday_timer_ = core_.at(core_.now() + first, mayday, this, 0);
  if (config_.source == nullptr) {
    start_worker();
  } else {
    UnlimitedLoop loop(core_, config_.source->wait());
    while (needs_worker()) {
      if (config_.source->make_worker(*this) == 0) {
        start_worker();
        break;
      }
      loop.round();
      core_.sleep(make_cooldown, WaitMode::interruptible);
    }
  }
  core_.cancel(mayday_timer_);
  managing_ = false;
}

void WorkQueue::mayday(void* queue, std::uint64_t) {
  WorkQueue& self = *static_cast<WorkQueue*>(queue);
  if (self.needs_worker() && self.rescuer_ != nullptr) self.rescuer_->kick();
  self.mayday_timer_ = self.core_.at(self.core_.now() + mayday_again, mayday, queue, 0);
}

void WorkQueue::rescuer_main(void* queue) {
  WorkQueue& self = *static_cast<WorkQueue*>(queue);
  for (;;) {
    self.rescuer_->wait_for_kick();
    self.rescue();
  }
}

void WorkQueue::rescue() {
  rescuing_ = true;
  while (needs_worker()) {
    WorkItem* item = take();
    if (item == nullptr) break;
    run(*item);
  }
  rescuing_ = false;
}

void WorkQueue::blockers(BlockerSink& sink) const {
  // Whenever a worker of a CPU's pool sleeps, for whatever, another begins the next item.
  if (config_.bound) return sink.event();
  // Whoever is at work may take the next item after; idle ones are woken only by new work.
  for (const auto& worker : workers_) {
    if (!worker->idle) sink.task(worker->thread.task());
  }
  if (rescuer_ != nullptr && (managing_ || rescuing_)) sink.task(rescuer_->task());
}

}  // namespace brink
