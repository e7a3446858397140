// Failed allocations and what became of them (design §6): each failure is followed from its first
// round without a page to its first effect outside of the allocating code. This is brink's own
// bookkeeping; no kernel has it.
//
// A failure's id stands on the open list of whoever carries its effect: a task, a work item, a bio,
// a page. Model code settles it, or hands it over; the exit from the system call settles what is
// left.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "brink/outcome.hpp"
#include "brink/sites.hpp"
#include "sim/mm/site_table.hpp"
#include "sim/sched/core.hpp"

namespace brink {

using FailureId = std::uint32_t;
inline constexpr FailureId no_failure = ~FailureId{0};

/// The open failures of one owner, latest first. Copying it does not copy the failures: hand them
/// over with FailureLedger::move.
struct FailureList {
  FailureId first = no_failure;
  bool empty() const { return first == no_failure; }
};

/// A request, as far as a failure remembers it.
struct FailedRequest {
  Site site{};
  unsigned order = 0;
  Gfp gfp = Gfp::none;
};

class FailureLedger {
 public:
  FailureLedger(Core& core, const SiteTable& sites, bool keep);

  /// A failure begins; it goes to the running task's list. `syscall` is what current_syscall()
  /// says.
  FailureId open(const FailedRequest& request, Cause cause);
  /// Its cause is another than it looked like at first (a victim in the end, say).
  void set_cause(FailureId id, Cause cause);

  /// Its fate; the id is closed and leaves its list.
  void settle(FailureId id, Fate fate);
  /// The latest open failure of the running task, settled; nothing if there is none.
  void settle_last(Fate fate);
  FailureId last(const Task& task) const;

  /// Something followed from it beyond its fate; `id` may be closed already.
  void consequence(FailureId id, Consequence what);

  /// Hands an open failure, or all of a list, to another owner.
  void move(FailureId id, FailureList& to);
  void move_all(FailureList& from, FailureList& to);
  void settle_all(FailureList& list, Fate fate);

  FailureList& list_of(Task& task);

  /// The system call that `task` is in, for records; "" for none. The name is not copied.
  void enter_syscall(Task& task, const char* name);
  const char* syscall_of(const Task& task) const;

  /// The system call of `task` returns `result` to user space: settles its open failures as
  /// returned, translated or swallowed, and counts ENOMEM by cause. True if something was
  /// swallowed.
  bool settle_syscall(Task& task, const char* syscall, std::int64_t result);
  /// The task is killed before user space sees an answer.
  void settle_killed(Task& task);
  /// The run has ended: `stuck` tasks' failures are stuck, all others `rest`.
  void finish(std::span<const TaskId> stuck, Fate rest);

  /// By site number.
  const std::vector<std::array<std::uint64_t, fate_count>>& fates() const { return fates_; }
  std::uint64_t open_count() const { return open_; }
  /// All failures, in order of beginning; only if they are kept.
  std::vector<FailureRecord> take_records();
  void add_to(Counters& counters) const;

 private:
  struct Open {
    FailedRequest request;
    Cause cause = Cause::give_up;
    bool open = false;
    FailureList* list = nullptr;
    FailureId id = 0;             ///< of the failure that has this slot, or had it last
    FailureId next = no_failure;  ///< in its list, or among the free slots
  };
  struct PerTask {
    FailureList list;
    const char* syscall = "";
  };

  Open& at(FailureId id);
  Open& new_slot();
  void link(Open& failure, FailureList& list);
  void unlink(Open& failure);
  void close(Open& failure, Fate fate, std::int64_t result);
  PerTask& of(TaskId id);
  void keep_record(const Open& failure);
  void count_enomem(const Open& failure);

  Core& core_;
  const SiteTable& sites_;
  const bool keep_;
  std::vector<Open> slots_;
  FailureId free_ = no_failure;
  std::uint64_t open_ = 0;
  std::deque<PerTask> tasks_;  ///< by task
  FailureList interrupts_;     ///< of what no task asked for
  std::vector<std::array<std::uint64_t, fate_count>> fates_;
  std::vector<FailureRecord> records_;
  std::array<std::uint64_t, cause_count> enomem_{};
  std::uint64_t enomem_refusable_ = 0;
};

}  // namespace brink
