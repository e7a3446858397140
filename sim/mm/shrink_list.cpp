// Batches of pages taken off the LRU lists (mm/vmscan.c: shrink_inactive_list and
// shrink_active_list, Linux 2.6.30 to 6.1).

#include <algorithm>

#include "sim/locking/poll.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/shrink_batch.hpp"

namespace brink {
namespace {

Looker looker(const Zone& zone, const ScanControl& sc) {
  if (!sc.kswapd) return static_cast<Looker>(reclaim_class(sc.gfp));
  return (zone.flags & ZONE_DIRTY) != 0 ? Looker::kswapd_writes : Looker::kswapd;
}

}  // namespace

bool Reclaim::too_many_isolated(const Zone& zone, bool file, const ScanControl& sc) const {
  const Rules::IsolationThrottle rule = memory_.rules().isolation_throttle;
  if (sc.kswapd || rule == Rules::IsolationThrottle::none) return false;
  const Lru lru = file ? Lru::inactive_file : Lru::inactive_anon;
  Pages inactive = node() ? seen_size(home(zone), lru) : home(zone).lru_total(lru);
  // Those with fewer rights may take more, so that they are not held up by those with all.
  const bool alike = rule == Rules::IsolationThrottle::loop_alike;
  if (!alike && has(sc.gfp, Gfp::io | Gfp::fs)) inactive /= 8;
  const Zone& whole = home(zone);
  Pages isolated = whole.isolated[file];
  if (node()) {
    for (const Zone& other : memory_.zones().all()) {
      if (&other != &whole) isolated += other.isolated[file];
    }
  }
  return isolated > inactive;
}

Reclaim::Isolation Reclaim::wait_too_many_isolated(Zone& zone, bool file, const ScanControl& sc) {
  if (rehearsing_ || sc.memcg != 0) return Isolation::go_on;
  const Rules& rules = memory_.rules();
  using Reason = ReclaimThrottle::Reason;
  if (!too_many_isolated(zone, file, sc)) {
    if (rules.stall == Rules::Stall::reasons) reasons_.wake(Reason::isolated);
    return Isolation::go_on;
  }
  if (rules.isolation_throttle == Rules::IsolationThrottle::once) {
    if (rules.stall == Rules::Stall::reasons) {
      reasons_.wait(Reason::isolated);
    } else {
      core_.sleep(100 * ms);
      count_stall(100 * ms);
    }
    if (core_.current().has(FATAL_SIGNAL)) return Isolation::killed;
    return too_many_isolated(zone, file, sc) ? Isolation::leave : Isolation::go_on;
  }
  const IsolatedWait wait(*this);
  UnlimitedLoop loop(core_, wait);
  do {
    loop.round();
    nap(100 * ms);
    if (core_.current().has(FATAL_SIGNAL)) return Isolation::killed;
  } while (too_many_isolated(zone, file, sc));
  return Isolation::go_on;
}

void IsolatedWait::blockers(const Task& waiter, BlockerSink& sink) const {
  bool any = false;
  for (const Task* task : reclaim_.isolators()) {
    if (task == &waiter) continue;
    sink.inner(*task);
    any = true;
  }
  if (!any) sink.event();
}

Pages Reclaim::shrink_inactive_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc) {
  const bool file = is_file(lru);
  switch (wait_too_many_isolated(zone, file, sc)) {
    case Isolation::killed: return swap_cluster_max;
    case Isolation::leave: return 0;
    case Isolation::go_on: break;
  }
  nr = std::min(nr, zone.lru_size(lru));
  if (nr == 0) return 0;
  if (sc.order != 0 && memory_.rules().lumpy_reclaim) return shrink_lumpy(zone, lru, nr, sc);
  count_scanned(zone, file, nr, sc);

  const std::uint64_t stamp = memory_.lru_changes();
  const Looker who = looker(zone, sc);
  // A kswapd that may meet pages for the second time while they are written has to look, and so has
  // whoever is after a memory cgroup, who waits for them; and where each CPU counts for itself,
  // taking pages off a list and putting them back changes what is seen of its size.
  const bool look = memory_.config().visit_exhausted || sc.memcg != 0 || vmstat_.on() ||
                    (sc.kswapd && (zone.flags & ZONE_WRITEBACK));
  if (!look && stable_.stable(zone, lru, who, stamp)) {
    stable_.rotated(zone, lru, who);
    return charge_batch(zone, lru, nr, sc);
  }
  Batch batch;
  isolate(zone, lru, nr, batch);
  const std::uint64_t take = stable_.take(zone, lru);
  for (Pages i = 0; i < batch.taken; ++i) {
    batch.result[i] = shrink_page(batch.page[i], zone, sc, batch, batch.advanced[i]);
  }
  put_back(zone, lru, batch, sc);
  record(zone, lru, batch);
  stable_.rotated(zone, lru, who);
  if (stable_.give_back(zone, lru, take) && stamp == memory_.lru_changes()) {
    stable_.looked(zone, lru, who, nr, stamp);
  }
  note_cost(file, batch.pageouts);
  flag_zone(zone, batch, sc);
  stall(zone, batch, sc);
  return batch.reclaimed;
}

