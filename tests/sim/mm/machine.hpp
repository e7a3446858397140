// A small machine to drive sim/mm with: core, locks, memory, a swap device and processes that are
// no more than a task with an address space.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "brink/site_list.hpp"
#include "policies/eras/eras.hpp"
#include "sim/locking/locks.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"
#include "sim/sched/fifo.hpp"

namespace brink::test {

/// __alloc_pages_slowpath()'s own predicate, with a limit on OOM rounds for small orders.
class RetryPolicy final : public AllocPolicy {
 public:
  explicit RetryPolicy(std::int64_t retries) : retries_(retries) {}
  Action decide(const AllocAttempt& a) const override {
    ++asked;
    last = a;
    if (refuses(a)) return {Action::Kind::fail, Pause::none, 0};
    return {a.progress ? Action::Kind::retry : Action::Kind::oom, Pause::congestion, 20 * ms};
  }
  std::uint64_t rounds_left(const AllocAttempt& a) const override {
    if (refuses(a)) return 0;
    if (has(a.gfp, Gfp::nofail) || retries_ < 0 || a.progress) return unlimited;
    return static_cast<std::uint64_t>(retries_) - a.oom_rounds;
  }
  mutable std::uint64_t asked = 0;
  mutable AllocAttempt last;

 private:
  bool refuses(const AllocAttempt& a) const {
    if (has(a.gfp, Gfp::noretry)) return true;
    if (has(a.gfp, Gfp::nofail)) return false;
    if (a.order > costly_order) {
      return !(has(a.gfp, Gfp::retry_mayfail) && a.progress && a.reclaimed < Pages{1} << a.order);
    }
    if (retries_ < 0) return false;
    return retries_ == 0 ? !a.progress : a.oom_rounds >= static_cast<std::uint64_t>(retries_);
  }
  const std::int64_t retries_;
};

/// The largest process dies; while a victim is left, nobody else does.
class LargestFirst final : public OomPolicy {
 public:
  explicit LargestFirst(VictimRights rights = VictimRights::everything) : rights_(rights) {}
  OomGate gate(const OomRequest& r) const override {
    if (r.page_fault || has(r.gfp, Gfp::nofail)) return OomGate::kill;
    if (r.order > costly_order || has_any(r.gfp, Gfp::dma | Gfp::dma32)) return OomGate::refuse;
    return has(r.gfp, Gfp::fs) ? OomGate::kill : OomGate::pretend;
  }
  OomChoice choose(const OomView& view) const override {
    const TaskView* worst = nullptr;
    for (const TaskView& t : view.tasks) {
      if (t.victim) return {OomChoice::Kind::wait, t.id, 0};
      if (t.kthread || !t.has_mm) continue;
      if (worst == nullptr || t.rss + t.swap_entries > worst->rss + worst->swap_entries) worst = &t;
    }
    if (worst == nullptr) return {OomChoice::Kind::nobody, no_task, 0};
    return {OomChoice::Kind::kill, worst->id, worst->rss};
  }
  VictimRights rights() const override { return rights_; }

 private:
  const VictimRights rights_;
};

class PlainReclaim final : public ReclaimPolicy {
 public:
  explicit PlainReclaim(bool writes = false) : writes_(writes) {}
  unsigned swappiness() const override { return 60; }
  bool direct_reclaim_writes() const override { return writes_; }

 private:
  const bool writes_;
};

struct MachineSpec {
  MemoryConfig memory{.memory = 64 * MiB};
  std::int64_t retries = -1;
  const AllocPolicy* alloc = nullptr;  ///< instead of RetryPolicy
  const OomPolicy* killer = nullptr;   ///< instead of LargestFirst
  const ReclaimPolicy* reclaim = nullptr;
  std::uint32_t cpus = 2;
  bool kswapd = true;
  bool direct_writes = false;
  Nanos swap_delay = 100 * us;
  Nanos time_limit = 600 * seconds;
  VictimRights rights = VictimRights::everything;
  Preempt preempt = Preempt::voluntary;
  Rules rules;
  std::vector<std::unique_ptr<Fault>> faults;
};

class Machine final : public OomHost, public SwapIo, public BugSink {
 public:
  explicit Machine(MachineSpec spec)
      : retry(spec.retries),
        oom(spec.rights),
        reclaim(spec.direct_writes),
        core(core_config(spec), strategy),
        locks(core),
        memory(core, locks, setup(spec)),
        swap_delay_(spec.swap_delay) {
    memory.set_oom_host(*this);
    memory.set_bug_sink(*this);
    if (spec.memory.swap != 0) memory.set_swap_io(*this);
    if (spec.kswapd) memory.start_kswapd();
    memory.start_oom_reaper();
  }

  /// Tasks that are left unwind while the memory that their frames speak of is there.
  ~Machine() override { core.abort(); }

  struct Process {
    Machine* machine = nullptr;
    Task* task = nullptr;
    std::optional<AddressSpace> mm;
    std::function<void(Process&)> main;
  };

  /// A process: `main` runs, then its memory is given back.
  Process& process(std::function<void(Process&)> main) {
    Process& p = add(std::move(main));
    p.mm.emplace(memory);
    p.task = &core.spawn("proc", {run_process, &p});
    return p;
  }
  /// A kernel task without an address space.
  Task& kernel(std::function<void()> main) {
    Process& p = add([main](Process&) { main(); });
    p.task = &core.spawn("kern", {run_process, &p});
    return *p.task;
  }

