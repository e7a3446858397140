// The identities that all accounts must fulfil, counted page by page: for tests.

#include <array>

#include "sim/mm/memory.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

struct Count {
  Pages free = 0, dirty = 0, writeback = 0, lru = 0, swapcache = 0;
  std::array<Pages, page_kinds> kind{};
};

/// Adds up one zone, block by block.
std::string count_zone(const Memory& memory, const Zone& zone, const PageMap& map, Count& count) {
  const Buddy& buddy = zone.buddy;
  Pages free = buddy.virgin_end() - buddy.virgin_begin();
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
    } else {
      if (page.kind == PageKind::free) return "page " + std::to_string(pfn) + " is lost";
      count.kind[static_cast<std::size_t>(page.kind)] += pages;
      if (page.has(PG_dirty) && page.kind == PageKind::file) ++count.dirty;
      if (page.has(PG_writeback)) ++count.writeback;
      if (page.has(PG_lru)) ++count.lru;
      if (page.has(PG_swapcache)) ++count.swapcache;
    }
    pfn += static_cast<Pfn>(pages);
  }
  if (free != zone.free()) return std::string("free pages of zone ") + zone.name();
  count.free += free;
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
    total += pages;
  }
  return {};
}

}  // namespace

std::string Memory::check() const {
  Count count;
  Pages listed = 0;
  for (const Zone& zone : zones_.all()) {
    if (!zone.populated()) continue;
    if (std::string error = count_zone(*this, zone, map_, count); !error.empty()) return error;
    if (std::string error = count_lists(*this, zone, listed); !error.empty()) return error;
  }
  Pages allocated = 0;
  for (std::size_t kind = 1; kind < page_kinds; ++kind) {
    if (count.kind[kind] != stat_.kind[kind]) return "pages of kind " + std::to_string(kind);
    allocated += count.kind[kind];
  }
  if (count.free + allocated != zones_.managed()) return "free and allocated pages";
  if (listed != count.lru) return "pages on lists";
  if (count.dirty != stat_.dirty) return "dirty pages";
  if (count.writeback != stat_.writeback) return "pages under writeback";
  if (count.swapcache != swap_->cached_pages()) return "pages in the swap cache";
  return {};
}

}  // namespace brink
