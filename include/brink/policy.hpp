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

enum class CompactResult : std::uint8_t { none, skipped, deferred, contended, failed, success };

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
  std::uint32_t locks_held = 0;

  std::uint32_t rounds = 0;              ///< slow-path rounds so far, this one included
  std::uint32_t no_progress_rounds = 0;  ///< of these, how many in which reclaim made no progress
  std::uint32_t oom_rounds = 0;  ///< of these, how many ran the OOM path and it reported progress
  bool progress = false;         ///< whether this round's reclaim made progress (era's definition)
  Pages reclaimed = 0;           ///< by all rounds together
  Nanos waited = 0;              ///< since the request entered the slow path
  OomResult oom = OomResult::none;  ///< of the previous OOM round
  CompactResult compaction = CompactResult::none;
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
  Pages swap_total = 0, swap_free = 0;
};

/// One process, or a kernel thread, as an OOM policy sees it.
struct TaskView {
  TaskId id = no_task;
  TaskId parent = no_task;
  const char* comm = "";
  Pages rss = 0, swap_entries = 0, page_tables = 0, total_vm = 0;
  int oom_score_adj = 0;  ///< -1000 … 1000
  bool has_mm = false;
  bool kthread = false;
  bool init = false;
  bool admin = false;   ///< CAP_SYS_ADMIN
  bool victim = false;  ///< chosen already, still there
  bool exiting = false;
  bool dumping_core = false;
  bool fatal_signal = false;
  Nanos cpu_time = 0, started = 0;
};

/// Who waits for whom right now.
class WaitView {
 public:
  virtual ~WaitView() = default;
  /// Whether the task can still make progress (design §4).
  virtual bool can_progress(TaskId task) const = 0;
  /// The task whose release it waits for, or no_task.
  virtual TaskId waits_for(TaskId task) const = 0;
};

struct OomRequest {
  TaskId task = no_task;
  unsigned order = 0;
  Gfp gfp = Gfp::none;
  bool page_fault = false;  ///< from pagefault_out_of_memory(), after a fault's request has failed
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
  yield,       ///< cond_resched()
  congestion,  ///< wait_iff_congested(): sleeps only if a device is congested, else yields
  jiffy,       ///< one tick, uninterruptible
};

/// Which requests' end a congestion wait waits for (BLK_RW_ASYNC, BLK_RW_SYNC): those that nobody
/// waits for, as writeback; those that somebody does, as reads; or the one and then the other.
enum class CongestionClass : std::uint8_t { async, sync, both };

struct Action {
  enum class Kind : std::uint8_t {
    retry,        ///< another round
    oom,          ///< the OOM path, then another round if it reports progress
    use_reserve,  ///< one attempt without watermarks, then another round
    fail,         ///< the caller gets nothing
  };
  Kind kind = Kind::fail;
  Pause pause = Pause::none;  ///< before the next round
  Nanos max_pause = 0;        ///< how long `congestion` may take
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
};

/// Whether a request may kill at all.
enum class OomGate : std::uint8_t { kill, pretend, refuse };

struct OomChoice {
  enum class Kind : std::uint8_t {
    kill,    ///< `victim`
    wait,    ///< nobody now: an earlier victim is on its way out
    nobody,  ///< there is no killable task: the kernel panics
  };
  Kind kind = Kind::nobody;
  TaskId victim = no_task;
  std::uint64_t points = 0;
};

/// What an OOM victim's allocations may use.
enum class VictimRights : std::uint8_t { none, half_min, everything };

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
};

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
