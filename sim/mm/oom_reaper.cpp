// The OOM reaper (mm/oom_kill.c, Linux 6.1).

#include "sim/mm/oom_reaper.hpp"

#include "sim/mm/address_space.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {

void OomReaper::start() {
  task_ = &memory_.core().spawn("oom_reaper", {body, this});
  task_->set(PF_KTHREAD);
  task_->set(DAEMON);
}

void OomReaper::body(void* self) { static_cast<OomReaper*>(self)->run(); }

void OomReaper::queue(const Task& victim, AddressSpace& mm) {
  for (const Victim& queued : queue_) {
    if (queued.mm == &mm) return;  // MMF_OOM_REAP_QUEUED
  }
  queue_.push_back({victim.id, &mm, memory_.core().now() + delay_});
  if (queue_.size() == 1) memory_.core().wake(*task_);
}

void OomReaper::run() {
  Core& core = memory_.core();
  const Frame frame(*task_, "oom_reaper");
  for (;;) {
    if (queue_.empty()) {
      static_cast<void>(core.park(idle_wait, WaitMode::uninterruptible));
    } else if (core.now() < queue_.front().due) {
      core.sleep_until(queue_.front().due);
    } else {
      reap(queue_.front());
      queue_.pop_front();
      // What nobody waits for any more decides who dies next.
      memory_.changed();
    }
  }
}

/// oom_reap_task().
void OomReaper::reap(const Victim& victim) {
  Core& core = memory_.core();
  bool reaped = false;
  for (unsigned tries = 0; !reaped && !victim.mm->oom_skip() && tries < tries_max; ++tries) {
    if (tries != 0) core.sleep(nap);
    reaped = victim.mm->reap();
  }
  if (victim.mm->oom_skip()) return;
  report(victim, reaped);
  victim.mm->set_oom_skip();
}

void OomReaper::report(const Victim& victim, bool reaped) const {
  const std::string name = memory_.core().task(victim.task).name();
  const std::string id = std::to_string(victim.task);
  if (KernelLog* log = memory_.log()) [[unlikely]] {
    log->print(reaped ? "oom_reaper: reaped process " + id + " (" + name + "), now anon-rss:" +
                            std::to_string(victim.mm->rss() * (page_size / KiB)) +
                            "kB, file-rss:0kB, shmem-rss:0kB"
                      : "oom_reaper: unable to reap pid:" + id + " (" + name + ")");
  }
  if (Story* story = memory_.story()) [[unlikely]] {
    story->tell((reaped ? "oom_reaper: reaped process " : "oom_reaper: unable to reap ") + id +
                " (" + name + ")");
  }
}

}  // namespace brink