  void task_views(std::vector<TaskView>& out) override {
    for (Process& p : processes_) {
      if (p.task->state == TaskState::dead) continue;
      TaskView view;
      view.id = p.task->id;
      view.comm = p.task->name();
      view.has_mm = p.mm.has_value() && !p.mm->exited();
      view.kthread = p.task->has(PF_KTHREAD);
      if (p.mm.has_value()) {
        view.mm = p.mm->id();
        view.skip = p.mm->oom_skip();
      }
      if (view.has_mm) {
        view.rss = p.mm->rss();
        view.swap_entries = p.mm->swap_entries();
      }
      view.victim = p.task->has(TIF_MEMDIE);
      view.fatal_signal = p.task->has(FATAL_SIGNAL);
      out.push_back(view);
    }
  }
  void kill(TaskId victim) override {
    Task& task = core.task(victim);
    kills.push_back(victim);
    task.set(FATAL_SIGNAL);
    if (task.state == TaskState::parked && task.signalled(task.wait_mode)) {
      core.wake(task, Wake::signal);
    }
  }
  void panic(const std::string& reason) override {
    panicked = reason;
    core.stop();
  }
  void bug(const std::string& what) override { bugs.push_back(what); }

  void submit_write(std::uint32_t, Pfn page) override {
    if (lose_swap_io) return lost_io.push_back(page);
    core.at(core.now() + swap_delay_, wrote, this, page);
  }
  void submit_read(std::uint32_t, Pfn page) override {
    core.at(core.now() + swap_delay_, read, this, page);
  }
  void blockers(Pfn, const Task&, BlockerSink&) const override {}

  Counters counters() const {
    Counters c;
    memory.add_to(c);
    return c;
  }
  /// How often failures of a site ended so.
  std::uint64_t fate(Site site, Fate fate) {
    const auto& fates = memory.failures().fates();
    const auto at = static_cast<std::size_t>(site);
    return at < fates.size() ? fates[at][static_cast<std::size_t>(fate)] : 0;
  }

  const RetryPolicy retry;
  const LargestFirst oom;
  const PlainReclaim reclaim;
  FifoStrategy strategy;
  Core core;
  Locks locks;
  Memory memory;
  std::vector<TaskId> kills;
  std::vector<std::string> bugs;
  std::string panicked;
  bool lose_swap_io = false;  ///< writes go nowhere, but onto a list
  bool fail_reads = false;
  std::vector<Pfn> lost_io;

 private:
  Process& add(std::function<void(Process&)> main) {
    Process& p = processes_.emplace_back();
    p.machine = this;
    p.main = std::move(main);
    return p;
  }
  static CoreConfig core_config(const MachineSpec& spec) {
    CoreConfig config;
    config.cpus = spec.cpus;
    config.preempt = spec.preempt;
    config.time_limit = spec.time_limit;
    return config;
  }
  MemorySetup setup(MachineSpec& spec) {
    MemorySetup s;
    s.config = spec.memory;
    s.rules = spec.rules;
    s.site_rule = linux_4_0_site;
    s.slab_spec = linux_4_0_slab;
    s.policies = {spec.alloc != nullptr ? spec.alloc : &retry,
                  spec.killer != nullptr ? spec.killer : &oom,
                  spec.reclaim != nullptr ? spec.reclaim : &reclaim};
    s.faults = std::move(spec.faults);
    return s;
  }
  static void run_process(void* argument) {
    Process& p = *static_cast<Process*>(argument);
    p.main(p);
    if (p.mm) {
      p.machine->memory.failures().settle_killed(*p.task);
      p.mm->exit();
    }
  }
  static void wrote(void* self, std::uint64_t page) {
    static_cast<Machine*>(self)->memory.end_swap_write(static_cast<Pfn>(page), 0);
  }
  static void read(void* self, std::uint64_t page) {
    Machine& m = *static_cast<Machine*>(self);
    m.memory.end_swap_read(static_cast<Pfn>(page), m.fail_reads ? -5 : 0);
  }

  const Nanos swap_delay_;
  std::deque<Process> processes_;
};

/// Takes pages until each zone has only so many left. Nothing of what is taken can be reclaimed.
inline void exhaust(Machine& m, Pages dma, Pages dma32) {
  const std::pair<Gfp, Pages> zones[] = {{GFP_KERNEL, dma32}, {GFP_KERNEL | Gfp::dma, dma}};
  for (const auto& [gfp, leave] : zones) {
    const Zone& zone = m.memory.zones().preferred(gfp);
    // Nothing is left on the lists of CPUs either.
    m.memory.allocator().drain_all();
    while (zone.free() + zone.pcp.pages() > leave) {
      const Pfn page = m.memory.allocator().take(0, gfp, Watermark::min, ALLOC_NO_WATERMARKS);
      ASSERT_NE(page, no_page);
      m.memory.allocator().prepare(page, 0, gfp);
    }
    m.memory.allocator().drain_all();
  }
  // What was broken into on the way is not to be felt.
  m.memory.zones().unboost();
}

}  // namespace brink::test