/// Only what is scanned for the machine's sake counts against a zone.
void Reclaim::count_scanned(Zone& zone, bool file, Pages nr, const ScanControl& sc) {
  Zone& whole = home(zone);
  // A counter that is still running.
  if (counts_scanned() && zone_reclaimable(whole)) memory_.changed();
  if (sc.memcg == 0) vmstat_.scanned(whole, nr);
  zone.stat.scanned[file] += nr;
  if (!rehearsing_) count_looked(nr);
}

/// A batch of a list that would only be rotated.
Pages Reclaim::charge_batch(Zone& zone, Lru lru, Pages nr, ScanControl& sc) {
  Batch batch;
  batch.taken = nr;
  batch.states = stable_.turn(memory_.map(), zone, lru, nr, memory_.lru_changes(),
                              [this](const Page& page) { return page_state(memory_, page); });
  sc.nr_scanned += batch.states.scanned;
  charge(core_.costs().page_scanned * nr);
  record(zone, lru, batch);
  flag_zone(zone, batch, sc);
  stall(zone, batch, sc);
  return 0;
}

void Reclaim::isolate(Zone& zone, Lru lru, Pages nr, Batch& batch) {
  stable_.settle(memory_.map(), zone, lru);
  LruList& list = zone.list(lru);
  for (; batch.taken < nr; ++batch.taken) {
    const Pfn pfn = list.tail;
    Page& page = memory_.page(pfn);
    lru_unlink(memory_.map(), list, pfn);
    untry(zone, lru, page);
    page.clear(PG_lru);
    begin_isolation(pfn);
    batch.page[batch.taken] = pfn;
  }
  vmstat_.add(zone, lru, -static_cast<std::int64_t>(nr));
  home(zone).isolated[is_file(lru)] += nr;
  isolators_.push_back(&core_.current());
}

void Reclaim::put_back(Zone& zone, Lru lru, Batch& batch, const ScanControl& sc) {
  const bool file = is_file(lru);
  for (Pages i = 0; i < batch.taken; ++i) {
    if (batch.result[i] == Result::freed) continue;
    put_back_page(zone, batch.page[i], batch.result[i], batch.advanced[i], sc, batch);
  }
  home(zone).isolated[file] -= batch.taken;
  isolators_.erase(std::find(isolators_.begin(), isolators_.end(), &core_.current()));
}

void Reclaim::put_back_page(Zone& zone, Pfn pfn, Result result, bool advanced,
                            const ScanControl& sc, Batch& batch) {
  Page& page = memory_.page(pfn);
  if (!end_isolation(pfn)) {
    batch.changed = batch.changed || !page.unevictable;
    return;
  }
  if (result == Result::activate) {
    page.set(PG_active);
    ++zone.stat.rotated[page.file_cache()];
    turned();
  }
  page.set(PG_lru);
  const Lru to = lru_of(page);
  Zone& lists = lists_of(pfn);
  stable_.settle(memory_.map(), lists, to);
  lru_push(memory_.map(), lists.list(to), pfn);
  vmstat_.add(lists, to, 1);
  if (advanced) {
    page.tried = 0;  // A step nearer to being freed: it will be tried again.
  } else {
    mark_tried(lists, to, page, reclaim_class(sc.gfp));
  }
}

