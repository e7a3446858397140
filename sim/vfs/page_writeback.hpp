// How much may be dirty, and how writers are slowed down on the way there (mm/page-writeback.c,
// Linux 2.6.30 to 4.0). Two ways, by Rules::dirty_throttling. A writer that pushes writes pages
// itself and naps until the device has caught up; one that pauses sleeps for as long as its share
// of the device's bandwidth takes, while the flusher writes.
//
// The bandwidth is the device's own, where the kernel measures it, and is shared evenly by the
// writers of the last second (guess), where the kernel's control loop finds that out. Left out: a
// device's share of the limit, which is all of it here; dirty_bytes and the ratio's lower bound of
// 5 % of 2.6.30 (the ratios are the defaults, 10 and 20 %); laptop mode; real-time tasks' extra
// quarter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/units.hpp"
#include "sim/sched/wait.hpp"

namespace brink {

class Core;
class Flusher;
class Inode;
class Memory;
class Vfs;

/// global_dirty_limits(): from when the flusher works, and where writers are stopped, in pages.
struct DirtyLimits {
  Pages background = 0, dirty = 0;
};
/// As they are for `task`: who writes to clean memory (PF_LESS_THROTTLE) may dirty a quarter more.
DirtyLimits dirty_limits(const Memory& memory, const Task* task = nullptr);

class PageWriteback {
 public:
  explicit PageWriteback(Vfs& vfs);

  /// balance_dirty_pages_ratelimited(): the running task has dirtied one more page of the inode.
  /// Now and then it waits here, if too much is dirty.
  void dirtied(Inode& inode);

  /// A reclaimer waits while much more is under writeback than may be dirty. Whoever may not call
  /// into file systems, or not start I/O, may hold what the end of that I/O needs: it waits once.
  void throttle_vm_writeout(Gfp gfp);

 private:
  /// Less to be dirty, or under writeback: any flusher that writes, any device that gets on.
  class Below final : public Waitable {
   public:
    explicit Below(const Vfs& vfs) : Waitable(WaitKind::wakers), vfs_(vfs) {}
    void blockers(const Task& waiter, BlockerSink& sink) const override;
    std::string describe() const override { return "dirty pages below their limit"; }

   private:
    const Vfs& vfs_;
  };
  struct Dirtier {
    std::uint32_t pages = 0;  ///< since it last looked (nr_dirtied)
    Nanos seen = 0;           ///< when it last did, plus 1
    Nanos paused = 0;         ///< until when it has waited for what it dirtied (dirty_paused_when)
    const Flusher* of = nullptr;
  };

  std::uint32_t ratelimit() const;
  Pages pages_per_second(const Flusher& flusher) const;
  void push(Flusher& flusher);
  void pause(Flusher& flusher, Dirtier& dirtier);
  void update_hard_limit(Pages limit, Pages dirty);
  Pages hard_limit(Pages limit) const;

  Vfs& vfs_;
  Memory& memory_;
  Core& core_;
  const Below below_;
  Pages hard_limit_;  ///< global_dirty_limit: as at boot, until writers wait
  Nanos hard_limit_since_ = 0;
  bool exceeded_ = false;          ///< bdi->dirty_exceeded
  std::vector<Dirtier> dirtiers_;  ///< by task id
};

/// bdi_position_ratio(): how much of its bandwidth a device grants to writers, in 1024ths: 1024 in
/// the middle between free run and limit, 2048 where the free run ends, 0 at the limit.
Pages position_ratio(DirtyLimits limits, Pages dirty);

}  // namespace brink
