// Putting compaction off: each failure doubles the requests that go by before the next try; and
// what runs have learnt about pageblocks (mm/compaction.c: defer_compaction, Linux 4.0).

#include <algorithm>

#include "sim/mm/compaction.hpp"
#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr Pfn block_pages = Pfn{1} << pageblock_order;

}  // namespace

bool Compaction::deferred(Zone& zone, unsigned order) {
  Compact& state = zone.compact;
  const std::uint32_t limit = 1u << state.defer_shift;
  if (order < state.order_failed) return false;
  state.considered = std::min(state.considered + 1, limit);
  if (state.considered == limit) return false;
  memory_.changed();  // A round that is put off brings the next try nearer.
  return true;
}

void Compaction::defer(Zone& zone, unsigned order) {
  Compact& state = zone.compact;
  state.considered = 0;
  state.order_failed = std::min(state.order_failed, order);
  state.defer_shift = std::min(state.defer_shift + 1, compact_max_defer_shift);
}

void Compaction::defer_reset(Zone& zone, unsigned order, bool allocated) {
  Compact& state = zone.compact;
  if (allocated) state.considered = state.defer_shift = 0;
  state.order_failed = std::max(state.order_failed, order + 1);
}

void Compaction::succeeded(Zone& zone, unsigned order) { defer_reset(zone, order, true); }

void Compaction::clear_skipped(Zone& zone) {
  Compact& state = zone.compact;
  state.migrate = {zone.begin, zone.begin};
  state.free = zone.end;
  state.flush = false;
  for (Pfn block = zone.begin; block < zone.end; block += block_pages) {
    memory_.map().set_block_skip(block, false);
  }
}

void Compaction::forget_skipped() {
  for (Zone& zone : memory_.zones().all()) {
    if (zone.populated() && zone.compact.flush) clear_skipped(zone);
  }
}

}  // namespace brink
