// The fixed point: each task's wait becomes nodes of a support graph, by the rules of
// docs/waits.md.

#include "sim/watch/can_progress.hpp"

#include <algorithm>
#include <utility>

#include "sim/watch/acts.hpp"

namespace brink {

/// Makes what a wait's blockers say into supports of one node.
class CanProgress::Sink final : public BlockerSink {
 public:
  /// `all`: every blocker must act; otherwise one is enough.
  Sink(CanProgress& engine, const Task& waiter, const Waitable& wait, Node node, bool all)
      : engine_(engine), waiter_(waiter), wait_(wait), node_(node), all_(all) {}

  /// For an AND-wait, all blockers have been named.
  void finish() {
    if (all_) engine_.graph_.count_support(node_);
  }

  void task(const Task& blocker) override {
    add(blocker, blocker.loop != nullptr && acts_inside_loop(blocker, wait_));
  }
  void inner(const Task& blocker) override { add(blocker, true); }
  void event() override {
    if (!all_) engine_.graph_.make_hold(node_);
  }
  void anyone() override {
    Node node = node_;
    if (all_) {
      node = engine_.graph_.add_node();
      support(node);
    }
    engine_.add_anyone(waiter_, node);
  }
  void begin_any() override {
    if (!all_ || bracketed_ != none) return;
    const Node any = engine_.graph_.add_node();
    support(any);
    bracketed_ = std::exchange(node_, any);
    all_ = false;
  }
  void end_any() override {
    if (bracketed_ == none) return;
    node_ = std::exchange(bracketed_, none);
    all_ = true;
  }

 private:
  static constexpr Node none = ~Node{0};

  void add(const Task& blocker, bool inside) {
    if (blocker.state == TaskState::dead) {
      // The dead have exited, and will do nothing else.
      if (all_ && wait_.kind() != WaitKind::exit) engine_.graph_.raise(node_);
      return;
    }
    if (wait_.kind() == WaitKind::lock && queues_for(blocker, wait_)) return;
    const std::uint32_t index = engine_.index_[blocker.id];
    support(inside ? engine_.moves_node(index) : engine_.can_node(index));
  }
  void support(Node from) {
    if (all_) engine_.graph_.raise(node_);
    engine_.graph_.add_support(from, node_);
  }

