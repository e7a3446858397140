// The pages of files (mm/filemap.c, mm/truncate.c and lib/radix-tree.c, Linux 4.0).

#include <algorithm>
#include <bit>
#include <cerrno>

#include "sim/mm/memcg.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"
#include "sim/mm/page_cache.hpp"
#include "sim/mm/rmap.hpp"
#include "sim/mm/vmscan.hpp"
#include "sim/sched/core_inline.hpp"

namespace brink {
namespace {

constexpr const char* radix_tree_node = "radix_tree_node";
constexpr std::uint64_t bit(std::uint32_t index) { return std::uint64_t{1} << (index % 64); }

}  // namespace

FileMapping::FileMapping(Memory& memory, MappingOps& ops, void* host, PageKind kind)
    : memory_(memory),
      ops_(ops),
      host_(host),
      kind_(kind),
      id_(memory.cache().add_mapping(*this)) {}

FileMapping::~FileMapping() {
  // A machine that is switched off leaves its files cached.
  if (memory_.core().aborting() || !memory_.core().in_task()) return;
  BRINK_ASSERT(pages_ == 0 && swapped_ == 0);
  memory_.cache().drop_mapping(id_);
}

FileMapping::Leaf* FileMapping::leaf(std::uint32_t key) const {
  if (last_ < entries_.size() && entries_[last_].key == key) return entries_[last_].leaf;
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), key,
                       [](const Entry& entry, std::uint32_t k) { return entry.key < k; });
  if (at == entries_.end() || at->key != key) return nullptr;
  last_ = static_cast<std::size_t>(at - entries_.begin());
  return at->leaf;
}

Pfn FileMapping::find(std::uint32_t index) const {
  const Leaf* of = leaf(index / 64);
  return of != nullptr && (of->present & bit(index)) != 0 ? of->slots[index % 64] : no_page;
}

void FileMapping::replace(std::uint32_t index, Pfn page) {
  leaf(index / 64)->slots[index % 64] = page;
}

/// A leaf becomes a node of the tree; not needed for page 0 alone.
bool FileMapping::give_node(std::uint32_t key, Site node_site, Gfp gfp) {
  Leaf* of = leaf(key);
  if (of != nullptr && of->node) return true;
  SlabObject node = memory_.alloc_object(memory_.slab_cache(radix_tree_node), node_site, gfp);
  if (!node) return false;
  of = leaf(key);  // The request may have slept.
  if (of == nullptr) of = make_leaf(key);
  if (of->node) {
    memory_.free_object(node);
  } else {
    of->node = node;
  }
  return true;
}

FileMapping::Leaf* FileMapping::make_leaf(std::uint32_t key) {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), key,
                       [](const Entry& entry, std::uint32_t k) { return entry.key < k; });
  return entries_.insert(at, {key, memory_.cache().new_leaf()})->leaf;
}

void FileMapping::drop_leaf(std::uint32_t key) {
  Leaf* of = leaf(key);
  if (of == nullptr || !of->empty()) return;
  const SlabObject node = of->node;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(last_));
  memory_.cache().free_leaf(of);
  if (node) memory_.free_object(node);
}

int FileMapping::add(Pfn pfn, std::uint32_t index, Site node_site, Gfp gfp) {
  if (find(index) != no_page || swapped(index) != no_slot) return -EEXIST;
  if (!mem_cgroup_charge(memory_, pfn, gfp)) return -ENOMEM;
  const std::uint32_t key = index / 64;
  const bool alone = index == 0 && pages_ + swapped_ == 0;
  // With a second page, the lone page 0 needs a node too.
  const bool first_needs = key != 0 && pages_ + swapped_ == 1 && leaf(0) != nullptr;
  if ((!alone && !give_node(key, node_site, gfp)) ||
      (first_needs && !give_node(0, node_site, gfp))) {
    drop_leaf(key);
    return -ENOMEM;
  }
  if (find(index) != no_page || swapped(index) != no_slot) return -EEXIST;
  Leaf* of = leaf(key);
  if (of == nullptr) of = make_leaf(key);
  of->present |= bit(index);
  of->slots[index % 64] = pfn;
  ++pages_;
  Page& page = memory_.page(pfn);
  memory_.set_kind(page, kind_);
  page.owner = id_;
  page.index = index;
  page.flags = kind_ == PageKind::shmem ? PG_swapbacked : 0;
  const bool locked = memory_.cache().trylock_page(pfn);
  BRINK_ASSERT(locked);
  memory_.reclaim().add(pfn);
  memory_.core().note(EventKind::page_list, std::uint64_t{id_} << 32 | index, pfn);
  return 0;
}

template <class Mask>
Pfn FileMapping::next_with(std::uint32_t index, Mask mask) const {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), index / 64,
                             [](const Entry& entry, std::uint32_t k) { return entry.key < k; });
  for (; at != entries_.end(); ++at) {
    std::uint64_t bits = mask(*at->leaf);
    if (at->key == index / 64) bits &= ~std::uint64_t{0} << (index % 64);
    if (bits != 0) return at->leaf->slots[static_cast<std::size_t>(std::countr_zero(bits))];
  }
  return no_page;
}

Pfn FileMapping::next(std::uint32_t index) const {
  return next_with(index, [](const Leaf& of) { return of.present; });
}

Pfn FileMapping::next_dirty(std::uint32_t index) const {
  return next_with(index, [](const Leaf& of) { return of.dirty; });
}

Pfn FileMapping::next_writeback(std::uint32_t index) const {
  return next_with(index, [](const Leaf& of) { return of.writeback; });
}

