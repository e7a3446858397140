// Random programs on a real core, with the naive fixed point computed at every event: the watcher
// ends a run at the very event at which the first absolute set closes, and at no other.

#include <gtest/gtest.h>

#include "brink/random.hpp"
#include "tests/sim/watch/naive_fixpoint.hpp"
#include "tests/sim/watch/rig.hpp"

namespace brink {
namespace {

using invented::core_config;
using invented::Naive;
using invented::Rig;

/// Compares after each event that the watcher was told of.
class Checked final : public CoreObserver {
 public:
  explicit Checked(Rig& rig) : rig_(rig) { rig.core.set_observer(this); }
  ~Checked() { rig_.core.set_observer(nullptr); }

  std::uint64_t wrong = 0, events = 0;

  void parked(Task& t) override { rig_.watch.parked(t), check(); }
  void exited(Task& t) override { rig_.watch.exited(t), check(); }
  void polled(Task& t) override { rig_.watch.polled(t), check(); }

  void check() {
    if (over_) return;
    ++events;
    over_ = rig_.watch.decided();
    const std::vector<Nanos> rested(rig_.core.task_count());  // of no account to an absolute set
    const Naive naive(rig_.core, rig_.memory, rested, true);
    bool closed = false;
    for (TaskId id = 0; id < rig_.core.task_count(); ++id) {
      const Task& t = rig_.core.task(id);
      if (t.state == TaskState::dead || naive.can(id)) continue;
      closed = closed || rig_.obliged.obliged_since(t) != never;
    }
    wrong += closed != over_;
  }

 private:
  Rig& rig_;
  bool over_ = false;
};

class Programs {
 public:
  explicit Programs(std::uint64_t seed)
      : random_(seed, stream_id("programs")), rig_(config(seed)), check_(rig_) {
    for (std::uint32_t i = 0, n = 2 + draw(6); i < n; ++i) add_task(i);
    for (int i = 0; i < 3; ++i) mutexes_[i] = &rig_.mutex("m");
    for (Completion& done : completions_) {
      if (draw(2) == 0) done.declare_waker(*tasks_[draw(tasks_.size())]);
    }
  }

  ~Programs() { rig_.core.abort(); }

  Verdict run() { return rig_.run().verdict; }
  const Checked& check() const { return check_; }

 private:
  static CoreConfig config(std::uint64_t seed) {
    CoreConfig c = core_config(1 + static_cast<std::uint32_t>(seed % 2));
    c.preempt = Preempt::full;
    c.time_limit = 2 * seconds;
    return c;
  }

  std::uint32_t draw(std::uint64_t n) { return static_cast<std::uint32_t>(random_.below(n)); }

  void add_task(std::uint32_t number) {
    const std::string name = "t" + std::to_string(number);
    const auto body = [this] {
      for (std::uint32_t i = 0, n = 1 + draw(8); i < n; ++i) act(2);
    };
    Task& t = draw(6) == 0 ? rig_.kthread(name, body) : rig_.task(name, body);
    tasks_.push_back(&t);
    rig_.memory.of(t) = {.sticky = draw(20) == 0,
                         .reclaims = draw(2) == 0,
                         .may_enter = draw(3) == 0,
                         .refusal = draw(8) == 0,
                         .would_kill = draw(8) == 0 ? 0 : never,
                         .owns_pages = draw(2) == 0};
    if (draw(8) == 0) rig_.memory.victims.push_back(&t);
  }

  void act(int nesting) {
    Core& core = rig_.core;
    Completion& done = completions_[draw(2)];
    switch (draw(9)) {
      case 0: return static_cast<void>(core.sleep(1 + draw(5) * ms));
      case 1: return core.step(draw(3) * ms);
      case 2: return done.complete();
      case 3: return draw(3) == 0 ? done.wait_for() : done.complete_all();
      case 4:
        return static_cast<void>(done.wait_for(WaitMode::killable, core.now() + draw(4) * ms));
      case 5: return draw(4) == 0 ? rig_.ask_for_memory((1 + draw(2)) * ms) : core.yield();
      case 6: return change_memory();
      case 7: {
        RwSem& sem = sems_[draw(2)];
        if (draw(2) == 0) {
          ReadGuard guard(sem);
          if (nesting != 0) act(nesting - 1);
        } else {
          WriteGuard guard(sem);
          if (nesting != 0) act(nesting - 1);
        }
        return;
      }
      default: {
        MutexGuard guard(*mutexes_[draw(3)]);
        if (nesting != 0) act(nesting - 1);
      }
    }
  }

  void change_memory() {
    Task& t = *tasks_[draw(tasks_.size())];
    if (draw(3) == 0) return rig_.grant(t);
    rig_.memory.of(t).reclaims = false;
    rig_.memory.of(t).would_kill = never;
    rig_.changed();
    rig_.watch.ran_out();
    check_.check();
  }

  Random random_;
  Rig rig_;
  Checked check_;
  std::vector<Task*> tasks_;
  Mutex* mutexes_[3];
  RwSem sems_[2] = {RwSem(rig_.locks, rig_.lock_class("s0")),
                    RwSem(rig_.locks, rig_.lock_class("s1"))};
  Completion completions_[2] = {Completion(rig_.core, "c0"), Completion(rig_.core, "c1")};
};

TEST(RandomPrograms, EndAtTheEventThatClosesASetAndAtNoOther) {
  std::uint64_t events = 0;
  std::map<Verdict, int> verdicts;
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    Programs programs(seed);
    ++verdicts[programs.run()];
    ASSERT_EQ(programs.check().wrong, 0u) << "seed " << seed;
    events += programs.check().events;
  }
  EXPECT_GT(verdicts[Verdict::deadlock], 300);
  EXPECT_GT(verdicts[Verdict::memory_deadlock], 100);
  EXPECT_GT(verdicts[Verdict::completed], 300);
  EXPECT_GT(events, 30'000u);
}

}  // namespace
}  // namespace brink
