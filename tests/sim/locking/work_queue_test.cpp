// Work queues: every item runs as often as it is queued, workers are made as they are needed, and
// the rescuer works when none can be made.

#include "sim/locking/work_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "sim/sched/random.hpp"
#include "tests/sim/locking/locking_world.hpp"

namespace brink {
namespace {

/// An item that counts how often it has run, and how many of its kind run at once.
struct Job {
  explicit Job(Core& its_core, Nanos length = 0, Gate* waits_at = nullptr)
      : core(its_core), takes(length), gate(waits_at), item({run, this}, "job") {}

  static void run(void* self) {
    Job& job = *static_cast<Job*>(self);
    EXPECT_FALSE(std::exchange(job.running, true));
    if (job.gate != nullptr) job.gate->wait();
    job.core.sleep(job.takes);
    job.running = false;
    ++job.runs;
  }

  Core& core;
  const Nanos takes;
  Gate* const gate;
  int runs = 0;
  bool running = false;
  WorkItem item;
};

TEST(WorkQueue, AnItemRunsOnceForEachTimeThatItIsQueued) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WorkQueue queue(world.core, {.name = "test"});
  Job job(world.core);
  world.spawn([&] {
    EXPECT_TRUE(queue.queue(job.item));
    EXPECT_FALSE(queue.queue(job.item));  // Pending already.
    EXPECT_TRUE(job.item.pending());
    queue.flush(job.item);
    EXPECT_EQ(job.runs, 1);
    EXPECT_FALSE(job.item.pending());
    queue.flush(job.item);
    EXPECT_TRUE(queue.queue(job.item));
    queue.flush(job.item);
    EXPECT_EQ(job.runs, 2);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_STREQ(world.core.task(0).name(), "kworker/test");
}

TEST(WorkQueue, AnItemThatRunsMayBeQueuedAgainAndNeverRunsTwiceAtOnce) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WorkQueue queue(world.core, {.name = "test"});
  Job job(world.core, 1 * ms);
  world.spawn([&] {
    queue.queue(job.item);
    world.core.sleep(500 * us);
    EXPECT_TRUE(job.item.running());
    EXPECT_TRUE(queue.queue(job.item));
    queue.flush(job.item);
    EXPECT_EQ(job.runs, 2);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
}

TEST(WorkQueue, ItemsThatBlockDoNotBlockOthers) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WorkQueue queue(world.core, {.name = "test"});
  Gate gate(world.core);
  std::vector<std::unique_ptr<Job>> stuck;
  for (int i = 0; i < 5; ++i) stuck.push_back(std::make_unique<Job>(world.core, 0, &gate));
  Job job(world.core);
  world.spawn([&] {
    for (const auto& s : stuck) queue.queue(s->item);
    queue.queue(job.item);
    queue.flush(job.item);
    EXPECT_EQ(job.runs, 1);
    EXPECT_GE(queue.worker_count(), 6u);
    EXPECT_LE(queue.worker_count(), 8u);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
}

TEST(WorkQueue, NoMoreThanMaxActiveAreAtWork) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WorkQueue queue(world.core, {.name = "test", .max_active = 2});
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 6; ++i) jobs.push_back(std::make_unique<Job>(world.core, 1 * ms));
  world.spawn([&] {
    for (const auto& job : jobs) queue.queue(job->item);
    for (int i = 0; i < 30; ++i) {
      int running = 0;
      for (const auto& job : jobs) running += job->running;
      EXPECT_LE(running, 2);
      world.core.sleep(100 * us);
    }
    for (const auto& job : jobs) queue.flush(job->item);
    for (const auto& job : jobs) EXPECT_EQ(job->runs, 1);
    EXPECT_GE(world.core.now(), 3 * ms);
    EXPECT_LT(world.core.now(), 4 * ms);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
}

TEST(WorkQueue, DelayedWorkRunsLaterUnlessItIsCancelledOrFlushed) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WorkQueue queue(world.core, {.name = "test"});
  Job late(world.core), gone(world.core), soon(world.core);
  world.spawn([&] {
    EXPECT_TRUE(queue.queue_delayed(late.item, 5 * seconds));
    EXPECT_FALSE(queue.queue_delayed(late.item, 1 * seconds));
    EXPECT_TRUE(queue.queue_delayed(gone.item, 5 * seconds));
    EXPECT_TRUE(queue.queue_delayed(soon.item, 5 * seconds));
    EXPECT_TRUE(queue.cancel(gone.item));
    EXPECT_FALSE(queue.cancel(gone.item));
    queue.flush(soon.item);
    EXPECT_EQ(soon.runs, 1);
    EXPECT_LT(world.core.now(), 1 * seconds);
    world.core.sleep(4 * seconds);
    EXPECT_EQ(late.runs, 0);
    world.core.sleep(2 * seconds);
    EXPECT_EQ(late.runs, 1);
    EXPECT_EQ(gone.runs, 0);
    EXPECT_EQ(soon.runs, 1);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
}

TEST(WorkQueue, WhoFlushesACancelledItemGoesOn) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  WorkQueue queue(world.core, {.name = "test", .max_active = 1});
  Gate gate(world.core);
  Job stuck(world.core, 0, &gate);
  Job job(world.core);
  world.spawn([&] {
    queue.queue(stuck.item);
    queue.queue(job.item);
    queue.flush(job.item);
    EXPECT_EQ(job.runs, 0);
  });
  Task& flusher = world.core.task(world.core.task_count() - 1);
  world.spawn([&] {
    world.core.sleep(1 * ms);
    ASSERT_EQ(flusher.wait, &job.item);
    // The item waits for whoever is at work.
    EXPECT_EQ(blockers_of(flusher).tasks, (std::vector<TaskId>{stuck.item.running() ? 0u : 99u}));
    EXPECT_TRUE(queue.cancel(job.item));
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(flusher.state, TaskState::dead);
}

// --- Workers that cannot be made.

/// Fails until it is told otherwise.
struct Source final : WorkerSource {
  explicit Source(Core& core) : made(core, "memory for a worker") {}
  int make_worker(WorkQueue&) override {
    ++asked;
    return works ? 0 : -ENOMEM;
  }
  const Waitable& wait() const override { return made; }
  WaitQueue made;
  bool works = false;
  int asked = 0;
};

TEST(WorkQueue, TheRescuerWorksWhenNoWorkerCanBeMade) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Source source(world.core);
  WorkQueue queue(world.core, {.name = "xfs-data", .rescuer = true, .source = &source});
  Job job(world.core);
  Nanos done = 0;
  world.spawn([&] {
    const Nanos before = world.core.now();
    queue.queue(job.item);
    queue.flush(job.item);
    done = world.core.now() - before;
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(job.runs, 1);
  EXPECT_GE(done, 10 * ms);  // The call for help.
  EXPECT_LT(done, 30 * ms);
  EXPECT_STREQ(world.core.task(1).name(), "xfs-data");
}

TEST(WorkQueue, WithoutARescuerTheItemWaitsForItsManager) {
  FifoStrategy fifo;
  CoreConfig config;
  config.time_limit = 30 * seconds;
  LockingWorld world(fifo, config);
  Source source(world.core);
  WorkQueue queue(world.core, {.name = "events", .source = &source});
  Job job(world.core);
  world.spawn([&] {
    queue.queue(job.item);
    queue.flush(job.item);
  });
  EXPECT_EQ(world.core.run(), RunEnd::time_limit);
  EXPECT_EQ(job.runs, 0);
  EXPECT_GE(source.asked, 25);  // Once a second.
  EXPECT_LE(source.asked, 31);
  const Task& manager = world.core.task(0);
  EXPECT_EQ(blockers_of(world.core.task(1)).tasks, (std::vector<TaskId>{0}));
  EXPECT_EQ(manager.effective_wait(), &source.made);
}

TEST(WorkQueue, AManagerGoesOnWhenMakingWorksAgain) {
  FifoStrategy fifo;
  LockingWorld world(fifo);
  Source source(world.core);
  WorkQueue queue(world.core, {.name = "events", .source = &source});
  Job job(world.core);
  world.spawn([&] {
    queue.queue(job.item);
    world.core.sleep(2500 * ms);
    source.works = true;
    queue.flush(job.item);
    EXPECT_EQ(job.runs, 1);
    EXPECT_LT(world.core.now(), 4 * seconds);
  });
  EXPECT_EQ(world.core.run(), RunEnd::quiet);
  EXPECT_EQ(world.core.task(0).loop, nullptr);
}

TEST(WorkQueue, NothingIsLostOverRandomSchedules) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    RandomStrategy strategy(seed);
    LockingWorld world(strategy, cpus(2, Preempt::full));
    const auto max_active = static_cast<std::uint32_t>(seed % 3 + 1);
    WorkQueue queue(world.core, {.name = "test", .max_active = max_active, .rescuer = true});
    std::vector<std::unique_ptr<Job>> jobs;
    std::vector<int> queued(4);
    for (int i = 0; i < 4; ++i) jobs.push_back(std::make_unique<Job>(world.core, 3 * us));
    for (int t = 0; t < 3; ++t) {
      world.spawn([&, t] {
        Random luck(seed, static_cast<std::uint64_t>(t));
        for (int i = 0; i < 12; ++i) {
          const std::size_t which = luck.below(jobs.size());
          WorkItem& item = jobs[which]->item;
          switch (luck.below(4)) {
            case 0: queued[which] += queue.queue_delayed(item, 2 * us); break;
            case 1: queued[which] -= queue.cancel(item); break;
            case 2: queue.flush(item); break;
            default:
              // One that was delayed is only moved ahead.
              const bool pending = item.pending();
              if (!pending && !queue.cancel(item)) ++queued[which];
              queue.queue(item);
          }
          world.core.step(1 * us);
        }
      });
    }
    ASSERT_EQ(world.core.run(), RunEnd::quiet);
    for (std::size_t i = 0; i < jobs.size(); ++i) ASSERT_EQ(jobs[i]->runs, queued[i]) << seed;
    ASSERT_FALSE(queue.has_pending());
  }
}

}  // namespace
}  // namespace brink
