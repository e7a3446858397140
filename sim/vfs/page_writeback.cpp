// Dirty limits and what they do to writers and reclaimers (mm/page-writeback.c, Linux 2.6.30 to
// 4.0).

#include "sim/vfs/page_writeback.hpp"

#include <algorithm>
#include <optional>

#include "sim/locking/poll.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"
#include "sim/vfs/writeback.hpp"

namespace brink {
namespace {

constexpr Pages background_ratio = 10;
constexpr Pages dirty_ratio = 20;
constexpr Nanos max_pause = 200 * ms;
constexpr Nanos congestion_nap = 100 * ms;
constexpr std::int64_t calc_shift = 10;  // RATELIMIT_CALC_SHIFT
constexpr Nanos recent = 1 * seconds;
constexpr Nanos bandwidth_interval = 200 * ms;

Pages free_run_ceiling(DirtyLimits limits) { return (limits.background + limits.dirty) / 2; }

Pages dirtyable_memory(const Memory& memory) {
  const Zones& zones = memory.zones();
  const Pages free = zones.free();
  const Pages file = zones.lru_size(Lru::inactive_file) + zones.lru_size(Lru::active_file);
  if (memory.rules().dirtyable_memory == Rules::DirtyableMemory::free_and_lru) {
    return free + file + zones.lru_size(Lru::inactive_anon) + zones.lru_size(Lru::active_anon) + 1;
  }
  return free - std::min(free, zones.total_reserve()) + file + 1;
}

}  // namespace

DirtyLimits dirty_limits(const Memory& memory, const Task* task) {
  const Pages dirtyable = dirtyable_memory(memory);
  DirtyLimits limits{dirtyable * background_ratio / 100, dirtyable * dirty_ratio / 100};
  if (task != nullptr && task->has(PF_LESS_THROTTLE)) {
    limits.background += limits.background / 4;
    limits.dirty += limits.dirty / 4;
  }
  return limits;
}

Pages position_ratio(DirtyLimits limits, Pages dirty) {
  if (dirty >= limits.dirty) return 0;
  const auto limit = static_cast<std::int64_t>(limits.dirty);
  const auto setpoint = static_cast<std::int64_t>((free_run_ceiling(limits) + limits.dirty) / 2);
  const std::int64_t distance = setpoint - static_cast<std::int64_t>(dirty);
  const std::int64_t x = distance * (1 << calc_shift) / ((limit - setpoint) | 1);
  const std::int64_t cube = (x * x >> calc_shift) * x >> calc_shift;
  constexpr std::int64_t one = 1 << calc_shift;
  return static_cast<Pages>(std::clamp(one + cube, std::int64_t{0}, 2 * one));
}

// --- Who ends such a wait.

void PageWriteback::Below::blockers(const Task& waiter, BlockerSink& sink) const {
  for (const auto& flusher : vfs_.flushers()) {
    if (flusher->task() != nullptr) sink.task(*flusher->task());
  }
  for (const auto& device : vfs_.block().devices()) {
    if (device->in_flight() != 0) sink.event();
    device->carriers(sink);
  }
  for (const SuperBlock* sb : vfs_.super_blocks()) sb->cleaners(sink);
  // A writer that pushes may do it itself, as it goes round.
  if (vfs_.memory().rules().dirty_throttling == Rules::DirtyThrottling::push) sink.inner(waiter);
}

PageWriteback::PageWriteback(Vfs& vfs)
    : vfs_(vfs),
      memory_(vfs.memory()),
      core_(vfs.core()),
      below_(vfs),
      hard_limit_(dirty_limits(memory_).dirty) {}

// --- Writers.

/// Pages that a task may dirty before it looks. The kernel spaces the looks of a writer that pauses
/// by how far the limit is, up to 32 pages where it is near; here it is 32 anywhere.
std::uint32_t PageWriteback::ratelimit() const {
  if (memory_.rules().dirty_throttling == Rules::DirtyThrottling::pause) return 32;
  if (exceeded_) return 8;
  // ratelimit_pages of writeback_set_ratelimit(), at most 4 MiB.
  const Pages share = memory_.config().memory / page_size / (memory_.config().cpus * Pages{32});
  return static_cast<std::uint32_t>(std::clamp<Pages>(share, 16, 1024));
}

void PageWriteback::dirtied(Inode& inode) {
  const TaskId id = core_.current().id;
  if (id >= dirtiers_.size()) dirtiers_.resize(core_.task_count());
  if (++dirtiers_[id].pages < ratelimit()) return;
  Flusher& flusher = vfs_.flusher(inode.sb.device());
  Frame frame(core_.current(), "balance_dirty_pages");
  if (memory_.rules().dirty_throttling == Rules::DirtyThrottling::push) {
    push(flusher);
  } else {
    dirtiers_[id].seen = core_.now() + 1;
    dirtiers_[id].of = &flusher;
    // Others may come meanwhile, and the table grow.
    Dirtier dirtier = dirtiers_[id];
    pause(flusher, dirtier);
    dirtiers_[id] = dirtier;
  }
  if (memory_.stat().dirty > dirty_limits(memory_, &core_.current()).background) {
    flusher.start_background();
  }
  dirtiers_[id].pages = 0;
}

/// balance_dirty_pages() of 2.6.30: whoever dirtied too much writes half as much again as it may
/// dirty between two looks.
void PageWriteback::push(Flusher& flusher) {
  const std::int64_t chunk = ratelimit() + ratelimit() / 2;
  std::int64_t written = 0;
  std::optional<UnlimitedLoop> loop;
  for (;;) {
    const DirtyLimits limits = dirty_limits(memory_, &core_.current());
    const Pages dirty = memory_.stat().dirty;
    const Pages all = dirty + memory_.stat().writeback;
    if (all <= limits.dirty || all < free_run_ceiling(limits)) break;
    exceeded_ = true;
    if (!loop) loop.emplace(core_, below_);
    if (dirty > limits.dirty) written += flusher.push(chunk - written);
    const Pages after = memory_.stat().dirty + memory_.stat().writeback;
    if (after <= dirty_limits(memory_, &core_.current()).dirty || written >= chunk) break;
    loop->round();
    memory_.congestion().wait(CongestionClass::async, congestion_nap);
  }
  const MemoryStat& stat = memory_.stat();
  if (stat.dirty + stat.writeback < dirty_limits(memory_, &core_.current()).dirty) {
    exceeded_ = false;
  }
}

/// write_bandwidth over the writers that share it (bdi->dirty_ratelimit).
Pages PageWriteback::pages_per_second(const Flusher& flusher) const {
  Pages writers = 0;
  for (const Dirtier& other : dirtiers_) {
    if (other.of == &flusher && other.seen + recent > core_.now()) ++writers;
  }
  const Pages bandwidth = seconds / std::max<Nanos>(flusher.device().page_time(), 1);
  return std::max<Pages>(bandwidth / std::max<Pages>(writers, 1), 1);
}

/// balance_dirty_pages() of 4.0.
void PageWriteback::pause(Flusher& flusher, Dirtier& dirtier) {
  std::optional<UnlimitedLoop> at_limit;
  while (!core_.current().signalled(WaitMode::killable)) {
    const DirtyLimits limits = dirty_limits(memory_, &core_.current());
    const Pages dirty = memory_.stat().dirty + memory_.stat().writeback;
    if (dirty <= free_run_ceiling(limits)) {
      dirtier.paused = core_.now();
      break;
    }
    flusher.start_background();
    update_hard_limit(limits.dirty, dirty);
    const Pages granted = pages_per_second(flusher) * position_ratio(limits, dirty) >> calc_shift;
    if (granted == 0) {
      if (!at_limit) at_limit.emplace(core_, below_);
      core_.sleep(max_pause, WaitMode::killable);
      dirtier.paused = core_.now();
      count_poll_round(core_);
      continue;
    }
    const Nanos period = seconds * dirtier.pages / granted;
    // What it took to make the pages counts as part of the pause.
    const Nanos due = std::max(dirtier.paused, core_.now() - std::min(core_.now(), max_pause));
    const Nanos until = std::min(due + period, core_.now() + max_pause);
    if (until > core_.now()) core_.sleep_until(until, WaitMode::killable);
    dirtier.paused = until;
    break;
  }
}

// --- Reclaimers.

/// update_dirty_limit(): follows the limit up at once, and down by a thirty-second of the way every
/// 200 ms that somebody waits to write.
void PageWriteback::update_hard_limit(Pages limit, Pages dirty) {
  if (core_.now() < hard_limit_since_ + bandwidth_interval) return;
  hard_limit_since_ = core_.now();
  if (hard_limit_ < limit) {
    hard_limit_ = limit;
    return;
  }
  const Pages target = std::max(limit, dirty);
  if (hard_limit_ > target) hard_limit_ -= (hard_limit_ - target) / 32;
}

/// hard_dirty_limit(): what writers may have made dirty when there was more memory to be had. There
/// since writers pause.
Pages PageWriteback::hard_limit(Pages limit) const {
  const bool smooth = memory_.rules().dirty_throttling == Rules::DirtyThrottling::pause;
  return smooth ? std::max(limit, hard_limit_) : limit;
}

void PageWriteback::throttle_vm_writeout(Gfp gfp) {
  std::optional<UnlimitedLoop> loop;
  for (;;) {
    const Pages limit = hard_limit(dirty_limits(memory_, &core_.current()).dirty);
    if (memory_.stat().writeback <= limit + limit / 10) return;
    if (has(gfp, Gfp::io) && has(gfp, Gfp::fs)) {
      if (!loop) loop.emplace(core_, below_);
      loop->round();
    }
    memory_.congestion().wait(CongestionClass::async, congestion_nap);
    if (!loop) return;
  }
}

}  // namespace brink
