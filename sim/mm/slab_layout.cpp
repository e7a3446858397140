// How large the slabs of a cache are and how many it keeps (mm/slub.c: calculate_sizes,
// calculate_order and kmem_cache_open, mm/slab_common.c: calculate_alignment; Linux 4.0 and 6.1),
// with the defaults of slub_min_order (0), slub_max_order (3) and slub_min_objects.

#include <algorithm>
#include <array>
#include <bit>

#include "sim/mm/slab.hpp"

namespace brink {
namespace {

constexpr std::uint32_t word = 8;
constexpr std::uint32_t cache_line = 64;
constexpr unsigned slub_max_order = 3;
constexpr unsigned no_order = max_order + 1;

constexpr std::uint32_t align_up(std::uint32_t value, std::uint32_t to) {
  return (value + to - 1) / to * to;
}

std::uint32_t objects_in(unsigned order, std::uint32_t size) {
  return static_cast<std::uint32_t>((page_size << order) / size);
}

/// get_order(): of the smallest block that holds so many bytes.
unsigned order_of(std::uint64_t bytes) {
  return static_cast<unsigned>(std::bit_width((bytes - 1) >> page_shift));
}

/// The smallest order that holds `objects` and wastes at most 1/fraction; `limit` + 1 if there is
/// none.
unsigned slab_order(std::uint32_t size, std::uint32_t objects, unsigned limit,
                    std::uint32_t fraction) {
  unsigned order = order_of(std::uint64_t{objects} * size);
  for (; order <= limit; ++order) {
    const std::uint64_t bytes = page_size << order;
    if (bytes % size <= bytes / fraction) break;
  }
  return order;
}

unsigned preferred_order(std::uint32_t size, std::uint32_t cpus) {
  std::uint32_t objects = 4 * (static_cast<std::uint32_t>(std::bit_width(cpus)) + 1);
  objects = std::min(objects, objects_in(slub_max_order, size));
  for (; objects > 1; --objects) {
    for (std::uint32_t fraction = 16; fraction >= 4; fraction /= 2) {
      const unsigned order = slab_order(size, objects, slub_max_order, fraction);
      if (order <= slub_max_order) return order;
    }
  }
  const unsigned order = slab_order(size, 1, slub_max_order, 1);
  return order <= slub_max_order ? order : std::min(no_order, slab_order(size, 1, max_order, 1));
}

/// calculate_alignment(): a small object gets a part of a cache line.
std::uint32_t alignment(const SlabSpec& spec) {
  std::uint32_t align = std::max(spec.align, word);
  if (spec.hwcache_align) {
    std::uint32_t line = cache_line;
    while (spec.size <= line / 2) line /= 2;
    align = std::max(align, line);
  }
  return align_up(align, word);
}

}  // namespace

SlabLayout slab_layout(const SlabSpec& spec, std::uint32_t cpus) {
  std::uint32_t size = align_up(std::max(spec.size, word), word);
  if (spec.keeps_object) size += word;
  SlabLayout layout;
  layout.size = align_up(size, alignment(spec));
  layout.order = static_cast<std::uint8_t>(preferred_order(layout.size, cpus));
  layout.min_order = static_cast<std::uint8_t>(order_of(layout.size));
  layout.objects = static_cast<std::uint16_t>(objects_in(layout.order, layout.size));
  layout.min_objects = static_cast<std::uint16_t>(objects_in(layout.min_order, layout.size));
  return layout;
}

namespace {

/// set_cpu_partial(): of caches whose objects take a page or more, 1024 or 256 bytes or more, or
/// less; in 4.0, and since slabs are counted.
constexpr std::array<std::uint32_t, 4> objects_of = {2, 6, 13, 30};
constexpr std::array<std::uint32_t, 4> slabs_for_objects = {6, 24, 52, 120};

}  // namespace

SlabLimits slab_limits(const SlabLayout& layout, const SlabRules& rules) {
  SlabLimits limits;
  const auto log = static_cast<std::uint32_t>(std::bit_width(layout.size) - 1);
  limits.min_partial = std::clamp(rules.halves_min_partial ? log / 2 : log, 5u, 10u);
  if (rules.cpu_partial == SlabRules::CpuPartial::none) return limits;
  const std::size_t of = layout.size >= page_size ? 0
                         : layout.size >= 1024    ? 1
                         : layout.size >= 256     ? 2
                                                  : 3;
  const bool by_slabs = rules.cpu_partial == SlabRules::CpuPartial::slabs;
  limits.cpu_partial = by_slabs ? slabs_for_objects[of] : objects_of[of];
  limits.cpu_partial_slabs = (2 * limits.cpu_partial + layout.objects - 1) / layout.objects;
  return limits;
}

}  // namespace brink
