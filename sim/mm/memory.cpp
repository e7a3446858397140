// The facade of sim/mm: how its parts are made, and what it hands on to them.

#include "sim/mm/memory.hpp"

#include <algorithm>

#include "sim/locking/poll.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/steady.hpp"
#include "sim/mm/swap.hpp"

namespace brink {

Memory::Memory(Core& core, Locks& locks, MemorySetup setup)
    : core_(core),
      locks_(locks),
      config_(setup.config),
      rules_(setup.rules),
      policies_(setup.policies),
      sites_(setup.site_rule),
      hooks_(core, std::move(setup.faults)),
      failures_(core, sites_, config_.keep_failures),
      map_(config_.memory / page_size),
      zones_(map_, (config_.memory - std::min(config_.memory, config_.reserved)) / page_size,
             rules_),
      allocator_(std::make_unique<PageAlloc>(*this)),
      slab_(std::make_unique<Slab>(*this, config_.cpus)),
      swap_(std::make_unique<Swap>(*this, config_.swap)),
      cache_(std::make_unique<PageCache>(*this)),
      reclaim_(std::make_unique<Reclaim>(*this)),
      oom_(std::make_unique<OomKiller>(*this)),
      congestion_(std::make_unique<Congestion>(core)),
      kswapd_(std::make_unique<Kswapd>(*this)) {
  BRINK_ASSERT(policies_.alloc != nullptr && policies_.oom != nullptr &&
               policies_.reclaim != nullptr);
}

Memory::~Memory() = default;

// --- Allocation.

Pfn Memory::alloc_pages(Site site, unsigned order) {
  return alloc_pages(site, order, rule(site).gfp);
}

Pfn Memory::alloc_pages(Site site, unsigned order, Gfp gfp) {
  return allocator_->alloc({site, site, order, gfp});
}

void Memory::free_pages(Pfn page, unsigned order) noexcept {
  if (core_.aborting()) return;
  allocator_->free(page, order);
}

SlabCache& Memory::slab_cache(const SlabSpec& spec) { return slab_->cache(spec); }

SlabObject Memory::alloc_object(SlabCache& cache, Site site) {
  return slab_->alloc(cache, site, rule(site).gfp);
}

SlabObject Memory::alloc_object(SlabCache& cache, Site site, Gfp gfp) {
  return slab_->alloc(cache, site, gfp);
}

SlabObject Memory::kmalloc(std::uint32_t size, Site site) {
  return slab_->kmalloc(size, site, rule(site).gfp);
}

SlabObject Memory::kmalloc(std::uint32_t size, Site site, Gfp gfp) {
  return slab_->kmalloc(size, site, gfp);
}

void Memory::free_object(SlabObject object) noexcept {
  if (core_.aborting()) return;
  slab_->free(object);
}

// --- Callers that ask again.

namespace {
bool got(Pfn page) { return page != no_page; }
bool got(const SlabObject& object) { return static_cast<bool>(object); }
}  // namespace

template <class Try>
auto Memory::insist(Site site, unsigned order, const Insist& how, Try&& attempt) {
  if (rule(site).on_failure != OnFailure::loop) return attempt();
  MemoryWait wait(*this, MemoryWait::Asker::caller, site, order, rule(site).gfp);
  Steady steady(*this, rule(site).gfp);
  std::optional<UnlimitedLoop> loop;
  for (;;) {
    steady.begin();
    auto result = attempt();
    if (got(result)) {
      settle_loop(wait);
      return result;
    }
    if (!loop) loop.emplace(core_, wait);
    loop->round();
    steady.end();
    if (how.nap != 0) {
      congestion_->wait(how.nap);
      continue;
    }
    core_.yield();
    while (const std::uint64_t rounds = steady.repeatable(unlimited)) {
      steady.repeat(rounds);
      core_.yield();
    }
  }
}

Pfn Memory::alloc_pages_insisting(Site site, unsigned order, Insist how) {
  return insist(site, order, how, [&] { return alloc_pages(site, order); });
}

SlabObject Memory::alloc_object_insisting(SlabCache& cache, Site site, Insist how) {
  const unsigned order = cache.layout().min_order;
  return insist(site, order, how, [&] { return alloc_object(cache, site); });
}

SlabObject Memory::kmalloc_insisting(std::uint32_t size, Site site, Insist how) {
  return insist(site, slab_->kmalloc_order(size), how, [&] { return kmalloc(size, site); });
}

FailureId Memory::begin_failure(const FailedRequest& request, Cause cause, MemoryWait* around) {
  if (around == nullptr || !around->asks_for(request.site)) return failures_.open(request, cause);
  around->sticky_ = cause == Cause::injected && hooks_.last_is_sticky();
  if (around->failure_ == no_failure) {
    around->failure_ = failures_.open(request, cause);
  } else {
    failures_.set_cause(around->failure_, cause);
  }
  return around->failure_;
}

void Memory::end_failure(FailureId failure, MemoryWait* around) {
  const bool loops_on = around != nullptr && around->repeats() && around->failure_ == failure;
  if (!loops_on) failures_.settle(failure, Fate::retried);
}

void Memory::continue_failure(MemoryWait& wait) { wait.failure_ = failures_.last(wait.task()); }

void Memory::settle_loop(MemoryWait& wait) {
  if (wait.failure_ != no_failure) failures_.settle(wait.failure_, Fate::retried);
}

// --- Wiring and reports.

void Memory::set_swap_io(SwapIo& io) { swap_->set_io(io); }

void Memory::register_shrinker(Shrinker& shrinker) {
  reclaim_->shrinkers().add(shrinker);
  reclaim_changed();
}

void Memory::unregister_shrinker(Shrinker& shrinker) { reclaim_->shrinkers().drop(shrinker); }

void Memory::start_kswapd() { kswapd_->start(); }

void Memory::end_swap_write(Pfn page, int error) noexcept { swap_->end_write(page, error); }

void Memory::end_swap_read(Pfn page, int error) noexcept { cache_->end_read(page, error); }

void Memory::device_congested(bool sync) noexcept {
  if (!sync) lru_changed();
  congestion_->set(sync);
}

void Memory::device_uncongested(bool sync, bool was_congested) noexcept {
  if (!sync && was_congested) lru_changed();
  congestion_->clear(sync, was_congested);
}

void Memory::unmark_oom_victim(Task& task) { oom_->unmark(task); }

const AllocPolicy& Memory::alloc_policy() const {
  const bool switched = policies_.switch_at != 0 && counters_.questions >= policies_.switch_at;
  return switched ? *policies_.alloc_then : *policies_.alloc;
}

void Memory::set_kind(Page& page, PageKind kind, Pages pages) {
  stat_.kind[static_cast<std::size_t>(page.kind)] -= pages;
  stat_.kind[static_cast<std::size_t>(kind)] += pages;
  page.kind = kind;
}

std::uint32_t Memory::add_space(AddressSpace& space) {
  spaces_.push_back(&space);
  return static_cast<std::uint32_t>(spaces_.size() - 1);
}

void Memory::drop_space(std::uint32_t id) { spaces_[id] = nullptr; }

// --- What each task is doing in here.

Memory::PerTask& Memory::of(const Task& task) {
  if (task.id >= tasks_.size()) tasks_.resize(task.id + 1);
  return tasks_[task.id];
}

MemoryWait* Memory::wait_of(const Task& task) const {
  return task.id < tasks_.size() ? tasks_[task.id].wait : nullptr;
}

ReclaimState* Memory::reclaim_state(const Task& task) const {
  return task.id < tasks_.size() ? tasks_[task.id].reclaim : nullptr;
}

void Memory::set_reclaim_state(const Task& task, ReclaimState* state) { of(task).reclaim = state; }

void Memory::bug(const std::string& what) const {
  if (bug_sink_ != nullptr) bug_sink_->bug(what);
}

}  // namespace brink
