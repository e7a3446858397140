// The daemon that compacts in the background (mm/compaction.c: kcompactd_do_work, Linux 6.1).

#include "sim/mm/kcompactd.hpp"

#include <algorithm>

#include "sim/locking/lockdep.hpp"
#include "sim/mm/compaction.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

void Kcompactd::start() {
  task_ = &memory_.core().spawn("kcompactd0", {body, this});
  task_->set(PF_KTHREAD);
  task_->set(DAEMON);
}

void Kcompactd::body(void* self) { static_cast<Kcompactd*>(self)->run(); }

void Kcompactd::run() {
  const Frame frame(*task_, "kcompactd");
  for (;;) {
    while (order_ == 0) {
      sleeping_ = true;
      static_cast<void>(memory_.core().park(idle_wait, WaitMode::uninterruptible));
      sleeping_ = false;
    }
    do_work();
  }
}

void Kcompactd::do_work() {
  const unsigned order = order_;
  const ZoneType class_zone = class_zone_;
  for (Zone& zone : memory_.zones().all()) {
    if (!zone.populated() || zone.type > class_zone) continue;
    memory_.compaction().background(zone, order, class_zone);
    memory_.core().cond_resched();
  }
  // Whatever came of it, it is done until somebody wants more than that.
  if (order_ <= order) order_ = 0;
}

void Kcompactd::wake(unsigned order, ZoneType class_zone) {
  if (task_ == nullptr || order == 0) return;
  order_ = std::max(order_, order);
  class_zone_ = class_zone;
  if (!sleeping_ || !memory_.compaction().background_suitable(order, class_zone)) return;
  memory_.core().charge(memory_.core().costs().wakeup);
  memory_.core().wake(*task_);
}

}  // namespace brink
