// Waiting for memory, and who could supply it.

#include "sim/mm/memory_wait.hpp"

#include "sim/mm/compaction.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

const char* name(ReclaimClass c) {
  switch (c) {
    case ReclaimClass::noio: return "without I/O";
    case ReclaimClass::nofs: return "without the file system";
    case ReclaimClass::kernel: return "with all rights";
  }
  return "";
}

MemoryWait::MemoryWait(Memory& memory, Asker asker, Site site, unsigned order, Gfp gfp)
    : Waitable(WaitKind::memory),
      memory_(memory),
      task_(memory.core().current()),
      asker_(asker),
      outer_(memory.wait_of(task_)),
      reclaimer_(task_.has(PF_MEMALLOC)),
      since_(memory.core().now()) {
  attempt_.order = order;
  attempt_.gfp = gfp;
  attempt_.site = site;
  attempt_.on_failure = memory.rule(site).on_failure;
  attempt_.memalloc = reclaimer_;
  attempt_.kthread = task_.has(PF_KTHREAD);
  memory.of(task_).wait = this;
}

MemoryWait::~MemoryWait() { memory_.of(task_).wait = outer_; }

bool MemoryWait::free_pages_suffice() const {
  if (asker_ == Asker::throttle) return memory_.reclaim().reserve_ok();
  if (memcg_ != root_memcg) return memory_.memcgs()->margin(memcg_) != 0;
  unsigned flags = memory_.allocator().alloc_flags(attempt_.gfp, reclaimer_, task_.has(TIF_MEMDIE));
  // It gets half of the mark in any case, and all of the reserve once the OOM path has done its
  // best.
  if (memory_.rules().nofail_reserve == Rules::NofailReserve::last_resort &&
      has(attempt_.gfp, Gfp::nofail)) {
    const bool refused = memory_.policies().oom->gate(oom_request()) == OomGate::refuse;
    flags |= reclaimer_ || refused ? ALLOC_HIGH : ALLOC_NO_WATERMARKS;
  }
  const auto look =
      memory_.somebody_drains() ? &PageAlloc::would_find_after_drain : &PageAlloc::would_find;
  return (memory_.allocator().*look)(attempt_.order, attempt_.gfp, Watermark::min, flags);
}

bool MemoryWait::drains() const {
  return may_reclaim() && attempt_.order != 0 &&
         memory_.rules().drain_pcp == Rules::DrainPcp::high_order;
}

bool MemoryWait::may_reclaim() const {
  return !reclaimer_ && asker_ != Asker::throttle && has(attempt_.gfp, Gfp::direct_reclaim);
}

Exhaustion MemoryWait::exhaustion() const {
  if (memcg_ != root_memcg) return memory_.reclaim().memcg_exhaustion(memcg_, rights());
  Exhaustion out = memory_.reclaim().exhaustion(rights(), attempt_.gfp, attempt_.order);
  // Whoever can still make a block by moving pages is not at the end.
  const CompactRequest block{attempt_.order, attempt_.gfp, Watermark::min, 0};
  if (out.exhausted && attempt_.order != 0 && memory_.compaction().untried(block)) {
    out.exhausted = false;
  }
  return out;
}

bool MemoryWait::asks_for(Site site) const {
  if (asker_ == Asker::fault) return memory_.rule(site).on_failure == OnFailure::propagate;
  return asker_ == Asker::caller && site == attempt_.site;
}

OomRequest MemoryWait::oom_request() const {
  OomRequest request;
  request.task = task_.id;
  request.order = attempt_.order;
  request.gfp = attempt_.gfp;
  request.memcg = memcg_;
  if (memcg_ == root_memcg && asker_ == Asker::fault) {
    request.order = 0;
    request.gfp = Gfp::none;
    request.page_fault = true;
  }
  return request;
}

bool MemoryWait::may_enter_oom() const {
  const OomPolicy& policy = *memory_.policies().oom;
  if (asker_ == Asker::throttle || reclaimer_) return false;
  if (memcg_ != root_memcg) return memory_.memcgs()->may_kill(memcg_);
  if (asker_ == Asker::fault) {
    return memory_.rules().fault_oom_kills && policy.gate(oom_request()) == OomGate::kill;
  }
  // What the policy will say when a round makes no progress and nothing is left to hope for: of the
  // request that is under way, or of the caller's next.
  AllocAttempt next = attempt_;
  if (asker_ == Asker::caller) next.rounds = next.no_progress_rounds = next.oom_rounds = 0;
  next.progress = next.reclaimable_suffices = next.highatomic = false;
  ++next.rounds;
  ++next.no_progress_rounds;
  next.idle_rounds = next.no_progress_rounds;
  return memory_.alloc_policy().decide(next).kind == Action::Kind::oom &&
         policy.gate(oom_request()) == OomGate::kill;
}

Nanos MemoryWait::would_kill() const {
  return may_enter_oom() ? memory_.would_kill(oom_request()) : never;
}

std::uint64_t MemoryWait::rounds_left() const {
  if (asker_ == Asker::charge) return charge_rounds_left();
  if (asker_ != Asker::slow_path || (outer_ != nullptr && outer_->repeats())) return unlimited;
  return memory_.alloc_policy().rounds_left(attempt_);
}

/// As many rounds as a charge makes, unless the OOM path makes it go on.
std::uint64_t MemoryWait::charge_rounds_left() const {
  const bool repeated = outer_ != nullptr && outer_->repeats();
  if (repeated || memory_.memcgs()->insists(memcg_)) return unlimited;
  return memory_.rules().memcg_retries;
}

void MemoryWait::blockers(const Task&, BlockerSink& sink) const { sink.anyone(); }

std::string MemoryWait::describe() const {
  if (asker_ == Asker::throttle) return "memory: kswapd to bring the reserve back";
  const std::string limit =
      memcg_ != root_memcg ? "limit of " + memory_.memcgs()->path(memcg_) + ", " : std::string();
  return "memory: " + limit + "order " + std::to_string(attempt_.order) + ", " +
         gfp_text(attempt_.gfp) + ", " + memory_.sites().name(attempt_.site);
}

}  // namespace brink
