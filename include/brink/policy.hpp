// Policies: what kernel developers argue about. The allocator, the OOM killer and reclaim each ask
// their policy a question and do what it answers; a policy does nothing itself (design §5).
//
// Every method is pure: what a request has been through is in its arguments, so that the watchers
// may ask "what if" as often as they like.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "brink/gfp.hpp"
#include "brink/sites.hpp"
#include "brink/units.hpp"

namespace brink {

class Params;

// --- What a policy may see.

/// How the OOM path ended for a request.
enum class OomResult : std::uint8_t {
  none,       ///< not entered yet
  contended,  ///< somebody else holds the OOM lock; counts as progress
  killed,     ///< a victim was chosen
  pending,    ///< an earlier victim has not exited yet; counts as progress
  pretended,  ///< not allowed to kill, but reports progress (no __GFP_FS in 4.0)
  refused,    ///< not allowed to kill, and says so
};

/// How a round's direct compaction ended. `none`: this request may not compact, or the kernel has
/// no compaction; `skipped`: too few pages are free to begin.
enum class CompactResult : std::uint8_t { none, skipped, deferred, contended, failed, success };

/// How hard direct compaction tries; hardest first (enum compact_priority, Linux 6.1).
enum class CompactPriority : std::uint8_t { sync_full, sync_light, async };

/// One request for memory at the end of a slow-path round that found none.
struct AllocAttempt {
  unsigned order = 0;
  Gfp gfp = Gfp::none;
  Site site{};
  OnFailure on_failure = OnFailure::propagate;

  bool victim = false;        ///< the task is an OOM victim
  bool memalloc = false;      ///< PF_MEMALLOC
  bool exiting = false;       ///< PF_EXITING
  bool fatal_signal = false;  ///< SIGKILL is pending
  bool kthread = false;
  bool real_time = false;
  bool worker = false;  ///< works for a work queue (PF_WQ_WORKER)
  std::uint32_t locks_held = 0;

  std::uint32_t rounds = 0;              ///< slow-path rounds so far, this one included
  std::uint32_t no_progress_rounds = 0;  ///< of these, how many in which reclaim made no progress
  std::uint32_t oom_rounds = 0;   ///< of these, how many ran the OOM path and it reported progress
  std::uint32_t idle_rounds = 0;  ///< rounds in a row without progress of reclaim or the OOM path
  bool progress = false;          ///< whether this round's reclaim made progress (era's definition)
  Pages reclaimed = 0;            ///< by all rounds together
  Nanos waited = 0;               ///< since the request entered the slow path
  OomResult oom = OomResult::none;  ///< of the previous OOM round

  /// Whether some zone would pass the min mark if all that counts as reclaimable were free.
  bool reclaimable_suffices = false;
  /// Whether a pageblock that is kept for atomic requests could be given back.
  bool highatomic = false;

