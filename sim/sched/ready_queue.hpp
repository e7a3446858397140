// The READY tasks, oldest first: an intrusive list through Task::next, so that the common move,
// taking the oldest and queueing another, touches nothing but the two. A long list also knows where
// its stretches end, so that one task among many thousands is found in few steps.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/assert.hpp"
#include "sim/sched/task.hpp"

namespace brink {

class ReadyQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  std::uint32_t size() const { return size_; }

  /// The task that has been READY for longest; must not be empty.
  Task& oldest() const { return *head_; }

  /// The task at `index`, 0 being the oldest. Linear in `index` up to the length of a stretch.
  Task& at(std::uint32_t index) const {
    BRINK_ASSERT(index < size_);
    return index == 0 ? *head_ : *before(index).task->next;
  }

  void push(Task& task) {
    task.next = nullptr;
    *(head_ == nullptr ? &head_ : &tail_->next) = &task;
    tail_ = &task;
    ++size_;
    if (size_ == long_list || !stretches_.empty()) [[unlikely]]
      pushed();
  }

  Task& pop() {
    Task* task = head_;
    head_ = task->next;
    --size_;
    if (!stretches_.empty()) [[unlikely]]
      popped();
    return *task;
  }

  /// Takes the oldest and queues `task` in its stead, as youngest; must not be empty.
  Task& rotate(Task& task) {
    if (!stretches_.empty()) [[unlikely]] {
      push(task);
      return pop();
    }
    Task* oldest = head_;
    task.next = nullptr;
    tail_->next = &task;
    tail_ = &task;
    head_ = oldest->next;
    return *oldest;
  }

  /// Takes the task at `index`.
  Task& take(std::uint32_t index) {
    if (index == 0) return pop();
    const Place place = before(index);
    Task* task = place.task->next;
    place.task->next = task->next;
    if (tail_ == task) tail_ = place.task;
    --size_;
    if (!stretches_.empty()) [[unlikely]]
      taken(place, *task);
    return *task;
  }

 private:
  static constexpr std::uint32_t long_list = 1'024;
  static constexpr std::uint32_t stretch = 256;  ///< tasks in one, at most

  /// Some tasks in a row.
  struct Stretch {
    Task* last;
    std::uint32_t size;
  };
  /// Where the next task is found: the one before it, and its stretch.
  struct Place {
    Task* task;
    std::size_t stretch;
  };

  /// Of a task that is not the oldest.
  Place before(std::uint32_t index) const {
    std::size_t in = 0;
    Task* task = head_;
    std::uint32_t steps = index - 1;
    if (!stretches_.empty()) [[unlikely]] {
      while (index >= stretches_[in].size) index -= stretches_[in++].size;
      if (in != 0) task = stretches_[in - 1].last;
      steps = in != 0 ? index : index - 1;
    }
    while (steps-- != 0) task = task->next;
    return {task, in};
  }

  // ready_queue.cpp
  void pushed();
  void popped();
  void taken(const Place& place, const Task& task);
  void shrink();

  Task* head_ = nullptr;
  Task* tail_ = nullptr;  ///< meaningless while empty
  std::uint32_t size_ = 0;
  std::vector<Stretch> stretches_;  ///< none while the list is short
};

}  // namespace brink
