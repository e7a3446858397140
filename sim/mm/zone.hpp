// Zones: ranges of physical memory with their watermarks, free lists and LRU lists (include/linux/
// mmzone.h and mm/page_alloc.c, Linux 4.0). Left out: NUMA, ZONE_HIGHMEM and ZONE_MOVABLE (x86-64
// has none), per-CPU page lists and counters, the fair-zone allocation batches, holes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "brink/gfp.hpp"
#include "brink/rules.hpp"
#include "sim/mm/buddy.hpp"
#include "sim/mm/page.hpp"

namespace brink {

enum class ZoneType : std::uint8_t { dma, dma32, normal };
inline constexpr std::size_t zone_types = 3;

enum class Watermark : std::uint8_t { min, low, high };

/// The evictable lists, in the kernel's order: list + 1 is its active twin, list + 2 the file side.
enum class Lru : std::uint8_t { inactive_anon, active_anon, inactive_file, active_file };
inline constexpr std::size_t lru_lists = 4;
constexpr bool is_file(Lru lru) { return lru >= Lru::inactive_file; }
constexpr bool is_active(Lru lru) { return (static_cast<unsigned>(lru) & 1) != 0; }

/// Rights of one attempt to take a page (ALLOC_*, mm/internal.h).
enum AllocFlag : std::uint8_t {
  ALLOC_HIGH = 1u << 0,           ///< half of the mark
  ALLOC_HARDER = 1u << 1,         ///< a quarter less
  ALLOC_OOM = 1u << 2,            ///< a victim's half of what is left (4.14)
  ALLOC_NO_WATERMARKS = 1u << 3,  ///< the whole reserve
};

/// Sticky states that reclaim gives a zone.
enum ZoneFlag : std::uint8_t {
  ZONE_CONGESTED = 1u << 0,
  ZONE_DIRTY = 1u << 1,
  ZONE_WRITEBACK = 1u << 2,
  ZONE_ALL_UNRECLAIMABLE = 1u << 3,  ///< until a page of it is freed (2.6.3x)
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

struct Zone {
  ZoneType type = ZoneType::dma;
  Pfn begin = 0, end = 0;
  Pages managed = 0;
  std::array<Pages, 3> mark{};                     ///< by Watermark
  std::array<Pages, zone_types> lowmem_reserve{};  ///< by the class zone of the request
  Pages inactive_ratio = 1;
  std::uint8_t flags = 0;

  Buddy buddy;
  std::array<LruList, lru_lists> lru;
  std::array<Pages, 2> isolated{};  ///< off the lists while a reclaimer looks at them: anon, file
  ReclaimStat stat;
  std::uint64_t pages_scanned = 0;  ///< since a page of this zone was last freed
  Tried tried;

  const char* name() const;
  bool populated() const { return managed != 0; }
  Pages free() const { return buddy.free_pages(); }
  Pages watermark(Watermark w) const { return mark[static_cast<std::size_t>(w)]; }
  LruList& list(Lru l) { return lru[static_cast<std::size_t>(l)]; }
  const LruList& list(Lru l) const { return lru[static_cast<std::size_t>(l)]; }
  Pages lru_size(Lru l) const { return list(l).size; }

  /// __zone_watermark_ok(): whether a request of this order would leave more than `wmark` free.
  /// `class_zone` is the highest zone that the request could use.
  bool watermark_ok(unsigned order, Pages wmark, ZoneType class_zone, unsigned alloc_flags,
                    Rules::HighOrderMark high_order) const;
};

/// min_free_kbytes = isqrt(16 × lowmem KiB) within [128, max] (init_per_zone_wmark_min()).
std::uint64_t min_free_kbytes(Pages lowmem, std::uint32_t max);

/// The zones of one machine, lowest first: an unpopulated zone is there with 0 pages.
class Zones {
 public:
  /// `pages` of RAM from physical address 0 on, all of them managed.
  Zones(PageMap& map, Pages pages, const Rules& rules);

  std::array<Zone, zone_types>& all() { return zones_; }
  const std::array<Zone, zone_types>& all() const { return zones_; }
  Zone& operator[](ZoneType type) { return zones_[static_cast<std::size_t>(type)]; }
  Zone& of(Pfn pfn) { return zones_[static_cast<std::size_t>(type_of(pfn))]; }
  const Zone& of(Pfn pfn) const { return zones_[static_cast<std::size_t>(type_of(pfn))]; }

  /// The highest populated zone that a mask allows: preferred zone and class zone of its requests.
  Zone& preferred(Gfp gfp);
  const Zone& preferred(Gfp gfp) const;

  /// The zones that a mask allows, lowest first; some may be unpopulated.
  std::span<const Zone> allowed(Gfp gfp) const {
    return std::span(zones_).first(static_cast<std::size_t>(preferred(gfp).type) + 1);
  }

  Pages managed() const;
  Pages free() const;
  Pages lru_size(Lru lru) const;
  /// totalreserve_pages: high marks and lowmem reserves together.
  Pages total_reserve() const { return total_reserve_; }

  static ZoneType type_of(Pfn pfn) {
    return pfn < dma_end ? ZoneType::dma : pfn < dma32_end ? ZoneType::dma32 : ZoneType::normal;
  }

 private:
  static constexpr Pfn dma_end = 4096;            // 16 MiB
  static constexpr Pfn dma32_end = Pfn{1} << 20;  // 4 GiB

  void set_marks();
  void set_lowmem_reserves();

  std::array<Zone, zone_types> zones_;
  std::uint64_t min_free_kbytes_ = 0;
  Pages total_reserve_ = 0;
};

}  // namespace brink
