// Moving one page (mm/migrate.c: move_to_new_page and fallback_migrate_page, Linux 4.0). A file
// system that keeps buffers with a page lets go of them first, as one without a migratepage method
// does; a dirty page of a file stays, because it would have to be written.

#include "sim/mm/migrate.hpp"

#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

bool movable(Memory& memory, Pfn pfn, Gfp gfp) {
  Page& page = memory.page(pfn);
  if (page.pins != 1 || page.has_any(PG_locked | PG_writeback)) return false;
  if (memory.cache().orphan(page)) return false;
  if (!page.file_cache()) return true;
  if (page.has(PG_dirty)) return false;
  if (!page.has(PG_private)) return true;
  return memory.cache().try_release(pfn, gfp) && page.pins == 1 && !memory.cache().orphan(page) &&
         !page.has_any(PG_locked | PG_writeback | PG_dirty);
}

/// Whoever finds the page by its old number finds it by the new one.
void relink(Memory& memory, const Page& page, Pfn to) {
  if (page.has(PG_swapcache)) {
    memory.swap().map().set_page(page.slot, to);
  } else if (page.kind == PageKind::file) {
    memory.cache().mapping_of(page).replace(page.index, to);
  }
  if (page.has(PG_mapped)) memory.rmap().move(page, to);
}

}  // namespace

bool migrate_page(Memory& memory, Pfn from, Pfn to, Gfp gfp) {
  if (!movable(memory, from, gfp)) return false;
  Page& old_page = memory.page(from);
  relink(memory, old_page, to);
  Page& new_page = memory.page(to);
  memory.set_kind(new_page, old_page.kind);
  new_page.owner = old_page.owner;
  new_page.index = old_page.index;
  new_page.slot = old_page.slot;
  new_page.flags = old_page.flags;
  new_page.unevictable = old_page.unevictable;
  new_page.pins = 0;
  // The old one is nobody's page any more, and is freed as such.
  old_page.flags = 0;
  old_page.pins = 0;
  old_page.isolated = 0;
  old_page.unevictable = 0;
  old_page.owner = PageCache::nobody;
  if (Memcgs* const groups = memory.memcgs()) groups->move(from, to);
  if (!new_page.unevictable) memory.reclaim().add(to);
  memory.allocator().free(from, 0);
  return true;
}

}  // namespace brink
