// Charging a page to its group (mm/memcontrol.c: try_charge(), Linux 2.6.32, 4.0 and 6.1). A charge
// that meets a limit reclaims from the group that has it, a number of times, and then does what the
// era does about it. The retry rule of the allocator has no say in this. Left out: see memcg.hpp;
// and that kernels before 5.4 reclaimed again where a reclaimer charges, which here goes above the
// limit.

#include <optional>

#include "brink/site_list.hpp"
#include "sim/locking/poll.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

/// One charge that has met a limit.
class Memcgs::Attempt {
 public:
  Attempt(Memcgs& groups, MemcgId group, MemcgId over, Gfp gfp)
      : groups_(groups),
        memory_(groups.memory_),
        me_(memory_.core().current()),
        group_(group),
        over_(over),
        gfp_(gfp),
        around_(memory_.wait_of(me_)),
        wait_(memory_, MemoryWait::Asker::charge, site::memcg_charge, 0, gfp),
        retries_(memory_.rules().memcg_retries) {
    wait_.set_memcg(over);
  }

  Charge run() {
    if (me_.has(PF_MEMALLOC)) return Charge::forced;
    if (bypasses()) return Charge::bypassed;
    if (groups_.of_id(me_).in_oom != root_memcg || !has(gfp_, Gfp::direct_reclaim)) return fail();
    for (bool first = true;; first = false) {
      if (!first && groups_.try_count(group_, over_)) return succeed();
      wait_.set_memcg(over_);
      if (!first && bypasses()) return Charge::bypassed;
      memory_.core().charge(memory_.core().costs().alloc_slow_round);
      const Pages reclaimed = memory_.reclaim().reclaim_memcg(over_, gfp_);
      if (groups_.margin(over_) != 0) continue;
      failed_round();
      if (has(gfp_, Gfp::noretry)) return fail();
      if (reclaimed != 0 || retries_-- != 0) continue;
      if (!again()) return leave();
    }
  }

 private:
  using Oom = Rules::MemcgOom;
  Oom rule() const { return memory_.rules().memcg_oom; }

  /// Who is about to give its memory back anyhow.
  bool bypasses() const {
    switch (rule()) {
      case Oom::kill_and_fail: return me_.has(TIF_MEMDIE);
      case Oom::wait: return me_.has(TIF_MEMDIE) || me_.has(FATAL_SIGNAL);
      case Oom::fault_end:
        return me_.has(TIF_MEMDIE) || me_.has(FATAL_SIGNAL) || me_.has(PF_EXITING);
      case Oom::charge: break;
    }
    return false;
  }

  /// Where a failure begins, if it has not begun.
  void failed_round() {
    if (failure_ != no_failure) return;
    failure_ = memory_.begin_failure({site::memcg_charge, 0, gfp_}, Cause::limit, around_);
  }

  /// All rounds were in vain: whether there will be others.
  bool again() {
    if (rule() == Oom::charge) {
      const bool dying = me_.has(FATAL_SIGNAL) || me_.has(PF_EXITING);
      if (has(gfp_, Gfp::retry_mayfail) || (passed_ && dying)) return false;
    }
    const bool nofail = has(gfp_, Gfp::nofail) && !memory_.rules().memcg_force_charge;
    if (nofail) return false;
    if (groups_.insists(over_)) {
      if (!loop_) loop_.emplace(memory_.core(), wait_);
      loop_->round();
    }
    if (!groups_.out_of_room(over_, wait_, passed_)) return false;
    retries_ = memory_.rules().memcg_retries;
    return true;
  }

  Charge succeed() {
    if (failure_ != no_failure) memory_.end_failure(failure_, around_);
    return end(Charge::counted);
  }

  /// One that the wait was given up for, being killed, is no failure of the charge.
  Charge leave() {
    if (rule() == Oom::kill_and_fail || !bypasses()) return fail();
    if (failure_ != no_failure) memory_.end_failure(failure_, around_);
    return end(Charge::bypassed);
  }

  Charge fail() {
    const bool force = memory_.rules().memcg_force_charge;
    if (has(gfp_, Gfp::nofail) || (force && has(gfp_, Gfp::high))) {
      if (failure_ != no_failure) memory_.end_failure(failure_, around_);
      return end(force ? Charge::forced : Charge::bypassed);
    }
    failed_round();
    groups_.of_id(me_).failed = over_;
    return end(Charge::failed);
  }

  Charge end(Charge how) {
    loop_.reset();
    if (me_.loop == nullptr) me_.progress_at = memory_.core().now();
    return how;
  }

  Memcgs& groups_;
  Memory& memory_;
  Task& me_;
  const MemcgId group_;
  MemcgId over_;
  const Gfp gfp_;
  MemoryWait* const around_;
  MemoryWait wait_;
  std::optional<UnlimitedLoop> loop_;
  std::uint32_t retries_;
  bool passed_ = false;  ///< the OOM path has had hopes
  FailureId failure_ = no_failure;
};

bool mem_cgroup_charge(Memory& memory, Pfn page, Gfp gfp) {
  Memcgs* const groups = memory.memcgs();
  return groups == nullptr || groups->charge(page, gfp);
}

bool Memcgs::charge(Pfn page, Gfp gfp) {
  const MemcgId group = of(memory_.core().current());
  if (group == root_memcg || owners_[page] != root_memcg) return true;
  MemcgId over = root_memcg;
  if (!try_count(group, over)) {
    switch (Attempt(*this, group, over, gfp).run()) {
      case Charge::failed: return false;
      case Charge::bypassed: return true;
      case Charge::forced: force(group); break;
      case Charge::counted: break;
    }
  }
  give(page, group);
  return true;
}

}  // namespace brink
