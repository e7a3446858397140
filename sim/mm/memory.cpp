// The facade of sim/mm: how its parts are made, and what it hands on to them.

#include "sim/mm/memory.hpp"

#include <algorithm>

#include "sim/mm/compaction.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/kcompactd.hpp"
#include "sim/mm/kswapd.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/oom_kill.hpp"
#include "sim/mm/overcommit.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/shmem.hpp"
#include "sim/mm/swap.hpp"

namespace brink {
namespace {

ZoneSetup zone_setup(const MemoryConfig& config, std::uint32_t cpus) {
  ZoneSetup setup;
  setup.pages = (config.memory - std::min(config.memory, config.reserved)) / page_size;
  setup.arch = config.arch;
  setup.cpus = cpus;
  setup.min_free_kbytes = config.min_free_kbytes;
  setup.watermark_scale_factor = config.watermark_scale_factor;
  return setup;
}

}  // namespace

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
      zones_(map_, zone_setup(config_, core.config().cpus), rules_),
      allocator_(std::make_unique<PageAlloc>(*this)),
      slab_(std::make_unique<Slab>(*this, config_.cpus, rules_.slab, setup.slab_spec)),
      vmalloc_(std::make_unique<Vmalloc>(*this)),
      swap_(std::make_unique<Swap>(*this, config_.swap)),
      cache_(std::make_unique<PageCache>(*this)),
      rmap_(std::make_unique<Rmap>(*this)),
      overcommit_(std::make_unique<Overcommit>(*this)),
      shmem_files_(std::make_unique<ShmemFiles>(*this)),
      reclaim_(std::make_unique<Reclaim>(*this)),
      oom_(std::make_unique<OomKiller>(*this)),
      congestion_(std::make_unique<Congestion>(core, rules_.worker_naps)),
      kswapd_(std::make_unique<Kswapd>(*this)),
      compaction_(std::make_unique<Compaction>(*this)),
      kcompactd_(std::make_unique<Kcompactd>(*this)) {
  BRINK_ASSERT(policies_.alloc != nullptr && policies_.oom != nullptr &&
               policies_.reclaim != nullptr);
  if (!config_.memcgs.empty()) memcgs_ = std::make_unique<Memcgs>(*this);
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

SlabCache& Memory::slab_cache(const char* name) { return slab_->cache(name); }

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

void Memory::set_plugs(Plugs& plugs) { congestion_->set_plugs(plugs); }

void Memory::register_shrinker(Shrinker& shrinker) {
  reclaim_->shrinkers().add(shrinker);
  reclaim_changed();
}

void Memory::unregister_shrinker(Shrinker& shrinker) { reclaim_->shrinkers().drop(shrinker); }

void Memory::start_kswapd() {
  kswapd_->start();
  if (rules_.kcompactd) kcompactd_->start();
}
void Memory::start_oom_reaper() { oom_->start_reaper(); }

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

void Memory::unmark_oom_victim(Task& task, bool gone) { oom_->unmark(task, gone); }

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
  if (free_spaces_.empty()) {
    spaces_.push_back(&space);
    return static_cast<std::uint32_t>(spaces_.size() - 1);
  }
  const std::uint32_t id = free_spaces_.back();
  free_spaces_.pop_back();
  spaces_[id] = &space;
  return id;
}

void Memory::drop_space(std::uint32_t id) {
  spaces_[id] = nullptr;
  free_spaces_.push_back(id);
}

// --- What each task is doing in here.

Memory::PerTask& Memory::of(const Task& task) {
  if (task.id >= tasks_.size()) tasks_.resize(task.id + 1);
  return tasks_[task.id];
}

MemoryWait* Memory::wait_of(const Task& task) const {
  return task.id < tasks_.size() ? tasks_[task.id].wait : nullptr;
}

bool Memory::somebody_drains() const {
  return std::any_of(tasks_.begin(), tasks_.end(), [](const PerTask& task) {
    return task.wait != nullptr && task.wait->drains();
  });
}

ReclaimState* Memory::reclaim_state(const Task& task) const {
  return task.id < tasks_.size() ? tasks_[task.id].reclaim : nullptr;
}

void Memory::set_reclaim_state(const Task& task, ReclaimState* state) { of(task).reclaim = state; }

void Memory::bug(const std::string& what) const {
  if (bug_sink_ != nullptr) bug_sink_->bug(what);
}

}  // namespace brink