  bool may_compact = false;  ///< this kernel compacts for such requests
  CompactResult compaction = CompactResult::none;
  bool compaction_suitable = false;  ///< it was skipped, but reclaim might free enough for it
  CompactPriority compact_priority = CompactPriority::sync_light;
  std::uint32_t compact_retries = 0;  ///< rounds granted since then because compaction succeeded
};

/// One zone's free pages and marks.
struct ZoneView {
  const char* name;
  Pages managed, free, min, low, high;
};

struct MemoryView {
  std::span<const ZoneView> zones;
  Pages total = 0;  ///< RAM and swap that requests of this kind can use
  Pages anon = 0, file = 0, dirty = 0, writeback = 0, slab = 0;
  Pages shmem = 0;  ///< of tmpfs and shared anonymous memory, charged to nobody unless mapped
  Pages swap_total = 0, swap_free = 0;
};

/// One process, or a kernel thread, as an OOM policy sees it.
struct TaskView {
  TaskId id = no_task;
  TaskId parent = no_task;
  const char* comm = "";
  Pages rss = 0, swap_entries = 0, page_tables = 0, total_vm = 0;
  int oom_score_adj = 0;  ///< -1000 … 1000
  int oom_adj = 0;        ///< the same before 2.6.36: -17 … 15
  int nice = 0;
  /// Its address space: who has the same number shares it. ~0: nobody does.
  std::uint32_t mm = ~std::uint32_t{0};
  bool has_mm = false;
  bool kthread = false;
  bool init = false;
  bool admin = false;     ///< CAP_SYS_ADMIN
  bool resource = false;  ///< CAP_SYS_RESOURCE
  bool rawio = false;     ///< CAP_SYS_RAWIO
  bool vfork = false;     ///< it borrows its parent's memory until it calls exec
  bool victim = false;    ///< chosen already, still there
  bool skip = false;      ///< MMF_OOM_SKIP: its memory is gone, or cannot be had
  bool exiting = false;
  bool dumping_core = false;
  bool fatal_signal = false;
  Nanos cpu_time = 0, started = 0;
  Nanos victim_since = 0;  ///< if it is one
};

/// Who waits for whom right now.
class WaitView {
 public:
  virtual ~WaitView() = default;
  /// Whether the task can still make progress (design §4).
  virtual bool can_progress(TaskId task) const = 0;
  /// The task whose release it waits for, or no_task.
  virtual TaskId waits_for(TaskId task) const = 0;
  /// Whether it would come to its exit if it were killed and got all the memory that it asks for
  /// itself. What it will need on its way out is not foreseen.
  virtual bool can_exit(TaskId task) const { return can_progress(task); }
};

struct OomRequest {
  TaskId task = no_task;
  unsigned order = 0;
  Gfp gfp = Gfp::none;
  bool page_fault = false;  ///< from pagefault_out_of_memory(), after a fault's request has failed
  std::uint16_t memcg = 0;  ///< the memory cgroup that is at its limit; 0: the machine is
};

struct OomView {
  OomRequest request;
  MemoryView memory;
  std::span<const TaskView> tasks;  ///< by task id
  const WaitView* waits = nullptr;
  Nanos now = 0;
};

// --- What a policy answers.

/// How a request waits before its next round.
enum class Pause : std::uint8_t {
  none,
  yield,             ///< cond_resched()
  congestion,        ///< wait_iff_congested(): sleeps only if a device is congested, else yields
  congestion_sleep,  ///< congestion_wait(): sleeps until a device ends a request (until 2.6.36)
  jiffy,             ///< one tick, uninterruptible
};

struct Action {
  enum class Kind : std::uint8_t {
    retry,               ///< another round
    oom,                 ///< the OOM path, then another round if it reports progress
    use_reserve,         ///< one attempt without watermarks, then another round
    last_resort,         ///< one attempt at half of the min mark, then another round
    release_highatomic,  ///< gives a pageblock kept for atomic requests back, then another round
    fail,                ///< the caller gets nothing
  };
  /// Whether a retry is for the sake of compaction, and whether that is to try harder.
  enum class Compact : std::uint8_t { no, again, harder };
  Kind kind = Kind::fail;
  Pause pause = Pause::none;  ///< before the next round
  Nanos max_pause = 0;        ///< how long `congestion` and `congestion_sleep` may take
  Compact compact = Compact::no;
};

/// The answer of rounds_left() that stands for "it never fails".
inline constexpr std::uint64_t unlimited = ~std::uint64_t{0};

/// Retry, kill or fail: the allocator's question at the end of each round without a page.
class AllocPolicy {
 public:
  virtual ~AllocPolicy() = default;
  virtual Action decide(const AllocAttempt& attempt) const = 0;
  /// How many more rounds like this one it would grant before it fails the request.
  virtual std::uint64_t rounds_left(const AllocAttempt& attempt) const = 0;
  /// How many such rounds, this one first, get the same answer as this one.
  virtual std::uint64_t rounds_alike(const AllocAttempt& attempt) const {
    return rounds_left(attempt);
  }
};

/// Whether a request may kill at all.
enum class OomGate : std::uint8_t {
  kill,
  pretend,  ///< no, but it hears of progress
  refuse,   ///< no, and it hears so
  bypass,   ///< it does not come to the OOM path at all: the retry rule alone decides
};

struct OomChoice {
  enum class Kind : std::uint8_t {
    kill,     ///< `victim`
    wait,     ///< nobody now: an earlier victim is on its way out
    nobody,   ///< there is no killable task: the kernel panics
    panic,    ///< the kernel panics because it was told to (vm.panic_on_oom)
    pretend,  ///< nobody, but the request hears of progress
  };
  Kind kind = Kind::nobody;
  TaskId victim = no_task;
  std::uint64_t points = 0;  ///< of the victim
  /// Whom the search found, if another dies in its stead.
  TaskId chosen = no_task;
  std::uint64_t chosen_points = 0;
};

/// What an OOM victim's allocations may use.
enum class VictimRights : std::uint8_t { none, half_min, everything };

/// When a request naps for a tick in the OOM path, so that the victim can get on.
enum class OomNap : std::uint8_t { none, after_kill, always };

class OomPolicy {
 public:
  virtual ~OomPolicy() = default;
  /// Asked first: may this request kill?
  virtual OomGate gate(const OomRequest& request) const = 0;
  /// Asked if it may: whom?
  virtual OomChoice choose(const OomView& view) const = 0;
  /// When choose() would kill if nothing but time changed: now, a later time, or never.
  virtual Nanos would_kill(const OomView& view) const {
    return choose(view).kind == OomChoice::Kind::kill ? view.now : never;
  }
  virtual VictimRights rights() const = 0;
  /// Whether they last until the victim is gone, and not only until its memory is.
  virtual bool rights_outlive_memory() const { return false; }
  virtual OomNap nap() const { return OomNap::after_kill; }
  /// How long after a kill the reaper begins to take the victim's memory; never: there is none.
  virtual Nanos reaper_delay() const { return never; }
  /// vm.oom_dump_tasks: whether a report has the table of tasks.
  virtual bool dump_tasks() const { return true; }
  /// Whether choose() looks at TaskView::cpu_time, which is 0 otherwise.
  virtual bool wants_cpu_time() const { return false; }
};

/// Which requests' end a congestion wait waits for (BLK_RW_ASYNC, BLK_RW_SYNC): those that nobody
/// waits for, as writeback; those that somebody does, as reads; or the one and then the other.
enum class CongestionClass : std::uint8_t { async, sync, both };

/// How kswapd goes to sleep when it is done: at once, or after a nap in which nobody has woken it
/// and the marks have held.
enum class KswapdSleep : std::uint8_t { at_once, second_look };

/// How reclaim goes about it, as far as it was argued about. Its mechanics are Rules.
class ReclaimPolicy {
 public:
  virtual ~ReclaimPolicy() = default;
  /// 0 … 200: how willingly anonymous pages are swapped; 100 like file pages.
  virtual unsigned swappiness() const = 0;
  /// Whether direct reclaim may write dirty file pages itself.
  virtual bool direct_reclaim_writes() const = 0;
  /// Whose completions end its waits for congestion.
  virtual CongestionClass congestion_class() const { return CongestionClass::async; }
  virtual KswapdSleep kswapd_sleep() const { return KswapdSleep::second_look; }
  /// kswapd naps for congestion after each priority below this one that scanned anything; -1
  /// never. Priorities go from 12 down to 0.
  virtual int kswapd_naps_below(unsigned) const { return -1; }
};

// --- How policies are made.

template <class Policy>
using PolicyFactory = std::unique_ptr<Policy> (*)(Params& params);

/// One row of a registry: what `brink list` prints and a file names.
template <class Policy>
struct PolicyRow {
  const char* name;
  const char* summary;
  PolicyFactory<Policy> make;
};

std::span<const PolicyRow<AllocPolicy>> alloc_policies();
std::span<const PolicyRow<OomPolicy>> oom_policies();
std::span<const PolicyRow<ReclaimPolicy>> reclaim_policies();

}  // namespace brink
