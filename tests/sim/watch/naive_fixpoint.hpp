// The rules of design §4 as formulas, iterated until nothing changes: written apart from the
// engine, as slow as it gets, for comparison.
#pragma once

#include <vector>

#include "tests/sim/watch/invented.hpp"

namespace brink::invented {

class Naive {
 public:
  /// `rested`: by task, when it was last without work, plus 1.
  Naive(const Core& core, const Suppliers& memory, const std::vector<Nanos>& rested,
        bool bystanders)
      : core_(core),
        memory_(memory),
        rested_(rested),
        bystanders_(bystanders),
        moves_(core.task_count()),
        can_(core.task_count()) {
    bool changed = true;
    while (changed) {
      changed = false;
      for (TaskId id = 0; id < core.task_count(); ++id) {
        const Task& t = core.task(id);
        if (!moves_[id] && moves(t)) changed = moves_[id] = true;
        if (!can_[id] && can(t)) changed = can_[id] = true;
      }
    }
  }

  bool moves(TaskId id) const { return moves_[id]; }
  bool can(TaskId id) const { return can_[id]; }

 private:
  struct Tally final : BlockerSink {
    Tally(const Naive& n, const Task& t, const Waitable& w) : naive(n), waiter(t), wait(w) {}
    const Naive& naive;
    const Task& waiter;
    const Waitable& wait;
    bool all = true, any = false;

    void note(bool ok) {
      all = all && ok;
      any = any || ok;
    }
    void task(const Task& t) override {
      if (t.state == TaskState::dead) {
        if (wait.kind() == WaitKind::exit || !needs_all(wait.kind())) return;
        return note(false);
      }
      const bool queued = wait.kind() == WaitKind::lock && wait.owner() != &t &&
                          (t.wait == &wait || t.loop == &wait);
      if (queued && polls(t.inner_loop)) return note(naive.gets_through(t));
      note(queued ? naive.moves_[t.id] : naive.can_[t.id]);
    }
    void inner(const Task& t) override {
      if (t.state == TaskState::dead) return task(t);
      note(naive.moves_[t.id]);
    }
    void event() override { note(true); }
    void anyone() override { note(naive.anyone(waiter)); }
  };

  static bool idle(const Task& t) {
    if (t.state != TaskState::parked || t.loop != nullptr) return false;
    const bool naps = t.wait->kind() == WaitKind::timer && t.has(PF_KTHREAD) && t.has(DAEMON);
    return naps || t.wait->kind() == WaitKind::idle;
  }

  bool moves(const Task& t) const {
    if (t.state == TaskState::dead) return false;
    if (polls(t.inner_loop)) return leaves_inner(t);
    return gets_through(t);
  }

  /// Whether what it is parked on ends, whatever loop it is in.
  bool gets_through(const Task& t) const {
    if (t.state == TaskState::runnable || t.timer_sequence != 0 || idle(t)) return true;
    if (t.signalled(t.wait_mode)) return true;
    if (t.wait_mode != WaitMode::uninterruptible && !t.has(PF_KTHREAD) && kill()) return true;
    return ends(t, *t.wait, false);
  }

  static bool polls(const Waitable* loop) {
    return loop != nullptr && (loop->kind() == WaitKind::wakers || loop->kind() == WaitKind::work ||
                               loop->kind() == WaitKind::commit || loop->kind() == WaitKind::none);
  }

  /// It asks for memory, and for what the others may bring.
  bool leaves_inner(const Task& t) const {
    if (bystanders_ && anyone(t)) return true;
    if (supply(t)) return true;
    Tally tally(*this, t, *t.inner_loop);
    t.inner_loop->blockers(t, tally);
    return needs_all(t.inner_loop->kind()) ? tally.all : tally.any;
  }

  bool can(const Task& t) const {
    return moves(t) && (t.loop == nullptr || ends(t, *t.loop, true));
  }

  bool ends(const Task& t, const Waitable& wait, bool looping) const {
    switch (wait.kind()) {
      case WaitKind::timer:
      case WaitKind::io:
      case WaitKind::idle: return true;
      case WaitKind::memory: return memory(t, looping);
      default: break;
    }
    Tally tally(*this, t, wait);
    wait.blockers(t, tally);
    const bool poll = looping && (wait.kind() == WaitKind::wakers ||
                                  wait.kind() == WaitKind::work || wait.kind() == WaitKind::commit);
    if (poll && bystanders_ && anyone(t)) return true;
    return needs_all(wait.kind()) ? tally.all : tally.any;
  }

  bool memory(const Task& t, bool looping) const {
    const Request& r = memory_.of(t);
    if (r.sticky) return false;
    if (r.pages || r.refusal) return true;
    if (looping && r.reclaims && moves(t)) return true;
    return supply(t);
  }

  bool supply(const Task& t) const {
    if (memory_.io || kill()) return true;
    for (const Blocker& b : memory_.helpers) {
      if (b.inner ? moves_[b.task->id] : can_[b.task->id]) return true;
    }
    for (const Task* v : memory_.victims) {
      if (can_[v->id]) return true;
    }
    for (TaskId id = 0; id < core_.task_count(); ++id) {
      const Task& q = core_.task(id);
      if (!can_[id] || (idle(q) && !(bystanders_ && q.timer_sequence != 0))) continue;
      if (asks(q) && memory_.of(q).reclaims) return true;
      if (bystanders_ && &q != &t && memory_.of(q).owns_pages) return true;
    }
    return false;
  }

  /// Whether it goes round for memory.
  bool asks(const Task& q) const {
    return q.state != TaskState::dead && q.loop != nullptr && q.loop->kind() == WaitKind::memory &&
           !memory_.of(q).sticky;
  }

  bool kill() const {
    for (TaskId id = 0; id < core_.task_count(); ++id) {
      const Task& q = core_.task(id);
      if (!asks(q) || !moves_[id] || !memory_.of(q).may_enter) continue;
      if (memory_.of(q).would_kill != never) return true;
    }
    return false;
  }

  bool anyone(const Task& waiter) const {
    for (TaskId id = 0; id < core_.task_count(); ++id) {
      const Task& q = core_.task(id);
      const bool daemon = q.has(PF_KTHREAD) && q.has(DAEMON);
      if (idle(q)) {
        if (bystanders_ && q.timer_sequence != 0) return true;
        continue;
      }
      if (!can_[id]) continue;
      const Nanos since = waiter.loop != nullptr ? waiter.loop_since : waiter.parked_since;
      const bool rests = daemon && rested_[id] > since;
      if (!rests || bystanders_) return true;
    }
    return false;
  }

  const Core& core_;
  const Suppliers& memory_;
  const std::vector<Nanos>& rested_;
  const bool bystanders_;
  std::vector<bool> moves_, can_;
};

}  // namespace brink::invented
