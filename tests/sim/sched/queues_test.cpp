// The queues of the core against obvious models: timers, READY tasks, waiters.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "brink/random.hpp"
#include "sim/sched/ready_queue.hpp"
#include "sim/sched/timer_heap.hpp"
#include "sim/sched/waiters.hpp"

namespace brink {
namespace {

RC_GTEST_PROP(TimerHeap, FiresInTheOrderOfAMultimap, ()) {
  TimerHeap heap;
  std::multimap<Nanos, std::pair<std::uint32_t, std::uint32_t>> model;
  std::uint32_t sequence = 0;
  // Runs of pops and pushes: a pop leaves the root open, which the next operation must respect.
  const auto operations =
      *rc::gen::resize(400, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 200)));
  for (const int operation : operations) {
    if (operation % 5 < 2 && !model.empty()) {
      const auto first = model.begin();
      RC_ASSERT(heap.top_target() == first->second.second);
      const TimerHeap::Entry entry = heap.pop();
      RC_ASSERT(entry.when == first->first);
      RC_ASSERT(entry.sequence == first->second.first);
      RC_ASSERT(entry.target == first->second.second);
      model.erase(first);
    } else if (operation == 199) {
      heap.clear();
      model.clear();
    } else {
      const Nanos when = static_cast<Nanos>(operation % 23) << (operation % 3 == 0 ? 40 : 0);
      heap.push(when, ++sequence, static_cast<std::uint32_t>(operation));
      model.emplace(when, std::make_pair(sequence, static_cast<std::uint32_t>(operation)));
    }
    RC_ASSERT(heap.size() == model.size());
    RC_ASSERT(heap.empty() == model.empty());
    RC_ASSERT(heap.next() == (model.empty() ? never : model.begin()->first));
  }
}

TEST(TimerHeap, GrowsAndKeepsOrder) {
  TimerHeap heap;
  for (std::uint32_t i = 0; i < 5000; ++i) heap.push(i * 7919 % 1000, i, i);
  Nanos time = 0;
  std::uint32_t sequence = 0;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const TimerHeap::Entry entry = heap.pop();
    ASSERT_TRUE(entry.when > time || (entry.when == time && entry.sequence >= sequence));
    time = entry.when;
    sequence = entry.sequence;
  }
  EXPECT_TRUE(heap.empty());
}

/// Tasks to stand in queues.
struct Crowd {
  explicit Crowd(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      tasks.push_back(std::make_unique<Task>());
      tasks.back()->id = static_cast<TaskId>(i);
      free.push_back(tasks.back().get());
    }
  }
  Task* leave() {
    Task* task = free.front();
    free.pop_front();
    return task;
  }
  std::vector<std::unique_ptr<Task>> tasks;
  std::deque<Task*> free;
};

RC_GTEST_PROP(ReadyQueue, IsAList, (const std::vector<std::uint8_t>& operations)) {
  Crowd crowd(20);
  ReadyQueue queue;
  std::vector<Task*> model;
  for (const std::uint8_t operation : operations) {
    const std::uint32_t number = operation / 4;
    if (operation % 4 < 2 && !crowd.free.empty()) {
      Task* task = crowd.leave();
      queue.push(*task);
      model.push_back(task);
    } else if (operation % 4 == 2 && !model.empty()) {
      const std::uint32_t at = number % static_cast<std::uint32_t>(model.size());
      Task& task = queue.take(at);
      RC_ASSERT(&task == model[at]);
      model.erase(model.begin() + at);
      crowd.free.push_back(&task);
    } else if (!model.empty() && !crowd.free.empty()) {
      Task* in = crowd.leave();
      Task& out = queue.rotate(*in);
      RC_ASSERT(&out == model.front());
      model.erase(model.begin());
      model.push_back(in);
      crowd.free.push_back(&out);
    }
    RC_ASSERT(queue.size() == model.size());
    RC_ASSERT(queue.empty() == model.empty());
    for (std::uint32_t i = 0; i < queue.size(); ++i) RC_ASSERT(&queue.at(i) == model[i]);
    if (!model.empty()) RC_ASSERT(&queue.oldest() == model.front());
  }
}

/// Thousands of tasks, from none to all and back, three times.
TEST(ReadyQueue, IsAListWhenItIsLong) {
  Crowd crowd(4'000);
  ReadyQueue queue;
  std::vector<Task*> model;
  Random luck(1, stream_id("ready queue"));
  for (int step = 0; step < 60'000; ++step) {
    const bool grows = step / 10'000 % 2 == 0;
    const std::uint64_t what = luck.below(8);
    if (what < (grows ? 5u : 1u)) {
      if (crowd.free.empty()) continue;
      model.push_back(crowd.leave());
      queue.push(*model.back());
    } else if (!model.empty()) {
      const std::size_t at = what == 7 ? 0 : luck.below(model.size());
      ASSERT_EQ(&queue.at(static_cast<std::uint32_t>(at)), model[at]);
      Task& task = what == 7 ? queue.pop() : queue.take(static_cast<std::uint32_t>(at));
      ASSERT_EQ(&task, model[at]);
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(at));
      crowd.free.push_back(&task);
      if (what != 6) continue;
      model.push_back(crowd.leave());
      if (model.size() == 1) {
        queue.push(*model.back());
        continue;
      }
      Task& oldest = queue.rotate(*model.back());
      ASSERT_EQ(&oldest, model.front());
      model.erase(model.begin());
      crowd.free.push_back(&oldest);
    }
    ASSERT_EQ(queue.size(), model.size());
  }
  for (std::size_t i = 0; i < model.size(); ++i) {
    ASSERT_EQ(&queue.at(static_cast<std::uint32_t>(i)), model[i]);
  }
}

RC_GTEST_PROP(Waiters, IsAListThatTasksMayLeave, (const std::vector<std::uint8_t>& operations)) {
  Crowd crowd(20);
  Waiters queue;
  std::vector<Task*> model;
  for (const std::uint8_t operation : operations) {
    if (operation % 3 == 0 && !crowd.free.empty()) {
      model.push_back(crowd.leave());
      queue.push(*model.back());
    } else if (operation % 3 == 1 && !model.empty()) {
      RC_ASSERT(&queue.pop() == model.front());
      crowd.free.push_back(model.front());
      model.erase(model.begin());
    } else {
      Task* task = crowd.tasks[operation % 20].get();
      const auto at = std::find(model.begin(), model.end(), task);
      RC_ASSERT(queue.remove(*task) == (at != model.end()));
      if (at != model.end()) {
        crowd.free.push_back(task);
        model.erase(at);
      }
    }
    RC_ASSERT(queue.empty() == model.empty());
    const Task* task = queue.first();
    for (const Task* expected : model) {
      RC_ASSERT(task == expected);
      task = task->wait_next;
    }
    RC_ASSERT(task == nullptr);
  }
}

}  // namespace
}  // namespace brink
