// What a task waits for that waits for memory: the request with everything that decides who could
// supply it (design §4). sim/watch evaluates the suppliers; the parts that only the memory model
// knows are answered here, and each answer is about now.
#pragma once

#include <cstdint>
#include <string>

#include "brink/policy.hpp"
#include "sim/mm/zone.hpp"
#include "sim/sched/wait.hpp"

namespace brink {

class Memory;
struct Task;

/// What a reclaimer may do, by __GFP_IO and __GFP_FS; each class includes those before it.
enum class ReclaimClass : std::uint8_t { noio, nofs, kernel };
inline constexpr std::size_t reclaim_classes = 3;
constexpr ReclaimClass reclaim_class(Gfp gfp) {
  if (!has(gfp, Gfp::io)) return ReclaimClass::noio;
  return has(gfp, Gfp::fs) ? ReclaimClass::kernel : ReclaimClass::nofs;
}
const char* name(ReclaimClass c);

/// Whether reclaimers of a class can still free anything, and what is in their way.
struct Exhaustion {
  bool exhausted = false;  ///< all was tried in vain, nothing has changed since, no counter runs
  bool counting = false;   ///< some zone still counts as reclaimable (scanned < 6 × its pages)
  bool shrinkers_left = false;  ///< some cache was not asked for everything
  Pages tried = 0, untried = 0;
  // What is in the way; only where it was asked for.
  Pages dirty = 0, writeback = 0, locked = 0;  ///< of the pages on the lists
  Pages pinned = 0;                            ///< held by references or by the file system
  Pages anon_without_swap = 0;
};

class MemoryWait final : public Waitable {
 public:
  /// Who asks again.
  enum class Asker : std::uint8_t {
    slow_path,  ///< the allocator
    caller,     ///< the code that called it (jbd2, mempools, …)
    fault,      ///< user code, by executing the same instruction again
    throttle,   ///< direct reclaim, until kswapd has brought the reserve back
    charge,     ///< a charge to a memory cgroup that is at its limit
  };

  /// Belongs to the running task for as long as it lives.
  MemoryWait(Memory& memory, Asker asker, Site site, unsigned order, Gfp gfp);
  ~MemoryWait() override;
  MemoryWait(const MemoryWait&) = delete;
  MemoryWait& operator=(const MemoryWait&) = delete;

  Asker asker() const { return asker_; }
  Task& task() const { return task_; }
  /// The memory cgroup whose limit is in the way, or, of a fault, was the last time; 0: none is.
  std::uint16_t memcg() const { return memcg_; }
  void set_memcg(std::uint16_t memcg) { memcg_ = memcg; }
  /// The wait that this one is inside of, as the slow path inside of a caller's loop; null if none.
  const MemoryWait* outer() const { return outer_; }
  /// What the policy was last told, or will be.
  const AllocAttempt& attempt() const { return attempt_; }
  /// Counters::questions when a policy was first asked for it; 0 if it was not yet.
  std::uint64_t first_question() const { return first_question_; }
  Nanos since() const { return since_; }

  /// Its last try failed by an injected failure that lasts for ever: no supplier helps.
  bool sticky() const { return sticky_; }

  // --- Suppliers, numbered as in design §4.

  /// (1) Free pages pass the request's own test, with its own rights; after a drain if anybody who
  /// asks in vain makes one. (Where only progress leads to a drain, reclaim is the supplier.)
  bool free_pages_suffice() const;
  /// Whether each of its rounds drains the per-CPU lists, progress or not.
  bool drains() const;
  /// (2) What it may do to reclaim; false if it may not at all (a reclaimer itself).
  bool may_reclaim() const;
  ReclaimClass rights() const { return reclaim_class(attempt_.gfp); }
  Exhaustion exhaustion() const;
  /// (4) When the OOM policy would kill if this request came to ask: now, later, or never.
  Nanos would_kill() const;
  bool may_enter_oom() const;
  /// (6) Rounds until the policy refuses, if rounds go on as the last did; `unlimited` if it never
  /// does, or if whoever gets the refusal asks again.
  std::uint64_t rounds_left() const;

  /// Nobody in particular: watch asks for the suppliers.
  void blockers(const Task& waiter, BlockerSink& sink) const override;
  /// `memory: order 0, GFP_NOFS, ext4.jbd2.handle`.
  std::string describe() const override;

 private:
  friend class SlowPath;
  friend class Memory;

  OomRequest oom_request() const;
  std::uint64_t charge_rounds_left() const;
  bool repeats() const { return asker_ == Asker::caller || asker_ == Asker::fault; }
  /// Whether it is for want of such memory that the loop goes round. What is requested on the way
  /// and has another way out (read around, bios) fails for itself.
  bool asks_for(Site site) const;

  Memory& memory_;
  Task& task_;
  const Asker asker_;
  MemoryWait* const outer_;
  const bool reclaimer_;  ///< it was one already when it asked
  AllocAttempt attempt_;
  std::uint16_t memcg_ = 0;
  std::uint64_t first_question_ = 0;
  bool sticky_ = false;
  std::uint32_t failure_ = ~std::uint32_t{0};  ///< of a loop that asks again: its one failure
  Nanos since_;
};

}  // namespace brink
