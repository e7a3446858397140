// Callers that take no for an answer never (OnFailure::loop): the loops around the allocator that
// the kernel has in many places.

#include <optional>

#include "sim/locking/poll.hpp"
#include "sim/mm/congestion.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/steady.hpp"

namespace brink {

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

}  // namespace brink
