// How much may be dirty, and how writers are slowed down on the way there (mm/page-writeback.c,
// Linux 4.0). The kernel steers each writer by measured bandwidths and a control loop; here a
// writer's pause is the device's own time for its pages, stretched without bound as the limit comes
// nearer (guess).

#include <algorithm>
#include <optional>

#include "sim/locking/poll.hpp"
#include "sim/mm/memory.hpp"
#include "sim/vfs/vfs.hpp"
#include "sim/vfs/writeback.hpp"

namespace brink {
namespace {

constexpr Pages background_ratio = 10;
constexpr Pages dirty_ratio = 20;
constexpr Nanos max_pause = 200 * ms;
constexpr std::uint32_t ratelimit_pages = 32;

/// A writer at the limit: the flusher must write something first.
class DirtyThrottle final : public Waitable {
 public:
  explicit DirtyThrottle(const Flusher& flusher) : Waitable(WaitKind::wakers), flusher_(flusher) {}
  void blockers(const Task&, BlockerSink& sink) const override {
    if (flusher_.task() != nullptr) sink.task(*flusher_.task());
    if (flusher_.device().in_flight() != 0) sink.event();
  }
  std::string describe() const override { return "dirty pages below their limit"; }

 private:
  const Flusher& flusher_;
};

}  // namespace

DirtyLimits dirty_limits(const Memory& memory) {
  const Zones& zones = memory.zones();
  const Pages free = zones.free();
  const Pages dirtyable = free - std::min(free, zones.total_reserve()) +
                          zones.lru_size(Lru::inactive_file) + zones.lru_size(Lru::active_file) + 1;
  return {dirtyable * background_ratio / 100, dirtyable * dirty_ratio / 100};
}

void balance_dirty_pages(Vfs& vfs, Inode& inode, std::uint32_t& dirtied) {
  if (dirtied < ratelimit_pages) return;
  Core& core = vfs.core();
  Memory& memory = vfs.memory();
  Flusher& flusher = vfs.flusher(inode.sb.device());
  Frame frame(core.current(), "balance_dirty_pages");
  const DirtyThrottle throttle(flusher);
  std::optional<UnlimitedLoop> at_limit;
  while (!core.current().signalled(WaitMode::killable)) {
    const DirtyLimits limits = dirty_limits(memory);
    const Pages dirty = memory.stat().dirty + memory.stat().writeback;
    const Pages free_run = (limits.background + limits.dirty) / 2;
    if (dirty <= free_run) break;
    flusher.start_background();
    const Pages left = limits.dirty > dirty ? limits.dirty - dirty : 0;
    Nanos pause = max_pause;
    if (left == 0) {
      if (!at_limit) at_limit.emplace(core, throttle);
    } else {
      const Nanos device_time = dirtied * flusher.device().page_time();
      pause = std::min(max_pause, device_time * (limits.dirty - free_run) / left);
    }
    core.sleep(pause, WaitMode::killable);
    // Whoever was below the limit has waited enough.
    if (left != 0) break;
    count_poll_round(core);
  }
  if (memory.stat().dirty > dirty_limits(memory).background) flusher.start_background();
  dirtied = 0;
}

}  // namespace brink
