// The loop of mempool_alloc(), and who holds what is out (mm/mempool.c, Linux 4.0).

#include "sim/mm/mempool.hpp"

#include <utility>

#include "sim/locking/poll.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"

namespace brink {
namespace {

/// How long mempool_alloc() sleeps at most before it asks again.
constexpr Nanos longest_sleep = 5 * seconds;

}  // namespace

Mempool::Wait::Wait(Mempool& pool)
    : WaitQueue(pool.memory_.core(), {describe_pool, &pool}), pool_(pool) {}

std::string Mempool::describe_pool(const void* pool) {
  return static_cast<const Mempool*>(pool)->spec_.name + " mempool";
}

Mempool::Mempool(Memory& memory, MempoolSpec spec)
    : memory_(memory), spec_(std::move(spec)), wait_(*this) {
  reserve_.reserve(spec_.min_nr);
}

bool Mempool::fill(Site site) {
  while (reserve_.size() < spec_.min_nr) {
    const MempoolElement element = get(site, memory_.rule(site).gfp);
    if (!element) {
      drain();
      return false;
    }
    reserve_.push_back(element);
  }
  return true;
}

void Mempool::drain() noexcept {
  while (!reserve_.empty()) {
    put(reserve_.back());
    reserve_.pop_back();
  }
}

// --- Elements.

/// One attempt at the allocator.
MempoolElement Mempool::get(Site site, Gfp gfp) {
  MempoolElement element;
  if (spec_.cache != nullptr) {
    element.object = memory_.alloc_object(*spec_.cache, site, gfp);
  } else if (spec_.kmalloc != 0) {
    element.object = memory_.kmalloc(spec_.kmalloc, site, gfp);
  } else {
    element.page = memory_.alloc_pages(site, spec_.order, gfp);
  }
  return element;
}

void Mempool::put(const MempoolElement& element) noexcept {
  if (element.page != no_page) {
    memory_.free_pages(element.page, spec_.order);
  } else {
    memory_.free_object(element.object);
  }
}

/// One attempt at the allocator, then at the reserve.
MempoolElement Mempool::try_alloc(Site site, Gfp gfp) {
  MempoolElement element = get(site, gfp);
  if (!element && !reserve_.empty()) {
    element = reserve_.back();
    reserve_.pop_back();
    element.reserved = true;
  }
  if (element) take(element);
  return element;
}

MempoolElement Mempool::alloc(Site site, BeforeSleep before) {
  return alloc(site, memory_.rule(site).gfp, before);
}

MempoolElement Mempool::alloc(Site site, Gfp gfp, BeforeSleep before) {
  gfp = gfp | Gfp::nomemalloc | Gfp::noretry | Gfp::nowarn;
  MempoolElement element = try_alloc(site, gfp & ~(Gfp::direct_reclaim | Gfp::io));
  if (!element) {
    return has(gfp, Gfp::direct_reclaim) ? alloc_slow(site, gfp, before) : MempoolElement();
  }
  if (element.reserved) memory_.failures().settle_last(Fate::fallback);
  return element;
}

MempoolElement Mempool::alloc_slow(Site site, Gfp gfp, BeforeSleep before) {
  Core& core = memory_.core();
  FailureLedger& failures = memory_.failures();
  // The first refusal stays open until an element is there; those of later rounds continue it.
  const FailureId first = failures.last(core.current());
  const UnlimitedLoop loop(core, wait_);
  bool sleeps = memory_.rules().mempool_sleeps_first;
  for (;;) {
    if (sleeps) {
      count_poll_round(core);
      if (before.call != nullptr) before.call(before.argument);
      // That may have slept, while others gave elements back.
      if (reserve_.empty()) sleep();
    }
    sleeps = true;
    const MempoolElement element = try_alloc(site, gfp);
    if (!element || element.reserved) failures.settle_last(Fate::fallback);
    if (element) {
      if (first != no_failure) failures.settle(first, Fate::fallback);
      return element;
    }
  }
}

void Mempool::sleep() {
  const Nanos until = memory_.core().now() + longest_sleep;
  static_cast<void>(wait_.sleep(WaitMode::uninterruptible, until));
}

void Mempool::free(MempoolElement& element) noexcept {
  if (memory_.core().aborting()) return;
  Holder& out = holder(element);
  out.live = false;
  out.next_free = std::exchange(free_holder_, element.holder);
  --in_use_;
  element.holder = MempoolElement::nobody;
  element.reserved = false;
  if (reserve_.size() < spec_.min_nr) {
    reserve_.push_back(element);
    wait_.wake_up();
  } else {
    put(element);
  }
  element = {};
}

// --- Holders.

void Mempool::take(MempoolElement& element) {
  if (free_holder_ == MempoolElement::nobody) {
    element.holder = static_cast<std::uint32_t>(holders_.size());
    holders_.emplace_back();
  } else {
    element.holder = free_holder_;
    free_holder_ = holders_[element.holder].next_free;
  }
  ++in_use_;
  const Core& core = memory_.core();
  Holder& out = holders_[element.holder];
  out = {};
  out.live = true;
  out.since = core.now();
  if (core.in_task()) out.task = core.current().id;
}

Mempool::Holder& Mempool::holder(const MempoolElement& element) {
  BRINK_ASSERT(element.holder < holders_.size() && holders_[element.holder].live);
  return holders_[element.holder];
}

void Mempool::held_by(const MempoolElement& element, const Task& task) {
  Holder& out = holder(element);
  out.task = task.id;
  out.since = memory_.core().now();
  out.through = nullptr;
}

void Mempool::returns_by_itself(const MempoolElement& element) {
  Holder& out = holder(element);
  out.task = no_task;
  out.through = nullptr;
}

void Mempool::held_through(const MempoolElement& element, const Waitable& wait) {
  Holder& out = holder(element);
  out.task = no_task;
  out.through = &wait;
}

void Mempool::holders(BlockerSink& sink) const {
  for (const Holder& out : holders_) {
    if (out.live && out.task != no_task)
      name_blocker(sink, memory_.core().task(out.task), out.since);
  }
}

void Mempool::Wait::blockers(const Task& waiter, BlockerSink& sink) const {
  for (const Holder& out : pool_.holders_) {
    if (!out.live) continue;
    if (out.through != nullptr) {
      out.through->blockers(waiter, sink);
    } else if (out.task == no_task) {
      sink.event();
    } else {
      name_blocker(sink, core().task(out.task), out.since);
    }
  }
}

}  // namespace brink
