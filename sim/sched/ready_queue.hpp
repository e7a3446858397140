// The READY tasks, oldest first: an intrusive list through Task::next, so that the common move,
// taking the oldest and queueing another, touches nothing but the two.
#pragma once

#include <cstdint>

#include "brink/assert.hpp"
#include "sim/sched/task.hpp"

namespace brink {

class ReadyQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  std::uint32_t size() const { return size_; }

  /// The task that has been READY for longest; must not be empty.
  Task& oldest() const { return *head_; }

  /// The task at `index`, 0 being the oldest. Linear in `index`.
  Task& at(std::uint32_t index) const {
    BRINK_ASSERT(index < size_);
    Task* task = head_;
    while (index-- != 0) task = task->next;
    return *task;
  }

  void push(Task& task) {
    task.next = nullptr;
    *(head_ == nullptr ? &head_ : &tail_->next) = &task;
    tail_ = &task;
    ++size_;
  }

  Task& pop() {
    Task* task = head_;
    head_ = task->next;
    --size_;
    return *task;
  }

  /// Takes the oldest and queues `task` in its stead, as youngest; must not be empty.
  Task& rotate(Task& task) {
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
    Task& before = at(index - 1);
    Task* task = before.next;
    before.next = task->next;
    if (tail_ == task) tail_ = &before;
    --size_;
    return *task;
  }

 private:
  Task* head_ = nullptr;
  Task* tail_ = nullptr;  ///< meaningless while empty
  std::uint32_t size_ = 0;
};

}  // namespace brink
