// reclaim_throttle() (mm/vmscan.c, Linux 6.1).

#include "sim/mm/reclaim_throttle.hpp"

#include "sim/mm/kswapd.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

ReclaimThrottle::ReclaimThrottle(Memory& memory)
    : memory_(memory),
      queues_{{{memory.core(), "reclaim_wait[writeback]"},
               {memory.core(), "reclaim_wait[isolated]"},
               {memory.core(), "reclaim_wait[noprogress]"},
               {memory.core(), "reclaim_wait[congested]"}}} {}

/// skip_throttle_noprogress(): kswapd has given up, so that the machine is likely near OOM; or too
/// little is to be written for waiting to help.
bool ReclaimThrottle::pointless(Reason reason) const {
  if (reason != Reason::no_progress && reason != Reason::congested) return false;
  if (memory_.kswapd().hopeless()) return true;
  Pages reclaimable = 0;
  for (const Zone& zone : memory_.zones().all()) {
    if (zone.populated()) reclaimable += memory_.reclaim().reclaimable_pages(zone);
  }
  return 2 * (memory_.stat().dirty + memory_.stat().writeback) <= reclaimable;
}

Nanos ReclaimThrottle::longest(Reason reason) const {
  switch (reason) {
    case Reason::writeback: return 100 * ms;
    case Reason::isolated: return 20 * ms;
    case Reason::no_progress:
    case Reason::congested: break;
  }
  return memory_.core().tick();
}

void ReclaimThrottle::wait(Reason reason) {
  Core& core = memory_.core();
  const Task& me = core.current();
  const bool exempt = me.has(PF_KTHREAD) && !me.has(PF_KSWAPD);
  if (exempt || pointless(reason)) return core.cond_resched();
  const bool for_writeback = reason == Reason::writeback;
  if (for_writeback && waiting_for_writeback_++ == 0) written_ = 0;
  const Nanos before = core.now();
  static_cast<void>(queue(reason).sleep(WaitMode::uninterruptible, before + longest(reason)));
  if (for_writeback) --waiting_for_writeback_;
  memory_.reclaim().count_stall(core.now() - before);
}

void ReclaimThrottle::wake(Reason reason) {
  if (queue(reason).has_waiters()) queue(reason).wake_up_all();
}

void ReclaimThrottle::wrote_page() noexcept {
  if (waiting_for_writeback_ == 0) return;
  if (++written_ > swap_cluster_max * waiting_for_writeback_) wake(Reason::writeback);
}

}  // namespace brink
