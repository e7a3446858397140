// Zones, their marks and their reserves (mm/page_alloc.c, Linux 2.6.30 … 6.1).

#include "sim/mm/zone.hpp"

#include <algorithm>

#include "brink/assert.hpp"
#include "brink/isqrt.hpp"

namespace brink {
namespace {

constexpr std::array<const char*, zone_types> zone_names = {"DMA", "DMA32", "Normal", "HighMem"};
constexpr Pages pageblock_pages = Pages{1} << pageblock_order;

constexpr Pfn dma_end = 4096;                        // 16 MiB
constexpr Pfn dma32_end = Pfn{1} << 20;              // 4 GiB
constexpr Pfn lowmem_end = 896 * (MiB / page_size);  // what 32 bits map for good
constexpr std::array<Pfn, zone_types> ends_x86_64 = {dma_end, dma32_end, no_page, no_page};
constexpr std::array<Pfn, zone_types> ends_x86_32 = {dma_end, dma_end, lowmem_end, no_page};

}  // namespace

std::uint64_t min_free_kbytes(Pages lowmem, std::uint32_t max) {
  const std::uint64_t lowmem_kbytes = lowmem * (page_size / KiB);
  return std::clamp<std::uint64_t>(isqrt(lowmem_kbytes * 16), 128, max);
}

const char* Zone::name() const { return zone_names[static_cast<std::size_t>(type)]; }

bool Zone::watermark_ok(unsigned order, Pages wmark, ZoneType class_zone, unsigned alloc_flags,
                        Rules::HighOrderMark high_order, Pages more) const {
  auto left = static_cast<std::int64_t>(free() + more) - ((std::int64_t{1} << order) - 1);
  // Who may not use them does not count them, nor the pages of such pageblocks that are in use.
  if ((alloc_flags & alloc_reserves) == 0)
    left -= static_cast<std::int64_t>(nr_reserved_highatomic);
  auto min = static_cast<std::int64_t>(wmark);
  if ((alloc_flags & ALLOC_HIGH) != 0) min -= min / 2;
  if ((alloc_flags & ALLOC_HARDER) != 0) min -= min / 4;
  if ((alloc_flags & ALLOC_OOM) != 0) min -= min / 2;
  const Pages reserve = lowmem_reserve[static_cast<std::size_t>(class_zone)];
  if (left <= min + static_cast<std::int64_t>(reserve)) return false;
  if (order == 0) return true;
  if (high_order == Rules::HighOrderMark::free_block) {
    if (buddy.has_block(order) || more >> order != 0) return true;
    return (alloc_flags & (ALLOC_HIGHATOMIC | ALLOC_OOM)) != 0 &&
           buddy.has_block(order, Migrate::highatomic);
  }
  for (unsigned o = 0; o < order; ++o) {
    // At the next order, the pages of this one are of no use, and fewer need to be left.
    left -= static_cast<std::int64_t>(buddy.free_blocks(o) << o);
    min >>= 1;
    if (left <= min) return false;
  }
  return true;
}

bool Zone::boost_watermark(std::uint32_t factor) {
  // In small zones it would do harm without making anything better.
  if (factor == 0 || managed < 4 * pageblock_pages) return false;
  const Pages high = mark[static_cast<std::size_t>(Watermark::high)];
  const Pages most = high * factor / 10'000;
  if (most == 0) return false;
  boost = std::min(boost + pageblock_pages, std::max(pageblock_pages, most));
  return true;
}

void Zone::reserve_highatomic(const PageMap& map, Pfn page) {
  if (nr_reserved_highatomic >= managed / 100 + pageblock_pages) return;
  if (static_cast<std::size_t>(map.block_type(page)) >= mobility_types) return;
  nr_reserved_highatomic += pageblock_pages;
  buddy.retype_block(page, Migrate::highatomic);
}

Pages Zone::unreserve_highatomic(const PageMap& map, Migrate to, bool force) {
  if (!force && nr_reserved_highatomic <= pageblock_pages) return 0;
  for (unsigned order = 0; order <= max_order; ++order) {
    const Pfn page = buddy.first_block(order, Migrate::highatomic);
    if (page == no_page) continue;
    // A pageblock may have been given back before the last of its pages was.
    if (map.block_type(page) == Migrate::highatomic) {
      nr_reserved_highatomic -= std::min(pageblock_pages, nr_reserved_highatomic);
    }
    if (const Pages moved = buddy.retype_block(page, to); moved != 0) return moved;
  }
  return 0;
}

Marks zone_marks(const MarkSetup& setup, ZoneType zone) {
  const auto i = static_cast<std::size_t>(zone);
  Pages lowmem = 0;
  for (std::size_t z = 0; z < zone_types; ++z) {
    if (static_cast<ZoneType>(z) != ZoneType::highmem) lowmem += setup.managed[z];
  }
  if (setup.managed[i] == 0 || lowmem == 0) return {};
  const Pages pages_min = setup.min_free_kbytes / (page_size / KiB);
  const Pages share = pages_min * setup.managed[i] / lowmem;
  // Nobody in the kernel needs highmem: a little is kept so that reclaim finds something to do.
  const Pages min =
      zone == ZoneType::highmem ? std::clamp<Pages>(setup.managed[i] / 1024, 32, 128) : share;
  if (setup.spacing == Rules::MarkSpacing::quarter) return {min, min + share / 4, min + share / 2};
  const Pages scaled = setup.managed[i] * setup.watermark_scale_factor / 10'000;
  const Pages apart = std::max(share / 4, scaled);
  return {min, min + apart, min + 2 * apart};
}

Zones::Zones(PageMap& map, const ZoneSetup& setup, const Rules& rules)
    : arch_(setup.arch), ends_(setup.arch == Arch::x86_32 ? ends_x86_32 : ends_x86_64) {
  const auto end = static_cast<Pfn>(setup.pages);
  Pfn begin = 0;
  for (std::size_t i = 0; i < zone_types; ++i) {
    Zone& zone = zones_[i];
    zone.type = static_cast<ZoneType>(i);
    zone.begin = begin;
    zone.end = std::max(begin, std::min(end, ends_[i]));
    zone.managed = zone.end - zone.begin;
    zone.buddy.set_fallback(rules.fallback);
    if (zone.populated()) zone.buddy.add_range(map, zone.begin, zone.end);
    begin = zone.end;
  }
  set_preferred(setup.arch);
  set_lowmem_reserves();
  set_marks(setup, rules);
  set_reserves(map, setup, rules);
}

void Zones::set_preferred(Arch arch) {
  for (std::size_t i = 0; i < zone_types; ++i) {
    // Without a DMA32 zone, memory that 32 bits address is any of Normal.
    std::size_t type = i;
    if (arch == Arch::x86_32 && static_cast<ZoneType>(i) == ZoneType::dma32) ++type;
    while (type > 0 && !zones_[type].populated()) --type;
    preferred_[i] = static_cast<ZoneType>(type);
  }
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

void Zones::set_marks(const ZoneSetup& setup, const Rules& rules) {
  MarkSetup marks;
  Pages lowmem = 0;
  for (const Zone& zone : zones_) {
    marks.managed[static_cast<std::size_t>(zone.type)] = zone.managed;
    if (zone.type != ZoneType::highmem) lowmem += zone.managed;
  }
  min_free_kbytes_ = setup.min_free_kbytes != 0
                         ? setup.min_free_kbytes
                         : brink::min_free_kbytes(lowmem, rules.min_free_kbytes_max);
  marks.min_free_kbytes = min_free_kbytes_;
  marks.watermark_scale_factor = setup.watermark_scale_factor;
  marks.spacing = rules.mark_spacing;
  for (Zone& zone : zones_) zone.mark = zone_marks(marks, zone.type);
}

void Zones::set_reserves(PageMap& map, const ZoneSetup& setup, const Rules& rules) {
  for (Zone& zone : zones_) {
    if (!zone.populated()) continue;
    const Pages gigabytes = zone.managed * page_size / GiB;
    zone.inactive_ratio = gigabytes != 0 ? isqrt(10 * gigabytes) : 1;

    if (rules.high_order_reserve != Rules::HighOrderReserve::highatomic) {
      const bool two = rules.high_order_reserve == Rules::HighOrderReserve::two_pageblocks;
      const Pages blocks = (zone.watermark(Watermark::min) + pageblock_pages - 1) / pageblock_pages;
      zone.buddy.reserve_blocks(static_cast<unsigned>(two ? std::min<Pages>(2, blocks) : blocks));
    }
    zone.pcp.set_up(map, zone.buddy,
                    {rules.pcp, setup.cpus, zone.managed, zone.watermark(Watermark::low)});

    const Pages reserve = *std::max_element(zone.lowmem_reserve.begin(), zone.lowmem_reserve.end());
    total_reserve_ += std::min(zone.managed, reserve + zone.watermark(Watermark::high));
  }
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

Pages Zones::on_pcp_lists() const {
  Pages sum = 0;
  for (const Zone& zone : zones_) sum += zone.pcp.pages();
  return sum;
}

Pages Zones::lru_size(Lru lru) const {
  Pages sum = 0;
  for (const Zone& zone : zones_) sum += zone.lru_total(lru);
  return sum;
}

}  // namespace brink