  CanProgress& engine_;
  const Task& waiter_;
  const Waitable& wait_;
  Node node_;
  bool all_;
  Node bracketed_ = none;  ///< the wait's own node, inside of a bracket
};

void CanProgress::evaluate(std::size_t own_calls, Kills kills) {
  busy_ = true;
  kills_counted_ = kills == Kills::counted;
  bystanders_ = false;
  undeclared_waits_ = memory_waits_ = memcg_waits_ = 0;
  collect_tasks();
  if (memory_ != nullptr) memory_->renew();
  for (std::uint32_t i = 0; i < live_.size(); ++i) add_task(i);
  if (memory_waits_ + memcg_waits_ != 0) add_memory_sources();
  // A function that a timer will call may wake whoever has not said who will.
  if (core_.pending_calls() > own_calls) graph_.make_hold(anyone_);
  propagate();
  count_kills();
  busy_ = false;
}

void CanProgress::add_bystanders() {
  busy_ = true;
  bystanders_ = true;
  for (const Node poll : polls_) graph_.add_support(anyone_, poll);
  for (std::uint32_t i = 0; i < live_.size(); ++i) {
    // One without work does nothing, unless it has a timer of its own.
    facts_[i].idle = facts_[i].idle && core_.task(live_[i]).timer_sequence == 0;
    if (graph_.holds(can_node(i))) reached_task(i);
  }
  propagate();
  count_kills();
  busy_ = false;
}

void CanProgress::evaluate_quiet() {
  collect_tasks();
  for (std::uint32_t i = 0; i < live_.size(); ++i) {
    if (is_idle(core_.task(live_[i]))) graph_.make_hold(can_node(i));
  }
}

// --- Tasks.

void CanProgress::add_task(std::uint32_t index) {
  const Task& task = core_.task(live_[index]);
  if (facts_[index].idle) {
    graph_.make_hold(moves_node(index));
    graph_.make_hold(can_node(index));
    return;
  }
  if (task.loop != nullptr) {
    // It leaves the loop if it moves and the loop opens.
    const Node opens = graph_.add_node();
    Node asked = opens;
    if (is_poll(task.loop)) {
      asked = graph_.add_node();
      graph_.add_support(asked, opens);
      polls_.push_back(opens);
    }
    add_wait(task, *task.loop, asked, index, true);
    graph_.raise(can_node(index));
    graph_.add_support(opens, can_node(index));
  }
  if (is_poll(task.inner_loop)) {
    add_inner_poll(task, index);
  } else if (goes_on(task)) {
    graph_.make_hold(moves_node(index));
  } else {
    add_parked(task, index);
  }
  graph_.add_support(moves_node(index), can_node(index));
}

void CanProgress::add_parked(const Task& task, std::uint32_t index) {
  const Node moves = moves_node(index);
  if (task.wait_mode == WaitMode::uninterruptible)
    return add_wait(task, *task.wait, moves, index, false);
  // A signal ends the wait as well as what it is for.
  const Node ends = graph_.add_node();
  add_wait(task, *task.wait, ends, index, false);
  graph_.add_support(ends, moves);
  Sink signallers(*this, task, timer_wait, moves, false);
  obligations_.signallers(task, signallers);
  if (task.has(PF_KTHREAD)) return;
  killable_.push_back(index);
  graph_.add_support(kill_, moves);
}

void CanProgress::add_wait(const Task& task, const Waitable& wait, Node node, std::uint32_t index,
                           bool looping) {
  switch (wait.kind()) {
    case WaitKind::timer:
    case WaitKind::io:
    case WaitKind::idle: return graph_.make_hold(node);
    case WaitKind::memory: return add_memory_wait(task, node, index, looping);
    case WaitKind::lock: return add_lock_wait(task, wait, node);
    case WaitKind::none:
    case WaitKind::exit:
    case WaitKind::commit:
    case WaitKind::work:
    case WaitKind::wakers: break;
  }
  Sink sink(*this, task, wait, node, needs_all(wait.kind()));
  wait.blockers(task, sink);
  sink.finish();
}

/// Whoever waits for a lock, whatever stands ahead of it in the queue, goes on once all holders
/// have released: one node serves them all (docs/waits.md, "queues").
void CanProgress::add_lock_wait(const Task& task, const Waitable& wait, Node node) {
  Node* shared = lock_node(wait);
  if (*shared == 0) {
    *shared = graph_.add_node();
    Sink sink(*this, task, wait, *shared, true);
    wait.blockers(task, sink);
    sink.finish();
  }
  graph_.add_support(*shared, node);
}

CanProgress::Node* CanProgress::lock_node(const Waitable& wait) {
  const std::size_t mask = lock_nodes_.size() - 1;
  std::size_t at =
      (reinterpret_cast<std::uintptr_t>(&wait) >> 4) * 0x9e3779b97f4a7c15u >> 20 & mask;
  while (lock_nodes_[at].lock != nullptr && lock_nodes_[at].lock != &wait) at = (at + 1) & mask;
  lock_nodes_[at].lock = &wait;
  return &lock_nodes_[at].node;
}

/// Whoever can progress may wake those who wait for no one in particular. A daemon of the kernel
/// that has come to rest since owes them nothing: it counts as a bystander (docs/waits.md,
/// "daemons").
void CanProgress::add_anyone(const Task& task, Node node) {
  ++undeclared_waits_;
  graph_.add_support(anyone_, node);
  const Nanos since = task.loop != nullptr ? task.loop_since : task.parked_since;
  for (const std::uint32_t index : daemons_) {
    if (rested_[live_[index]] <= since) graph_.add_support(can_node(index), node);
  }
}

// --- Memory.

void CanProgress::add_memory_wait(const Task& task, Node node, std::uint32_t index, bool looping) {
  BRINK_ASSERT(memory_ != nullptr);
  if (memory_->sticky(task)) return;
  const bool machine = memory_->memcg(task) == 0;
  ++(machine ? memory_waits_ : memcg_waits_);
  if (memory_->pages(task) || memory_->refusal(task)) graph_.make_hold(node);
  graph_.add_support(machine ? memory_node_ : memcg_node_, node);
  if (!looping) return;
  // As it goes round it reclaims, and comes to the OOM path.
  if (memory_->reclaims(task)) {
    facts_[index].reclaims = true;
    graph_.add_support(moves_node(index), node);
  }
  if (!facts_[index].may_kill && memory_->may_enter_oom(task)) {
    facts_[index].may_kill = true;
    killers_.push_back(index);
  }
}

void CanProgress::add_memory_sources() {
  Sink sink(*this, core_.task(live_.front()), timer_wait, memory_node_, false);
  memory_->reclaimers(sink);
  memory_->dying(sink);
  if (memory_->io_frees()) graph_.make_hold(memory_node_);
  if (memcg_waits_ == 0) return;
  Sink memcgs(*this, core_.task(live_.front()), timer_wait, memcg_node_, false);
  memory_->memcg_reclaimers(memcgs);
  memory_->dying(memcgs);
  if (memory_->io_frees()) graph_.make_hold(memcg_node_);
}

/// Whether somebody waits for memory that nobody is known to bring.
bool CanProgress::starving() const {
  return (memory_waits_ != 0 && !graph_.holds(memory_node_)) ||
         (memcg_waits_ != 0 && !graph_.holds(memcg_node_));
}

/// The OOM killer is asked last, and only if its answer could matter.
void CanProgress::count_kills() {
  if (!kills_counted_ || graph_.holds(kill_)) return;
  const auto waits = [this](std::uint32_t index) { return !graph_.holds(moves_node(index)); };
  const bool wanted = starving() || std::any_of(killable_.begin(), killable_.end(), waits);
  if (!wanted) return;
  for (const std::uint32_t index : killers_) {
    if (!facts_[index].may_kill || !graph_.holds(moves_node(index))) continue;
    facts_[index].may_kill = false;  // Asked once an evaluation.
    if (memory_->would_kill(core_.task(live_[index])) == never) continue;
    graph_.make_hold(kill_);
    graph_.make_hold(memory_node_);
    graph_.make_hold(memcg_node_);
    return propagate();
  }
}

// --- The fixed point.

void CanProgress::propagate() {
  const Node end = first_task_ + 2 * static_cast<Node>(live_.size());
  graph_.propagate([this, end](Node node) {
    if (node < first_task_ || node >= end) return;
    const Node place = node - first_task_;
    if (place % 2 == 1) reached_task(place / 2);
  });
}

/// A task can progress: what that means for those who wait for no one in particular.
void CanProgress::reached_task(std::uint32_t index) {
  if (facts_[index].idle) return;
  if (!facts_[index].daemon || bystanders_) graph_.make_hold(anyone_);
  if (!starving()) return;
  if (facts_[index].reclaims || (bystanders_ && memory_->owns_pages(core_.task(live_[index])))) {
    graph_.make_hold(memory_node_);
    graph_.make_hold(memcg_node_);
  }
}

}  // namespace brink
