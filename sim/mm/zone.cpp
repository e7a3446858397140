// Zones and their marks (mm/page_alloc.c, Linux 4.0).

#include "sim/mm/zone.hpp"

#include <algorithm>

#include "brink/assert.hpp"

namespace brink {
namespace {

constexpr std::array<const char*, zone_types> zone_names = {"DMA", "DMA32", "Normal"};
/// sysctl_lowmem_reserve_ratio: the part of the higher zones that a lower one keeps from them.
constexpr std::array<Pages, zone_types> lowmem_reserve_ratio = {256, 256, 32};

std::uint64_t isqrt(std::uint64_t n) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const std::uint64_t next = root | bit;
    if (next <= n / next) root = next;
  }
  return root;
}

/// gfp_zone() on x86-64.
ZoneType highest_zone(Gfp gfp) {
  if (has(gfp, Gfp::dma)) return ZoneType::dma;
  return has(gfp, Gfp::dma32) ? ZoneType::dma32 : ZoneType::normal;
}

}  // namespace

std::uint64_t min_free_kbytes(Pages lowmem, std::uint32_t max) {
  const std::uint64_t lowmem_kbytes = lowmem * (page_size / KiB);
  return std::clamp<std::uint64_t>(isqrt(lowmem_kbytes * 16), 128, max);
}

const char* Zone::name() const { return zone_names[static_cast<std::size_t>(type)]; }

bool Zone::watermark_ok(unsigned order, Pages wmark, ZoneType class_zone, unsigned alloc_flags,
                        Rules::HighOrderMark high_order, Pages more) const {
  auto left = static_cast<std::int64_t>(free() + more) - ((std::int64_t{1} << order) - 1);
  auto min = static_cast<std::int64_t>(wmark);
  if ((alloc_flags & ALLOC_HIGH) != 0) min -= min / 2;
  if ((alloc_flags & ALLOC_HARDER) != 0) min -= min / 4;
  if ((alloc_flags & ALLOC_OOM) != 0) min -= min / 2;
  const Pages reserve = lowmem_reserve[static_cast<std::size_t>(class_zone)];
  if (left <= min + static_cast<std::int64_t>(reserve)) return false;
  if (order == 0) return true;
  if (high_order == Rules::HighOrderMark::free_block) return buddy.has_block(order);
  for (unsigned o = 0; o < order; ++o) {
    // At the next order, the pages of this one are of no use, and fewer need to be left.
    left -= static_cast<std::int64_t>(buddy.free_blocks(o) << o);
    min >>= 1;
    if (left <= min) return false;
  }
  return true;
}

Zones::Zones(PageMap& map, Pages pages, const Rules& rules) {
  const auto end = static_cast<Pfn>(pages);
  const std::array<Pfn, zone_types> limits = {dma_end, dma32_end, ~Pfn{0}};
  Pfn begin = 0;
  for (std::size_t i = 0; i < zone_types; ++i) {
    Zone& zone = zones_[i];
    zone.type = static_cast<ZoneType>(i);
    zone.begin = begin;
    zone.end = std::max(begin, std::min(end, limits[i]));
    zone.managed = zone.end - zone.begin;
    if (zone.populated()) zone.buddy.add_range(map, zone.begin, zone.end);
    begin = zone.end;
  }
  min_free_kbytes_ = min_free_kbytes(managed(), rules.min_free_kbytes_max);
  set_lowmem_reserves();
  set_marks();
}

void Zones::set_lowmem_reserves() {
  for (std::size_t high = 0; high < zone_types; ++high) {
    Pages above = zones_[high].managed;
    for (std::size_t low = high; low-- > 0;) {
      zones_[low].lowmem_reserve[high] = above / lowmem_reserve_ratio[low];
      above += zones_[low].managed;
    }
  }
}

void Zones::set_marks() {
  const Pages pages_min = min_free_kbytes_ / (page_size / KiB);
  const Pages lowmem = managed();
  for (Zone& zone : zones_) {
    if (!zone.populated()) continue;
    const Pages share = pages_min * zone.managed / lowmem;
    zone.mark = {share, share + share / 4, share + share / 2};

    const Pages gigabytes = zone.managed * page_size / GiB;
    zone.inactive_ratio = gigabytes != 0 ? isqrt(10 * gigabytes) : 1;

    // MIGRATE_RESERVE: at most two pageblocks of each zone since 2.6.32 (78986a678f6).
    constexpr Pages block = Pages{1} << pageblock_order;
    zone.buddy.reserve_blocks(
        static_cast<unsigned>(std::min<Pages>(2, (share + block - 1) / block)));

    const Pages reserve = *std::max_element(zone.lowmem_reserve.begin(), zone.lowmem_reserve.end());
    total_reserve_ += std::min(zone.managed, reserve + zone.watermark(Watermark::high));
  }
}

const Zone& Zones::preferred(Gfp gfp) const {
  auto i = static_cast<std::size_t>(highest_zone(gfp));
  while (i > 0 && !zones_[i].populated()) --i;
  return zones_[i];
}

Zone& Zones::preferred(Gfp gfp) {
  return const_cast<Zone&>(static_cast<const Zones&>(*this).preferred(gfp));
}

Pages Zones::managed() const {
  Pages sum = 0;
  for (const Zone& zone : zones_) sum += zone.managed;
  return sum;
}

Pages Zones::free() const {
  Pages sum = 0;
  for (const Zone& zone : zones_) sum += zone.free();
  return sum;
}

Pages Zones::lru_size(Lru lru) const {
  Pages sum = 0;
  for (const Zone& zone : zones_) sum += zone.lru_size(lru);
  return sum;
}

}  // namespace brink
