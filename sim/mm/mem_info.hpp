// Counters as the kernel keeps them, read off the model: what Mem-Info and /proc have in common
// (include/linux/mmzone.h: enum zone_stat_item, node_stat_item). Reading leaves no trace.
#pragma once

#include <array>

#include "sim/mm/zone.hpp"

namespace brink {

class Memory;

/// Pages, of one zone or of all. What only the machine as a whole has is 0 for a zone.
struct VmStat {
  Pages free = 0, managed = 0;
  std::array<Pages, lru_lists> lru{};
  Pages isolated_anon = 0, isolated_file = 0;
  // Of the whole machine only.
  Pages anon = 0, file = 0, slab_reclaimable = 0, slab_unreclaimable = 0, page_tables = 0;
  Pages dirty = 0, writeback = 0, swap_cached = 0, swap_total = 0, swap_free = 0;

  Pages of(Lru list) const { return lru[static_cast<std::size_t>(list)]; }
};

VmStat vm_stat(const Zone& zone);
VmStat vm_stat(const Memory& memory);

inline constexpr std::uint64_t kib_of(Pages pages) { return pages * (page_size / KiB); }

}  // namespace brink
