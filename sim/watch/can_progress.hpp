// Who can still make progress (design §4): the least fixed point of the rules over tasks, events
// and suppliers of memory. docs/waits.md has the rules one by one, and why none of them claims a
// lockup that a fair run could open.
//
// Three things are told apart for each task. It *moves* if it will take another step. If it is
// inside of an unlimited loop, the loop *opens* if what it asks for may come. It *can progress* if
// it moves and is in no loop, or moves and its loop opens.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/sched/core.hpp"
#include "sim/watch/obligations.hpp"
#include "sim/watch/suppliers.hpp"
#include "sim/watch/support_graph.hpp"

namespace brink {

class CanProgress {
 public:
  /// `memory` may be null on a machine where nobody waits for memory.
  CanProgress(const Core& core, const Obligations& obligations, MemorySuppliers* memory)
      : core_(core), obligations_(obligations), memory_(memory) {}

  enum class Kills : bool { ignored, counted };

  /// Computes the fixed point for the present state, bystanders not counted (conditional).
  /// `own_calls`: timers among Core::pending_calls() that wake nobody, as the watchers' own.
  void evaluate(std::size_t own_calls, Kills kills = Kills::counted);

  /// Goes on from there, bystanders counted (absolute): supplier (7); daemons of the kernel that
  /// might end a wait that declares no waker, although they have come to rest since it began; and
  /// whoever might change what a poll asks for, although it is not declared.
  void add_bystanders();

  /// A daemon of the kernel has no work (again).
  void rested(TaskId task, Nanos when);

  /// The machine is quiet: whatever the rules say, nothing will ever happen.
  void evaluate_quiet();

  bool can(TaskId task) const { return holds(task, 1); }
  bool moves(TaskId task) const { return holds(task, 0); }

  /// Every live task, by id, as of the last evaluation.
  std::span<const TaskId> tasks() const { return live_; }

  /// Tasks whose wait declares no waker, in the last evaluation.
  std::uint32_t undeclared_waits() const { return undeclared_waits_; }

  /// True while an evaluation is under way: can() answers from what is known so far.
  bool busy() const { return busy_; }

 private:
  using Node = SupportGraph::Node;
  static constexpr Node anyone_ = 0, memory_node_ = 1, kill_ = 2, memcg_node_ = 3, first_task_ = 4;
  static constexpr std::uint32_t dead = ~std::uint32_t{0};

  class Sink;
  struct Facts {
    bool idle = false;
    bool daemon = false;    ///< a daemon of the kernel
    bool reclaims = false;  ///< its own rounds may free pages
    bool may_kill = false;  ///< its own rounds may enter the OOM path
  };

  Node moves_node(std::uint32_t index) const { return first_task_ + 2 * index; }
  Node can_node(std::uint32_t index) const { return moves_node(index) + 1; }
  bool holds(TaskId task, Node which) const {
    return task < index_.size() && index_[task] != dead &&
           graph_.holds(first_task_ + 2 * index_[task] + which);
  }

  void collect_tasks();
  void note_daemon(std::uint32_t index);
  void add_task(std::uint32_t index);
  void add_inner_poll(const Task& task, std::uint32_t index);
  void add_parked(const Task& task, std::uint32_t index);
  void add_wait(const Task& task, const Waitable& wait, Node node, std::uint32_t index,
                bool looping);
  void add_lock_wait(const Task& task, const Waitable& wait, Node node);
  void add_memory_wait(const Task& task, Node node, std::uint32_t index, bool looping);
  void add_anyone(const Task& task, Node node);
  void add_memory_sources();
  bool starving() const;
  Node* lock_node(const Waitable& wait);
  void propagate();
  void reached_task(std::uint32_t index);
  void count_kills();

  const Core& core_;
  const Obligations& obligations_;
  MemorySuppliers* const memory_;

  SupportGraph graph_;
  std::vector<TaskId> live_;
  std::vector<std::uint32_t> index_;     ///< by task id: its place in live_
  std::vector<Facts> facts_;             ///< by place
  std::vector<Nanos> rested_;            ///< by task id: when it was last seen idle, plus 1
  std::vector<std::uint32_t> daemons_;   ///< places of the kernel's daemons that have work
  std::vector<std::uint32_t> killers_;   ///< places of loopers that may enter the OOM path
  std::vector<std::uint32_t> killable_;  ///< places of those whose wait SIGKILL would end
  struct LockNode {
    const Waitable* lock = nullptr;
    Node node = 0;
  };
  std::vector<Node> polls_;  ///< loops that ask for what others than memory and locks decide
  std::vector<LockNode> lock_nodes_;  ///< open addressing; asked, never walked
  TaskId seen_ = 0;                   ///< tasks below it have been collected
  std::uint32_t undeclared_waits_ = 0;
  std::uint32_t memory_waits_ = 0;  ///< for pages of the machine
  std::uint32_t memcg_waits_ = 0;   ///< for room in memory cgroups
  bool kills_counted_ = false;
  bool bystanders_ = false;
  bool busy_ = false;
};

}  // namespace brink
