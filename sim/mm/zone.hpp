// Zones: ranges of physical memory with their watermarks, free lists and LRU lists (include/linux/
// mmzone.h and mm/page_alloc.c, Linux 2.6.30 … 6.1). Left out: NUMA, ZONE_MOVABLE, the fair-zone
// allocation batches, holes, and that free pages are counted for each CPU apart: watermarks are
// tested against their exact number. Other counters can be as the kernel has them (vmstat.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/machine.hpp"
#include "brink/rules.hpp"
#include "sim/mm/buddy.hpp"
#include "sim/mm/page.hpp"
#include "sim/mm/pcp.hpp"

namespace brink {

/// x86-64 has no HighMem, 32 bits no DMA32: such zones are there with 0 pages.
enum class ZoneType : std::uint8_t { dma, dma32, normal, highmem };
inline constexpr std::size_t zone_types = 4;

enum class Watermark : std::uint8_t { min, low, high };

/// The evictable lists, in the kernel's order: list + 1 is its active twin, list + 2 the file side.
enum class Lru : std::uint8_t { inactive_anon, active_anon, inactive_file, active_file };
inline constexpr std::size_t lru_lists = 4;
constexpr bool is_file(Lru lru) { return lru >= Lru::inactive_file; }
constexpr bool is_active(Lru lru) { return (static_cast<unsigned>(lru) & 1) != 0; }

/// Sticky states that reclaim gives a zone.
enum ZoneFlag : std::uint8_t {
  ZONE_CONGESTED = 1u << 0,
  ZONE_DIRTY = 1u << 1,
  ZONE_WRITEBACK = 1u << 2,
  ZONE_RECLAIM_ACTIVE = 1u << 3,     ///< kswapd is at work: per-CPU lists are kept short
  ZONE_ALL_UNRECLAIMABLE = 1u << 4,  ///< until a page of it is freed (2.6.3x)
};

/// One list of pages, head first; links are in the pages.
struct LruList {
  Pfn head = no_page, tail = no_page;
  Pages size = 0;
};

/// How much of one side (anon, file) reclaim has looked at lately, and given back as in use.
struct ReclaimStat {
  std::array<std::uint64_t, 2> scanned{}, rotated{};
};

/// How many pages of each list reclaim has tried to free in vain, by its rights (exhaustion.hpp).
struct Tried {
  std::uint64_t generation = 0;
  std::array<std::array<Pages, 3>, lru_lists> pages{};
};

/// What compaction knows of a zone (compact_cached_*_pfn and compact_defer_*).
struct Compact {
  std::array<Pfn, 2> migrate{};  ///< where the next scan for movable pages begins: async, sync
  Pfn free = 0;                  ///< and where that for free pages; 0 before the first run
  std::uint32_t considered = 0;
  std::uint32_t defer_shift = 0;
  std::uint32_t order_failed = 0;
  bool flush = false;  ///< kswapd is to clear the pageblocks' skip bits (compact_blockskip_flush)
  // Of the last run that moved nothing: Memory::changes() at its end, how hard, and for what.
  std::uint64_t barren = ~std::uint64_t{0};
  std::uint32_t barren_priority = 0;
  std::uint32_t barren_order = 0;
};
/// The marks of one zone, by Watermark.
using Marks = std::array<Pages, 3>;

struct Zone {
  ZoneType type = ZoneType::dma;
  Pfn begin = 0, end = 0;
  Pages managed = 0;
  Marks mark{};
  Pages boost = 0;  ///< by how much all marks are raised, until kswapd has worked for it
  Pages nr_reserved_highatomic = 0;                ///< pages of MIGRATE_HIGHATOMIC pageblocks
  std::array<Pages, zone_types> lowmem_reserve{};  ///< by the class zone of the request
  Pages inactive_ratio = 1;
  std::uint8_t flags = 0;

  Buddy buddy;
  PcpLists pcp;
  std::array<LruList, lru_lists> lru;
  std::array<Pages, 2> isolated{};  ///< off the lists while a reclaimer looks at them: anon, file
  ReclaimStat stat;
  std::uint64_t pages_scanned = 0;  ///< since pages of this zone last came back to the buddy system
  Tried tried;
  Compact compact;
  std::uint16_t memcg = 0;  ///< a memory cgroup's share of a zone: only its lists are used
  std::vector<std::unique_ptr<Zone>> parts;  ///< what memory cgroups have of its lists

  const char* name() const;
  bool populated() const { return managed != 0; }
  /// NR_FREE_PAGES: without what is on per-CPU lists.
  Pages free() const { return buddy.free_pages(); }
  Pages watermark(Watermark w) const { return mark[static_cast<std::size_t>(w)] + boost; }
  LruList& list(Lru l) { return lru[static_cast<std::size_t>(l)]; }
  const LruList& list(Lru l) const { return lru[static_cast<std::size_t>(l)]; }
  Pages lru_size(Lru l) const { return list(l).size; }
  /// Those of memory cgroups included.
  Pages lru_total(Lru l) const {
    Pages sum = list(l).size;
    for (const auto& part : parts) sum += part->list(l).size;
    return sum;
  }

  /// __zone_watermark_ok(): whether a request of this order would leave more than `wmark` free.
  /// `class_zone` is the highest zone that the request could use; `more` counts as free as well,
  /// in blocks as large as need be.
  bool watermark_ok(unsigned order, Pages wmark, ZoneType class_zone, unsigned alloc_flags,
                    Rules::HighOrderMark high_order, Pages more = 0) const;

