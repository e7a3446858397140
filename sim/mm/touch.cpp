// Many page faults as one step. Touching memory is not a choice point, so a run of faults that all
// find a page at once, up to the CPU's next event, is one step with one record; page by page or not
// (MemoryConfig::single_step) makes no difference but in speed.

#include <algorithm>

#include "brink/site_list.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

/// Writing to a page that is there: guess.
constexpr Nanos present_touch = 10;

/// PageAlloc::take_fast() for many pages at a time: as long as the preferred zone is above its mark
/// and the CPU's list has pages, nothing else can be first.
class Room {
 public:
  Room(Memory& memory, Gfp gfp)
      : memory_(memory),
        gfp_(gfp),
        type_(migrate_type(gfp)),
        cpu_(memory.core().current().cpu),
        zone_(memory.zones().preferred(gfp)) {
    set_keep();
  }

  Pfn take() {
    if (zone_.free() > keep_) {
      const Pfn page = zone_.pcp.pop(cpu_, type_);
      if (page != no_page) [[likely]]
        return page;
    }
    const Pfn page = memory_.allocator().take_fast(gfp_);
    set_keep();  // A refill may have raised the marks.
    return page;
  }

 private:
  void set_keep() {
    keep_ = zone_.watermark(Watermark::low) +
            zone_.lowmem_reserve[static_cast<std::size_t>(zone_.type)] +
            zone_.nr_reserved_highatomic;
  }

  Memory& memory_;
  const Gfp gfp_;
  const Migrate type_;
  const std::uint32_t cpu_;
  Zone& zone_;
  Pages keep_ = 0;
};

}  // namespace

/// Uses pages from `vpn` on for as long as that is simple; how many. mmap_sem is held.
std::uint32_t AddressSpace::bulk(std::uint32_t vpn, std::uint32_t end, bool write) {
  const Area* area = find_area(vpn);
  const SiteRule& rule = memory_.rule(site::mm_anon_page);
  // Each request that a fault or a tap listens to goes the long way.
  const bool listened = memory_.hooks().listens(hook_alloc) || memory_.tap() != nullptr;
  if (area == nullptr || (write && !area->has(VM_WRITE))) return 0;
  // New pages are mapped on the short way only where anonymous memory is written to.
  const bool maps = write && area->file == nullptr && area->anon_vma;
  end = std::min(end, area->end);

  Core& core = memory_.core();
  const Costs& costs = core.costs();
  const Nanos new_touch =
      costs.page_fault + costs.alloc_fast + (has(rule.gfp, Gfp::zero) ? costs.zero_page : 0);
  const Nanos budget = core.headroom();
  const bool single = memory_.config().single_step;
  Room room(memory_, rule.gfp);
  Memcgs* const groups = memory_.memcgs();
  const MemcgId group = groups != nullptr ? groups->of(core.current()) : root_memcg;
  Nanos used = 0;
  std::uint32_t fresh = 0;
  bool used_again = false;
  std::uint64_t mix = 0;
  Pte* pte = nullptr;
  std::uint32_t at = vpn;
  for (; at < end && used < budget; ++at) {
    pte = pte == nullptr || at % table_entries == 0 || single ? tables_.find(at) : pte + 1;
    if (pte == nullptr || pte->swapped() || ((listened || !maps) && !pte->present())) break;
    if (pte->present()) {
      if (write && !pte->writable()) break;
      used_again = used_again || !pte->young();
      pte->set_young();
      used += present_touch;
      continue;
    }
    if (group != root_memcg && groups->room(group) == 0) break;
    const Pfn page = single ? memory_.allocator().take_fast(rule.gfp) : room.take();
    if (page == no_page) break;
    memory_.allocator().prepare(page, 0, Gfp::none);
    if (group != root_memcg) groups->charge_room(page, group);
    map_new_page(*area, page, at, *pte);
    mix = mix * 0x9e3779b97f4a7c15u + page;
    used += new_touch;
    ++fresh;
  }
  if (at == vpn) return 0;
  core.charge(used);
  memory_.counters().allocations += fresh;
  memory_.counters().page_touches += fresh;
  if (fresh != 0) memory_.changed();
  if (used_again) memory_.lru_changed();  // Reclaim looks at such pages differently.
  core.note(EventKind::page_list, std::uint64_t{id_} << 32 | vpn,
            mix ^ (std::uint64_t{at - vpn} << 32 | fresh));
  return at - vpn;
}

}  // namespace brink
