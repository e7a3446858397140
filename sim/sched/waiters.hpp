// The tasks that wait for one thing, first come first: an intrusive list through Task::wait_next. A
// task whose wait ended early (signal, timeout) stays listed until it runs and takes itself out.
#pragma once

#include "sim/sched/task.hpp"

namespace brink {

class Waiters {
 public:
  bool empty() const { return head_ == nullptr; }
  /// Null if nobody waits.
  Task* first() const { return head_; }

  void push(Task& task) {
    task.wait_next = nullptr;
    *(head_ == nullptr ? &head_ : &tail_->wait_next) = &task;
    tail_ = &task;
  }

  /// Takes the one that has waited for longest; must not be empty.
  Task& pop() {
    Task* task = head_;
    head_ = task->wait_next;
    return *task;
  }

  /// Takes out `task`, wherever it stands; false if it is not listed.
  bool remove(Task& task) {
    Task* before = nullptr;
    for (Task* t = head_; t != nullptr; before = t, t = t->wait_next) {
      if (t != &task) continue;
      (before == nullptr ? head_ : before->wait_next) = t->wait_next;
      if (tail_ == t) tail_ = before;
      return true;
    }
    return false;
  }

 private:
  Task* head_ = nullptr;
  Task* tail_ = nullptr;  ///< meaningless while empty
};

}  // namespace brink
