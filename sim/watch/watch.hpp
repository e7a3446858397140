// The watcher of one machine: sees tasks park, poll and end, keeps what design §4 defines up to
// date, ends the run when it is decided, and says what the run came to.
//
// When what is looked at: at each park a walk along the chain of owners; the fixed point only if
// that proves nothing, when a task ends, and when a supplier of memory runs out; khungtaskd's look
// once every timeout; the settling phase by the deadlines of those who make no progress. One timer
// serves all of it, and only while a foreground task lives and something else can still happen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "brink/outcome.hpp"
#include "brink/policy.hpp"
#include "sim/watch/chain_walk.hpp"
#include "sim/watch/closure_marks.hpp"
#include "sim/watch/fair.hpp"
#include "sim/watch/hung_task.hpp"
#include "sim/watch/settling.hpp"

namespace brink {

class ClosedSet;

struct WatchConfig {
  Nanos settle = 300 * seconds;             ///< W
  Nanos hung_task_timeout = 120 * seconds;  ///< 0: khungtaskd is off
  Nanos drain = 60 * seconds;  ///< guess: how long daemons may go on once all else has ended
  Strategy* usual = nullptr;   ///< the core's strategy; null if the settling phase is to keep it
};

/// Stops bad luck that does not last for the settling phase, and hears of hung tasks.
class SettlingHost {
 public:
  /// khungtaskd warns of the task.
  virtual void task_hung(const Task&) {}
  virtual void settling_began() = 0;
  virtual void settling_ended() = 0;

 protected:
  ~SettlingHost() = default;
};

/// What others found out about a run, each empty if nothing.
struct OtherEndings {
  std::string panic;
  std::string bug;
  std::string limit;  ///< a limit other than the core's time limit
};

struct WatchResult {
  Verdict verdict = Verdict::completed;
  std::string reason;
  bool has_lockup = false;
  Lockup lockup;
  std::vector<TaskId> stuck;      ///< members of the lockup
  std::vector<Finding> findings;  ///< by time
};

class Watch final : public CoreObserver {
 public:
  /// Everything must outlive it. `memory` may be null where nobody waits for memory.
  Watch(Core& core, const WatchConfig& config, const Obligations& obligations,
        MemorySuppliers* memory, SettlingHost* host = nullptr);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// The run waits for this task to end.
  void foreground(const Task& task);

  /// Something that many wait for has run out: look again.
  void ran_out();

  /// For policies that ask who waits for whom.
  const WaitView& waits() const { return waits_; }

  /// The verdict, once Core::run() has returned and before Core::abort().
  WatchResult finish(RunEnd end, const OtherEndings& others = {});

  /// When the last foreground task ended; `never` if one lives.
  Nanos completed_at() const { return completed_at_; }
  /// Whether the run was decided before its end.
  bool decided() const { return phase_ == Phase::decided; }

  void parked(Task& task) override;
  void exited(Task& task) override;
  void polled(Task& task) override;
  void held_cpu(Task& task, Nanos since) override;

 private:
  enum class Phase : std::uint8_t { watching, draining, decided };

  struct PerTask {
    const Waitable* loop = nullptr;  ///< as last seen
    Nanos loop_since = 0;
    const Waitable* inner_loop = nullptr;  ///< the last that it was seen in, inside of that one
    std::uint64_t stamp = 0;               ///< of the suppliers, when its last poll was looked at
    bool foreground = false;
    bool listed = false;  ///< in waiting_
  };

  /// Answers as of now, no kill and no bystander counted: "will it exit by itself, if chosen?"
  class Waits final : public WaitView {
   public:
    explicit Waits(Watch& watch) : watch_(watch) {}
    bool can_progress(TaskId task) const override;
    TaskId waits_for(TaskId task) const override;
    bool can_exit(TaskId task) const override;

   private:
    Watch& watch_;
  };

  PerTask& of(const Task& task);
  std::size_t own_calls() const;
  bool obliged(const Task& task) const;
  bool obliged_stuck() const;
  void renew();
  void look_at(Task& task);
  bool nobody_needs(const Task& gone);

  // watch_clock.cpp
  static void tick(void* watch, std::uint64_t);
  void tick();
  void arm(Nanos when);
  void arm_next();
  bool quiet() const;
  void begin_settling();
  void end_settling();
  void complete();
  bool drained() const;

  // watch_end.cpp
  void decide_closed(bool absolute);
  void decide_conditional();
  void decide_quiet();
  void decide(Verdict verdict, std::string reason, std::vector<TaskId> members,
              const ClosedSet* set, bool absolute);
  void decide_at_end(RunEnd end, const OtherEndings& others);
  bool decide_livelock();
  std::vector<Finding> open_sets();

  Core& core_;
  const WatchConfig config_;
  const Obligations& obligations_;
  MemorySuppliers* const memory_;
  SettlingHost* const host_;
  CanProgress progress_;
  ChainWalk chain_;
  ClosureMarks marks_;
  HungTasks hung_;
  Settling settling_;
  std::optional<FairStrategy> fair_;
  Waits waits_{*this};

  Phase phase_ = Phase::watching;
  bool armed_ = false;
  Core::Timer timer_{};
  Nanos next_hung_check_ = never;
  Nanos drain_until_ = 0;
  Nanos completed_at_ = never;
  std::uint32_t foreground_ = 0;
  bool undeclared_ = false;     ///< somebody waits for no one in particular
  bool conditional_ = false;    ///< bystanders apart, somebody obliged is stuck
  std::vector<PerTask> tasks_;  ///< by task id
  /// Who waited for something other than a lock, time or I/O when last looked at.
  std::vector<TaskId> waiting_;
  std::vector<Finding> findings_;
  std::vector<TaskId> soft_;  ///< tasks that kept their CPU for too long
  WatchResult result_;
};

}  // namespace brink
