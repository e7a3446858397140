// The growing buffers of a core. They outlive it: a world that ends hands them to the next one of
// its thread, so that a small world allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/sched/choice_log.hpp"
#include "sim/sched/ready_queue.hpp"
#include "sim/sched/task.hpp"
#include "sim/sched/timer_heap.hpp"

namespace brink {

using TimerFunction = void (*)(void* context, std::uint64_t argument);

/// Timers that call a function are told from those that wake a task by the top bit of their target.
inline constexpr std::uint32_t call_bit = 1u << 31;

/// A timer that calls a function; one that wakes a task needs no slot.
struct TimerCall {
  TimerFunction function;
  void* context;
  std::uint64_t argument;
  std::uint32_t sequence;  ///< of the pending timer; 0 if the slot is free
};

struct CoreStorage {
  ReadyQueue ready;                   ///< of the normal class
  ReadyQueue ready_fifo, ready_idle;  ///< of the other classes
  TimerHeap timers;
  ChoiceLog choices;
  std::vector<std::unique_ptr<Task>> tasks;  ///< made once, reset for each world
  std::vector<TimerCall> calls;
  std::vector<std::uint32_t> free_calls;

  void clear() {
    ready = ready_fifo = ready_idle = {};
    timers.clear();
    choices.clear();
    calls.clear();
    free_calls.clear();
  }

  std::uint32_t new_call() {
    if (free_calls.empty()) {
      calls.emplace_back();
      return static_cast<std::uint32_t>(calls.size() - 1);
    }
    const std::uint32_t slot = free_calls.back();
    free_calls.pop_back();
    return slot;
  }

  void free_call(std::uint32_t slot) {
    calls[slot].sequence = 0;
    free_calls.push_back(slot);
  }
};

}  // namespace brink