/// What a batch says about its zone (4.0), or adds to what is said about the node (6.1).
void Reclaim::flag_zone(Zone& zone, const Batch& batch, ScanControl& sc) {
  const StateCounts& states = batch.states;
  switch (memory_.rules().stall) {
    case Rules::Stall::each_priority: return;
    case Rules::Stall::reasons:
      sc.states.add(states);
      sc.immediate += batch.immediate;
      if (states.unqueued == batch.taken && memory_.flushers() != nullptr && !rehearsing_) {
        memory_.flushers()->wake(memory_.stat().dirty);
        if (sc.memcg != 0) reasons_.wait(ReclaimThrottle::Reason::writeback);
      }
      return;
    case Rules::Stall::congested_zone: break;
  }
  std::uint8_t flags = zone.flags;
  if (states.writeback != 0 && states.writeback == batch.taken) flags |= ZONE_WRITEBACK;
  if (states.dirty != 0 && states.dirty == states.congested) flags |= ZONE_CONGESTED;
  if (states.unqueued == batch.taken) flags |= ZONE_DIRTY;
  if (flags != zone.flags) memory_.changed();
  zone.flags = flags;
}

void Reclaim::stall(Zone& zone, const Batch& batch, const ScanControl& sc) {
  if (rehearsing_) return;
  if (memory_.rules().stall != Rules::Stall::congested_zone) return core_.cond_resched();
  if (batch.immediate != 0) nap(100 * ms);
  if (sc.kswapd) return core_.cond_resched();
  const Nanos before = core_.now();
  if (memory_.congestion().wait_iff(zone, 100 * ms)) count_stall(core_.now() - before);
}

void Reclaim::shrink_active_list(Zone& zone, Lru lru, Pages nr, ScanControl& sc) {
  const bool file = is_file(lru);
  nr = std::min(nr, zone.lru_size(lru));
  if (nr == 0) return;
  if (sc.memcg == 0) vmstat_.scanned(home(zone), nr);
  zone.stat.scanned[file] += nr;
  count_looked(nr);
  const Lru to = file ? Lru::inactive_file : Lru::inactive_anon;
  stable_.settle(memory_.map(), zone, lru);
  stable_.settle(memory_.map(), zone, to);
  Batch batch;
  Pages stay = 0;
  vmstat_.add(zone, lru, -static_cast<std::int64_t>(nr));
  for (; batch.taken < nr; ++batch.taken) {
    const Pfn pfn = zone.list(lru).tail;
    Page& page = memory_.page(pfn);
    lru_unlink(memory_.map(), zone.list(lru), pfn);
    unsigned mark = untry(zone, lru, page);
    const Rmap::References used = memory_.rmap().test_and_clear_young(page);
    if (used.young != 0) {
      ++zone.stat.rotated[file];
      mark = page.tried = 0;
      // Code that is being run stays.
      if (used.exec && page.file_cache()) {
        lru_push(memory_.map(), zone.list(lru), pfn);
        ++stay;
        continue;
      }
    }
    page.clear(PG_active);
    lru_push(memory_.map(), zone.list(to), pfn);
    if (mark != 0) retry(zone, to, page, mark);
    batch.mix = batch.mix * 0x9e3779b97f4a7c15u + pfn;
  }
  vmstat_.add(zone, lru, static_cast<std::int64_t>(stay));
  vmstat_.add(zone, to, static_cast<std::int64_t>(nr - stay));
  charge(core_.costs().page_scanned * nr);
  batch.changed = true;
  turned();
  record(zone, lru, batch);
  resched();
}

// --- The run's hash: one record for each batch that changed something, and one for all looks in
// between that changed nothing.

void Reclaim::record(Zone& zone, Lru lru, const Batch& batch) {
  if (rehearsing_) return;
  const std::uint64_t list = std::uint64_t{zone.memcg} << 8 |
                             static_cast<std::uint64_t>(zone.type) << 2 |
                             static_cast<std::uint64_t>(lru);
  if (list != quiet_list_ || batch.changed) flush_record();
  quiet_list_ = list;
  if (!batch.changed) {
    quiet_pages_ += batch.taken;
    return;
  }
  core_.note(EventKind::page_list, list << 32 | batch.taken << 16 | batch.reclaimed, batch.mix);
}

void Reclaim::flush_record() {
  if (quiet_pages_ != 0) core_.note(EventKind::page_list, quiet_list_ << 32, quiet_pages_);
  quiet_pages_ = 0;
}

}  // namespace brink