  /// boost_watermark(): a request has broken into a pageblock of another type.
  bool boost_watermark(std::uint32_t factor);
  /// kswapd has done its work for so much of it.
  void unboost(Pages pages) { boost -= pages < boost ? pages : boost; }

  /// reserve_highatomic_pageblock(): the pageblock of a page that a high-order atomic request got.
  void reserve_highatomic(const PageMap& map, Pfn page);
  /// unreserve_highatomic_pageblock(): one pageblock goes to `type`; the last only if forced. How
  /// many free pages that made usable.
  Pages unreserve_highatomic(const PageMap& map, Migrate type, bool force);
};

/// min_free_kbytes = isqrt(16 × lowmem KiB) within [128, max] (init_per_zone_wmark_min()).
std::uint64_t min_free_kbytes(Pages lowmem, std::uint32_t max);

/// What __setup_per_zone_wmarks() makes of the zones' sizes.
struct MarkSetup {
  std::array<Pages, zone_types> managed{};
  std::uint64_t min_free_kbytes = 0;
  std::uint32_t watermark_scale_factor = 10;
  Rules::MarkSpacing spacing = Rules::MarkSpacing::quarter;
};
Marks zone_marks(const MarkSetup& setup, ZoneType zone);

/// sysctl_lowmem_reserve_ratio: the part of the higher zones that a lower one keeps from them.
inline constexpr std::array<Pages, zone_types> lowmem_reserve_ratio = {256, 256, 32, 32};

struct ZoneSetup {
  Pages pages = 0;  ///< of RAM, from physical address 0 on, all of them managed
  Arch arch = Arch::x86_64;
  std::uint32_t cpus = 1;
  std::uint64_t min_free_kbytes = 0;  ///< 0: as boot computes it
  std::uint32_t watermark_scale_factor = 10;
};

/// The zones of one machine, lowest first: an unpopulated zone is there with 0 pages.
class Zones {
 public:
  Zones(PageMap& map, const ZoneSetup& setup, const Rules& rules);
  Zones(const Zones&) = delete;
  Zones& operator=(const Zones&) = delete;

  std::array<Zone, zone_types>& all() { return zones_; }
  const std::array<Zone, zone_types>& all() const { return zones_; }
  Zone& operator[](ZoneType type) { return zones_[static_cast<std::size_t>(type)]; }
  Zone& of(Pfn pfn) { return zones_[static_cast<std::size_t>(type_of(pfn))]; }
  const Zone& of(Pfn pfn) const { return zones_[static_cast<std::size_t>(type_of(pfn))]; }

  /// The highest populated zone that a mask allows: preferred zone and class zone of its requests.
  Zone& preferred(Gfp gfp) { return zones_[static_cast<std::size_t>(preferred_type(gfp))]; }
  const Zone& preferred(Gfp gfp) const {
    return zones_[static_cast<std::size_t>(preferred_type(gfp))];
  }
  /// Whether a machine of this kind has such a zone, populated or not.
  bool exists(ZoneType type) const {
    return type != (arch_ == Arch::x86_32 ? ZoneType::dma32 : ZoneType::highmem);
  }
  /// The highest populated zone of all.
  ZoneType highest() const { return preferred_[static_cast<std::size_t>(ZoneType::highmem)]; }

  /// The zones that a mask allows, lowest first; some may be unpopulated.
  std::span<const Zone> allowed(Gfp gfp) const {
    return std::span(zones_).first(static_cast<std::size_t>(preferred_type(gfp)) + 1);
  }

  Pages managed() const;
  Pages free() const;
  /// On per-CPU lists.
  Pages on_pcp_lists() const;
  /// Takes back all that marks were raised by.
  void unboost() {
    for (Zone& zone : zones_) zone.boost = 0;
  }
  Pages lru_size(Lru lru) const;
  /// totalreserve_pages: high marks and lowmem reserves together.
  Pages total_reserve() const { return total_reserve_; }
  std::uint64_t min_free_kbytes() const { return min_free_kbytes_; }

  ZoneType type_of(Pfn pfn) const {
    return static_cast<ZoneType>((pfn >= ends_[0]) + (pfn >= ends_[1]) + (pfn >= ends_[2]));
  }

 private:
  /// gfp_zone().
  static ZoneType highest_zone(Gfp gfp) {
    if (has(gfp, Gfp::dma)) return ZoneType::dma;
    if (has(gfp, Gfp::dma32)) return ZoneType::dma32;
    return has(gfp, Gfp::highmem) ? ZoneType::highmem : ZoneType::normal;
  }
  ZoneType preferred_type(Gfp gfp) const {
    return preferred_[static_cast<std::size_t>(highest_zone(gfp))];
  }
  void set_preferred(Arch arch);
  void set_lowmem_reserves();
  void set_marks(const ZoneSetup& setup, const Rules& rules);
  void set_reserves(PageMap& map, const ZoneSetup& setup, const Rules& rules);

  const Arch arch_;
  std::array<Zone, zone_types> zones_;
  std::array<Pfn, zone_types> ends_{};            ///< where each zone would end in unlimited memory
  std::array<ZoneType, zone_types> preferred_{};  ///< by the highest zone of a mask
  std::uint64_t min_free_kbytes_ = 0;
  Pages total_reserve_ = 0;
};

}  // namespace brink
