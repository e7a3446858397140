// What a request takes from the lists of other migratetypes (mm/page_alloc.c: __rmqueue_fallback
// and steal_suitable_fallback, Linux 2.6.30, 4.0 and 6.1). Left out: CMA, isolation; that 2.6.30
// retypes only the first pageblock of a block of order 10.

#include <bit>

#include "sim/mm/buddy_lists.hpp"

namespace brink {
namespace {

constexpr Pfn pageblock_pages = Pfn{1} << pageblock_order;

/// Where a request goes when the lists of its own type are empty, RESERVE last and apart.
constexpr std::array<std::array<Migrate, 2>, mobility_types> fallbacks = {{
    {Migrate::reclaimable, Migrate::movable},
    {Migrate::unmovable, Migrate::movable},
    {Migrate::reclaimable, Migrate::unmovable},
}};

constexpr const auto& others_of(Migrate type) { return fallbacks[static_cast<std::size_t>(type)]; }

/// can_steal_fallback(): whether more than one block is taken. Of reclaimable and unmovable pages
/// few are allocated at a time, but they stay.
constexpr bool can_steal(unsigned block_order, Migrate type) {
  return block_order >= pageblock_order / 2 || type != Migrate::movable;
}

}  // namespace

/// Takes a block from the largest of other types; or, by the rule of 4.12, moves one to the lists
/// of this type and returns no_page.
Pfn Buddy::fallback(unsigned order, Migrate type, unsigned alloc_flags) {
  const auto& others = others_of(type);
  const std::uint32_t both = mask(others[0]) | mask(others[1]);
  const bool whole_only = (alloc_flags & ALLOC_NOFRAGMENT) != 0 && order < pageblock_order;
  if (both >> (whole_only ? pageblock_order : order) == 0) return no_page;
  auto block_order = static_cast<unsigned>(std::bit_width(both)) - 1;
  if (rule_ != Rules::Fallback::steal_compatible) return take_largest(block_order, order, type);
  // A movable page that cannot have the whole pageblock does least harm in the smallest block.
  const bool steal = can_steal(block_order, type);
  if (!steal) block_order = order + static_cast<unsigned>(std::countr_zero(both >> order));
  Migrate from{};
  steal_suitable(block_of_others(block_order, type, from), block_order, type, steal);
  return no_page;
}

/// The first block of this order on the first list that has one; it stays there.
Pfn Buddy::block_of_others(unsigned block_order, Migrate type, Migrate& from) {
  const auto& others = others_of(type);
  from = (mask(others[0]) >> block_order & 1) != 0 ? others[0] : others[1];
  Pfn pfn = list(block_order, from).head;
  if (pfn == no_page) {
    pfn = take_virgin();
    push(pfn, block_order, from);
  }
  return pfn;
}

void Buddy::set_block_types(Pfn block, unsigned block_order, Migrate type) {
  for (Pfn pfn = block; pfn < block + (Pfn{1} << block_order); pfn += pageblock_pages) {
    map_->set_block_type(pfn, type);
  }
}

/// __rmqueue_fallback() until 4.11, with try_to_steal_freepages() where the rule is 4.0's.
Pfn Buddy::take_largest(unsigned block_order, unsigned order, Migrate type) {
  Migrate from{};
  const Pfn block = block_of_others(block_order, type, from);
  const bool half = rule_ == Rules::Fallback::move_half;
  Migrate rest = type;
  if (block_order >= pageblock_order) {
    set_block_types(block, block_order, type);
  } else {
    ++steals_;
    const bool eager = half ? type == Migrate::reclaimable : type != Migrate::movable;
    if (block_order >= pageblock_order / 2 || eager) {
      if (move_block(block, type).free >= pageblock_pages / 2) map_->set_block_type(block, type);
    } else if (half) {
      rest = from;
    }
  }
  remove(block);
  expand(block, order, block_order, rest);
  return taken(block, order, rest);
}

/// steal_suitable_fallback(): the block, or all of its pageblock, goes to the lists of `type`.
void Buddy::steal_suitable(Pfn pfn, unsigned block_order, Migrate type, bool whole_block) {
  const Migrate old = map_->block_type(pfn);
  if (old != Migrate::highatomic) {
    if (block_order >= pageblock_order) {
      set_block_types(pfn, block_order, type);
    } else {
      ++steals_;
      const BlockUse use = whole_block ? move_block(pfn, type) : BlockUse{};
      // What is in a movable pageblock and cannot be moved is taken for the thief's kind.
      Pages alike = 0;
      if (type == Migrate::movable) {
        alike = use.movable;
      } else if (old == Migrate::movable) {
        alike = pageblock_pages - (use.free + use.movable);
      }
      if (use.free != 0) {
        if (use.free + alike >= pageblock_pages / 2) map_->set_block_type(pfn, type);
        return;
      }
    }
  }
  move(pfn, block_order, type);
}

/// To another list: to its head, or since 5.10 (7fef431be9c9) to its tail.
void Buddy::move(Pfn pfn, unsigned order, Migrate type) {
  remove(pfn);
  if (rule_ == Rules::Fallback::steal_compatible) {
    push_back(pfn, order, type);
  } else {
    push(pfn, order, type);
  }
}

/// move_freepages_block(): all free blocks of the pageblock go to the lists of `type`.
Buddy::BlockUse Buddy::move_block(Pfn pfn, Migrate type) {
  const Pfn begin = pfn & ~(pageblock_pages - 1);
  const Pfn end = begin + pageblock_pages;
  BlockUse use;
  if (end > end_) return use;
  for (Pfn at_page = begin; at_page < end;) {
    const Page& page = (*map_)[at_page];
    if (page.epoch != map_->epoch() || !page.has(PG_buddy)) {
      if (page.epoch == map_->epoch() && page.has(PG_lru)) ++use.movable;
      ++at_page;
      continue;
    }
    const unsigned order = page.order();
    move(at_page, order, type);
    at_page += Pfn{1} << order;
    use.free += Pages{1} << order;
  }
  return use;
}

Pages Buddy::retype_block(Pfn pfn, Migrate type) {
  map_->set_block_type(pfn, type);
  return move_block(pfn, type).free;
}

}  // namespace brink
