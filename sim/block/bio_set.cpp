// The mempool of bios. Its loop is the caller's, not the allocator's: whatever the retry policy
// says, a bio is waited for.

#include "sim/block/bio_set.hpp"

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/block/blockers.hpp"
#include "sim/block/device.hpp"
#include "sim/locking/poll.hpp"

namespace brink {
namespace {

/// How long mempool_alloc() sleeps at most before it asks again.
constexpr Nanos mempool_sleep = 5 * seconds;

}  // namespace

BioSet::BioSet(Memory& memory)
    : memory_(memory), cache_(memory.slab_cache({.name = "bio-0", .size = 192})), wait_(*this) {}

void BioSet::fill_reserve() {
  while (reserve_.size() < min_nr) {
    const SlabObject object = memory_.alloc_object(cache_, site::kernel_boot);
    BRINK_ASSERT(object);
    reserve_.push_back(object);
  }
}

Bio* BioSet::take(SlabObject memory, bool reserved) {
  Bio& bio = bios_.make();
  bio.set = this;
  bio.memory = memory;
  bio.reserved = reserved;
  bio.task = memory_.core().current().id;
  bio.since = memory_.core().now();
  building_.push_back(&bio);
  return &bio;
}

/// One attempt at the slab, then at the reserve.
Bio* BioSet::try_alloc(Site site, Gfp gfp) {
  const SlabObject object = memory_.alloc_object(cache_, site, gfp);
  if (object) return take(object, false);
  if (reserve_.empty()) return nullptr;
  const SlabObject element = reserve_.back();
  reserve_.pop_back();
  return take(element, true);
}

Bio& BioSet::alloc(Site site, Device* plugged) {
  constexpr Gfp pool = Gfp::nomemalloc | Gfp::noretry | Gfp::nowarn;
  const Gfp gfp = memory_.rule(site).gfp | pool;
  BRINK_ASSERT(has(gfp, Gfp::direct_reclaim));
  Bio* const bio = try_alloc(site, gfp & ~(Gfp::direct_reclaim | Gfp::io));
  if (bio == nullptr) return alloc_slow(site, gfp, plugged);
  if (bio->reserved) memory_.failures().settle_last(Fate::fallback);
  return *bio;
}

Bio& BioSet::alloc_slow(Site site, Gfp gfp, Device* plugged) {
  Core& core = memory_.core();
  FailureLedger& failures = memory_.failures();
  // The first refusal stays open until an element is there; those of later rounds continue it.
  const FailureId first = failures.last(core.current());
  const UnlimitedLoop loop(core, wait_);
  for (;;) {
    Bio* const bio = try_alloc(site, gfp);
    if (bio == nullptr || bio->reserved) failures.settle_last(Fate::fallback);
    if (bio != nullptr) {
      if (first != no_failure) failures.settle(first, Fate::fallback);
      return *bio;
    }
    count_poll_round(core);
    if (plugged != nullptr) plugged->flush_plug();
    // That may have slept, while others gave elements back.
    if (!reserve_.empty()) continue;
    static_cast<void>(wait_.sleep(WaitMode::uninterruptible, core.now() + mempool_sleep));
  }
}

void BioSet::submitted(Bio& bio) {
  const auto at = std::find(building_.begin(), building_.end(), &bio);
  BRINK_ASSERT(at != building_.end());
  building_.erase(at);
}

void BioSet::free(Bio& bio) noexcept {
  if (memory_.core().aborting()) return;
  const auto at = std::find(building_.begin(), building_.end(), &bio);
  if (at != building_.end()) building_.erase(at);
  if (reserve_.size() < min_nr) {
    reserve_.push_back(bio.memory);
    wait_.wake_up();
  } else {
    memory_.free_object(bio.memory);
  }
  bios_.destroy(bio);
}

void BioSet::Wait::blockers(const Task&, BlockerSink& sink) const {
  if (set_.bios_.live() > set_.building_.size()) sink.event();
  for (const Bio* bio : set_.building_) name_blocker(sink, core().task(bio->task), bio->since);
}

}  // namespace brink
