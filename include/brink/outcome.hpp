// What one run came to: plain data, for reports, for tests, and for other programs.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "brink/hook.hpp"
#include "brink/syscall.hpp"
#include "brink/units.hpp"

namespace brink {

/// How a run ended (design §4); in order of precedence, best last.
enum class Verdict : std::uint8_t {
  panic,
  memory_deadlock,
  deadlock,
  livelock,
  hung_task,
  soft_lockup,
  bug,
  limit,
  completed,
};
inline constexpr std::size_t verdict_count = 9;
const char* name(Verdict verdict);

constexpr bool is_lockup(Verdict v) {
  return v >= Verdict::memory_deadlock && v <= Verdict::soft_lockup;
}
constexpr bool is_proved(Verdict v) {
  return v == Verdict::memory_deadlock || v == Verdict::deadlock;
}

/// Where a failed allocation first had an effect outside of the allocating code (design §6).
enum class Fate : std::uint8_t {
  retried,
  fallback,
  degraded,
  deferred,
  dropped,
  shortened,   ///< `short`: success with fewer bytes or entries
  returned,    ///< ENOMEM from the system call
  translated,  ///< another errno or value from the system call
  late,
  killed,
  panicked,
  stuck,
  unresolved,
  swallowed,
};
inline constexpr std::size_t fate_count = 14;
const char* name(Fate fate);

/// Why an allocation failed.
enum class Cause : std::uint8_t {
  give_up,   ///< the policy said so
  injected,  ///< a fault said so
  no_sleep,  ///< it may not sleep, and there was nothing
  victim,    ///< its task is an OOM victim, or frees memory itself
  limit,     ///< a memory cgroup is at its limit
};
inline constexpr std::size_t cause_count = 5;
const char* name(Cause cause);

/// What followed from a failure beyond its fate.
enum class Consequence : std::uint8_t {
  fs_error,
  later_errno,
  leaked,
  left_locked,
  corrupted,
  panic
};
const char* name(Consequence consequence);

const char* name(Reaction reaction);

/// One failed allocation, from its first round without a page to its fate.
struct FailureRecord {
  std::uint32_t id = 0;
  std::string site;
  std::string task;
  TaskId task_id = no_task;
  unsigned order = 0;
  Gfp gfp = Gfp::none;
  OnFailure on_failure = OnFailure::propagate;
  Cause cause = Cause::give_up;
  Fate fate = Fate::unresolved;
  std::string syscall;      ///< in which it began; empty for work without one
  std::int64_t result = 0;  ///< what that returned, once it has
  Nanos began = 0, ended = 0;
  std::vector<Consequence> consequences;
  std::vector<std::string> frames;  ///< outermost first
};

/// Why a supplier of memory could not help a request (design §4).
struct SupplierReport {
  std::string
      supplier;  ///< "free pages", "reclaim", "I/O", "OOM kill", "victim", "refusal", "bystander"
  std::string why;
};

/// One member of a closed set.
struct LockupMember {
  TaskId id = no_task;
  std::string task;
  std::string waits_for;  ///< "memory: order 0, GFP_NOFS, site …", "mutex ext4.dir.i_mutex:/srv"
  bool memory = false;    ///< whether that is memory
  bool obliged = false;   ///< in a system call, fault or exit, or working for one who is
  bool victim = false;    ///< chosen by the OOM killer
  TaskId holder = no_task;  ///< who holds the lock that it waits for
  Nanos since = 0;
  std::string site;  ///< of its memory wait
  OnFailure on_failure = OnFailure::propagate;
  std::string syscall;
  std::vector<std::string> locks_held;
  std::vector<SupplierReport> suppliers;  ///< of its memory wait
  std::vector<std::string> frames;
};

/// Evidence of a proved lockup, or of the observed kinds as far as it goes.
struct Lockup {
  bool absolute = false;  ///< no bystander could help; else it outlived the settling phase
  Nanos closed_at = 0;
  std::uint64_t closed_at_choice = 0;
  std::uint64_t first_question =
      0;  ///< number of the first policy question that a member asked; 0 if none
  std::vector<LockupMember> members;
  std::vector<std::string> bystanders;
  /// Sites by whose nature, not by policy, members cannot be refused; empty if every member's
  /// request may be refused. A lockup with a policy that refuses is attributed to these.
  std::vector<std::string> never_refused;
};

/// Something worth telling that is not the verdict.
struct Finding {
  enum class Kind : std::uint8_t { stall, hung_task, soft_lockup, lockdep, conditional_set, lost };
  Kind kind = Kind::stall;
  Nanos at = 0;
  Nanos length = 0;
  std::string text;
};
const char* name(Finding::Kind kind);

/// "ENOMEM" for 12; "0" for 0; the number itself if it has no name.
std::string errno_name(int error);

/// How often a system call returned what.
struct SyscallCount {
  std::string syscall;
  int error = 0;  ///< 0 or a positive errno
  std::uint64_t count = 0;
};

struct ReactionCount {
  std::string syscall;
  int error = 0;
  Reaction reaction = Reaction::checked;
  std::uint64_t count = 0;
};

/// Counters of one run. All are exact; none depends on the host.
struct Counters {
  std::uint64_t page_touches =
      0;  ///< pages that user code wrote to for the first time, swap-ins included
  std::uint64_t allocations = 0;  ///< page allocator requests
  std::uint64_t slab_allocations = 0;
  std::uint64_t slow_path = 0;     ///< requests that entered the slow path
  std::uint64_t rounds = 0;        ///< slow-path rounds
  std::uint64_t kswapd_wakes = 0;  ///< how often the slow path called for kswapd, awake or not
  std::uint64_t questions = 0;     ///< questions to the allocation policy
  std::uint64_t oom_rounds = 0;
  std::uint64_t oom_kills = 0;
  std::uint64_t fs_errors = 0;  ///< errors that file systems recorded: aborted journals, damage
  std::uint64_t failures_warned = 0;  ///< "page allocation failure" lines in the log, ratelimited
  std::uint64_t pages_scanned = 0, pages_reclaimed = 0, swap_outs = 0, swap_ins = 0;
  std::uint64_t compactions = 0;      ///< runs of compaction over a zone
  std::uint64_t compact_scanned = 0;  ///< blocks that its scanners looked at
  std::uint64_t pages_migrated = 0;
  std::uint64_t direct_reclaims = 0;  ///< requests' own goes at reclaim (allocstall)
  std::uint64_t kswapd_wakeups = 0;
  /// How often kswapd went to sleep, or was about to, prematurely: it was woken within 100 ms; or
  /// its marks did not hold.
  std::uint64_t kswapd_low_wmark_hit_quickly = 0, kswapd_high_wmark_hit_quickly = 0;
  /// Naps of reclaim, whatever ended them, and how long they took; direct reclaim's and kswapd's.
  std::uint64_t direct_stalls = 0, direct_stall_time = 0;
  std::uint64_t kswapd_stalls = 0, kswapd_stall_time = 0;
  std::uint64_t context_switches = 0, syscalls = 0, choices = 0, steps = 0;
  /// System calls that returned ENOMEM to user space, by the cause of the failure behind it.
  std::array<std::uint64_t, cause_count> enomem{};
  /// Of those with cause give_up, how many came from sites that a policy may refuse.
  std::uint64_t enomem_refusable = 0;
};

/// A file of /proc as it read at some time of the run.
struct ProcText {
  std::string file;
  Nanos at = 0;
  std::string text;
};

struct Outcome {
  std::string run_id;
  Verdict verdict = Verdict::completed;
  std::string reason;  ///< one line that says what the verdict rests on
  Nanos virtual_time = 0;
  std::uint64_t trace_hash = 0;
  Counters counters;
  std::vector<SyscallCount> syscalls;    ///< sorted by name, then error
  std::vector<ReactionCount> reactions;  ///< likewise
  std::map<std::string, std::array<std::uint64_t, fate_count>> fates;  ///< by site
  std::vector<Finding> findings;
  std::vector<FaultCounters> faults;  ///< in the experiment's order
  bool has_lockup = false;
  Lockup lockup;
  std::vector<FailureRecord> failures;  ///< only if the run was told to keep them
  std::vector<std::string> story;       ///< only if the run was told to tell it
  std::vector<std::string> log;         ///< the kernel's log, only if the run was told to keep it
  std::vector<ProcText> proc;           ///< what was to be read of /proc
  std::string schedule;                 ///< the choices, hex; only if asked for
  /// Under `dfs`: the choices, hex, that the next schedule of the walk begins with
  /// (SchedulerConfig::choices of its run); empty when the walk is complete.
  std::string next_schedule;
};

}  // namespace brink
