// Bios and their mempool.

#include "sim/block/bio_set.hpp"

#include <utility>

#include "brink/site_list.hpp"
#include "sim/block/device.hpp"

namespace brink {

BioSet::BioSet(Memory& memory, std::string name, std::uint32_t min)
    : memory_(memory),
      pool_(memory,
            {.name = std::move(name), .min_nr = min, .cache = &memory.slab_cache("bio-0")}) {}

void BioSet::fill_reserve() {
  const bool filled = pool_.fill(site::kernel_boot);
  BRINK_ASSERT(filled);
}

Bio& BioSet::alloc(Site site, Device* plugged) {
  const MempoolElement memory =
      pool_.alloc(site, plugged != nullptr ? plugged->flush_before_sleep() : BeforeSleep{});
  BRINK_ASSERT(memory);
  return make(memory);
}

Bio* BioSet::try_alloc(Site site) {
  const Gfp gfp = memory_.rule(site).gfp;
  BRINK_ASSERT(!has(gfp, Gfp::direct_reclaim));
  const MempoolElement memory = pool_.alloc(site, gfp);
  return memory ? &make(memory) : nullptr;
}

Bio& BioSet::make(const MempoolElement& memory) {
  Bio& bio = bios_.make();
  bio.set = this;
  bio.memory = memory;
  bio.task = memory_.core().current().id;
  bio.since = memory_.core().now();
  return bio;
}

void BioSet::submitted(Bio& bio) { pool_.returns_by_itself(bio.memory); }

void BioSet::carried(Bio& bio, const Waitable& by) { pool_.held_through(bio.memory, by); }

void BioSet::free(Bio& bio) noexcept {
  if (memory_.core().aborting()) return;
  pool_.free(bio.memory);
  bios_.destroy(bio);
}

}  // namespace brink
