// The identities that all accounts must fulfil, counted page by page: for tests.

#include <array>

#include "sim/mm/address_space.hpp"
#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

struct Count {
  Pages free = 0, pcp = 0, dirty = 0, writeback = 0, lru = 0, swapcache = 0, mapped = 0,
        unevictable = 0;
  std::array<Pages, page_kinds> kind{};
};

/// Adds up one zone, block by block.
std::string count_zone(const Memory& memory, const Zone& zone, const PageMap& map, Count& count) {
  const Buddy& buddy = zone.buddy;
  Pages free = buddy.virgin_end() - buddy.virgin_begin(), pcp = 0;
  for (Pfn pfn = zone.begin; pfn < zone.end;) {
    if (pfn == buddy.virgin_begin() && buddy.virgin_begin() != buddy.virgin_end()) {
      pfn = buddy.virgin_end();
      continue;
    }
    const Page& page = memory.page(pfn);
    if (!map.valid(pfn)) return "page " + std::to_string(pfn) + " belongs to no block";
    const Pages pages = Pages{1} << page.order();
    if (page.has(PG_buddy)) {
      free += pages;
    } else if (page.kind == PageKind::free) {
      pcp += pages;
    } else {
      count.kind[static_cast<std::size_t>(page.kind)] += pages;
      if (page.has(PG_dirty) && page.kind == PageKind::file) ++count.dirty;
      if (page.has(PG_writeback)) ++count.writeback;
      if (page.has(PG_lru)) ++count.lru;
      if (page.has(PG_swapcache)) ++count.swapcache;
      count.mapped += memory.rmap().count(page);
      if (page.unevictable) ++count.unevictable;
      if (page.unevictable && page.has(PG_lru)) return "locked page " + std::to_string(pfn);
    }
    pfn += static_cast<Pfn>(pages);
  }
  if (free != zone.free()) return std::string("free pages of zone ") + zone.name();
  // Pages that are neither free nor in use are on the lists of some CPU, or lost.
  if (pcp != zone.pcp.pages() || !zone.pcp.consistent()) {
    return std::string("pages on per-CPU lists of zone ") + zone.name();
  }
  count.free += free;
  count.pcp += pcp;
  return {};
}

/// Walks the lists of one zone, both ways.
std::string count_lists(const Memory& memory, const Zone& zone, Pages& total) {
  for (std::size_t i = 0; i < lru_lists; ++i) {
    const LruList& list = zone.lru[i];
    Pages pages = 0;
    Pfn before = no_page;
    for (Pfn pfn = list.head; pfn != no_page; before = pfn, pfn = memory.page(pfn).next) {
      const Page& page = memory.page(pfn);
      if (page.prev != before || !page.has(PG_lru) || static_cast<std::size_t>(lru_of(page)) != i) {
        return "links of list " + std::to_string(i);
      }
      ++pages;
    }
    if (pages != list.size || before != list.tail) return "length of list " + std::to_string(i);
    const Vmstat& vmstat = memory.reclaim().vmstat();
    if (vmstat.on() && zone.memcg == 0 &&
        vmstat.snapshot(zone, static_cast<Lru>(i)) !=
            static_cast<std::int64_t>(zone.lru_total(static_cast<Lru>(i)))) {
      return "counter of list " + std::to_string(i);
    }
    total += pages;
  }
  return {};
}

/// The marks of pages that were tried in vain, against how many there are said to be.
std::string count_marks(const Memory& memory, const Zone& zone) {
  const auto generation = static_cast<std::uint32_t>(memory.generation() << 2);
  for (std::size_t i = 0; i < lru_lists; ++i) {
    std::array<Pages, reclaim_classes> marks{};
    for (Pfn pfn = zone.lru[i].head; pfn != no_page; pfn = memory.page(pfn).next) {
      const std::uint32_t tried = memory.page(pfn).tried;
      if ((tried & ~3u) != generation) continue;
      for (unsigned c = 0; c < (tried & 3u); ++c) ++marks[c];
    }
    const bool current = zone.tried.generation == memory.generation();
    for (std::size_t c = 0; c < reclaim_classes; ++c) {
      if (marks[c] != (current ? zone.tried.pages[i][c] : 0)) {
        return "pages tried in vain of list " + std::to_string(i);
      }
    }
  }
  return {};
}

/// Each slot in use belongs to somebody.
std::string count_slots(const SwapMap& map, Pages entries) {
  Pages used = 0, references = 0;
  for (SwapSlot slot = 1; slot <= map.total(); ++slot) {
    if (!map.in_use(slot)) continue;
    ++used;
    references += map.count(slot);
    if (map.count(slot) == 0 && !map.cached(slot)) return "swap slot " + std::to_string(slot);
  }
  if (used + map.free() != map.total()) return "free swap slots";
  return references != entries ? "references to swap slots" : std::string();
}

}  // namespace

std::string Memory::check() const {
  Count count;
  Pages listed = 0;
  for (const Zone& zone : zones_.all()) {
    if (!zone.populated()) continue;
    if (std::string error = count_zone(*this, zone, map_, count); !error.empty()) return error;
    if (std::string error = count_lists(*this, zone, listed); !error.empty()) return error;
    if (std::string error = count_marks(*this, zone); !error.empty()) return error;
    for (const auto& part : zone.parts) {
      if (std::string error = count_lists(*this, *part, listed); !error.empty()) return error;
      if (std::string error = count_marks(*this, *part); !error.empty()) return error;
    }
  }
  Pages allocated = 0;
  for (std::size_t kind = 1; kind < page_kinds; ++kind) {
    if (count.kind[kind] != stat_.kind[kind]) return "pages of kind " + std::to_string(kind);
    allocated += count.kind[kind];
  }
  if (count.free + count.pcp + allocated != zones_.managed()) return "free and allocated pages";
  if (listed != count.lru) return "pages on lists";
  if (count.dirty != stat_.dirty) return "dirty pages";
  if (count.writeback != stat_.writeback) return "pages under writeback";
  if (count.swapcache != swap_->cached_pages()) return "pages in the swap cache";
  if (std::string error = slab_->check_lists(); !error.empty()) return error;
  Pages rss = 0, entries = 0;
  for (const AddressSpace* space : spaces_) {
    rss += space != nullptr ? space->rss() : 0;
    entries += space != nullptr ? space->swap_entries() : 0;
  }
  if (count.unevictable != stat_.unevictable) return "pages locked in memory";
  if (rss != count.mapped) return "resident pages";
  if (memcgs_ != nullptr) {
    if (std::string error = memcgs_->check(); !error.empty()) return error;
  }
  return count_slots(swap_->map(), entries + stat_.shmem_swapped);
}

}  // namespace brink