void FileMapping::tag(std::uint32_t index, std::uint64_t Leaf::*tags, bool on) {
  Leaf& of = *leaf(index / 64);
  if (on) {
    of.*tags |= bit(index);
  } else {
    of.*tags &= ~bit(index);
  }
}

void FileMapping::erase(Page& page) {
  const std::uint32_t index = page.index;
  Leaf& of = *leaf(index / 64);
  of.present &= ~bit(index);
  of.dirty &= ~bit(index);
  of.writeback &= ~bit(index);
  --pages_;
  page.owner = PageCache::nobody;
  if (of.empty()) drop_leaf(index / 64);
}

// --- Slots.

SwapSlot FileMapping::swapped(std::uint32_t index) const {
  if (swapped_ == 0) return no_slot;
  const Leaf* of = leaf(index / 64);
  return of != nullptr && (of->swapped & bit(index)) != 0 ? of->slots[index % 64] : no_slot;
}

SwapSlot FileMapping::next_swapped(std::uint32_t& index) const {
  for (const Entry& entry : entries_) {
    if (entry.key < index / 64) continue;
    std::uint64_t bits = entry.leaf->swapped;
    if (entry.key == index / 64) bits &= ~std::uint64_t{0} << (index % 64);
    if (bits == 0) continue;
    const auto at = static_cast<std::uint32_t>(std::countr_zero(bits));
    index = entry.key * 64 + at;
    return entry.leaf->slots[at];
  }
  return no_slot;
}

void FileMapping::swap_out(Page& page) {
  Leaf& of = *leaf(page.index / 64);
  of.present &= ~bit(page.index);
  of.swapped |= bit(page.index);
  of.slots[page.index % 64] = page.slot;
  --pages_;
  ++swapped_;
  ++memory_.stat().shmem_swapped;
  memory_.set_kind(page, PageKind::anon);
  page.owner = PageCache::nobody;
}

void FileMapping::swap_in(Pfn pfn, std::uint32_t index) {
  Page& page = memory_.page(pfn);
  Leaf& of = *leaf(index / 64);
  of.swapped &= ~bit(index);
  of.present |= bit(index);
  of.slots[index % 64] = pfn;
  ++pages_;
  --swapped_;
  --memory_.stat().shmem_swapped;
  memory_.set_kind(page, kind_);
  page.owner = id_;
  page.index = index;
  memory_.reclaim().page_changed(pfn);
}

void FileMapping::drop_swapped(std::uint32_t index) {
  Leaf& of = *leaf(index / 64);
  of.swapped &= ~bit(index);
  --swapped_;
  --memory_.stat().shmem_swapped;
  if (of.empty()) drop_leaf(index / 64);
}

void FileMapping::truncate(std::uint32_t index) {
  PageCache& cache = memory_.cache();
  for (std::uint32_t at = index;;) {
    const Pfn pfn = next(at);
    if (pfn == no_page) return;
    at = memory_.page(pfn).index;
    cache.pin(pfn);
    cache.lock_page(pfn);
    // Others may have taken it out, or it may have been written, while the lock was waited for.
    const Page& page = memory_.page(pfn);
    if (page.owner == id_ && page.index == at) cache.wait_on_page_writeback(pfn);
    if (page.owner == id_ && page.index == at) {
      cache.truncate_page(pfn);
    } else {
      cache.unlock_page(pfn);
    }
    cache.unpin(pfn);
    memory_.core().cond_resched();
  }
}

int FileMapping::take_error() {
  const int error = error_;
  error_ = 0;
  return error;
}

// --- The cache's part.

void PageCache::truncate_page(Pfn pfn) {
  Page& page = memory_.page(pfn);
  FileMapping& mapping = mapping_of(page);
  if (page.has(PG_mapped)) memory_.rmap().unmap(pfn);
  if (page.has(PG_private)) {
    mapping.ops().invalidate_page(mapping, pfn);
    page.clear(PG_private);
  }
  if (page.has(PG_dirty)) clean(page, pfn);
  mapping.erase(page);
  memory_.reclaim().remove(pfn);
  mapping.ops().freed(mapping, pfn);
  memory_.core().note(EventKind::page_list, pfn, 1);
  unlock_page(pfn);
}

void PageCache::remove_mapping(Pfn pfn) {
  Page& page = memory_.page(pfn);
  FileMapping& mapping = mapping_of(page);
  mapping.erase(page);
  mapping.ops().freed(mapping, pfn);
  memory_.reclaim().remove(pfn);
  memory_.allocator().free(pfn, 0);
}

std::uint32_t PageCache::add_mapping(FileMapping& mapping) {
  if (free_ids_.empty()) {
    mappings_.push_back(&mapping);
    return static_cast<std::uint32_t>(mappings_.size() - 1);
  }
  const std::uint32_t id = free_ids_.back();
  free_ids_.pop_back();
  mappings_[id] = &mapping;
  return id;
}

void PageCache::drop_mapping(std::uint32_t id) {
  mappings_[id] = nullptr;
  free_ids_.push_back(id);
}

FileMapping::Leaf* PageCache::new_leaf() {
  if (free_leaves_.empty()) {
    leaves_.push_back(std::make_unique<FileMapping::Leaf>());
    return leaves_.back().get();
  }
  FileMapping::Leaf* leaf = free_leaves_.back();
  free_leaves_.pop_back();
  leaf->present = leaf->dirty = leaf->writeback = leaf->swapped = 0;
  leaf->node = {};
  return leaf;
}

}  // namespace brink
