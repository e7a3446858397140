// How large the slabs of a cache are (mm/slub.c: slab_order and calculate_order, Linux 4.0), with
// the defaults of slub_min_order (0), slub_max_order (3) and slub_min_objects.

#include <algorithm>
#include <bit>

#include "sim/mm/slab.hpp"

namespace brink {
namespace {

constexpr unsigned slub_max_order = 3;
constexpr unsigned no_order = max_order + 1;

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

}  // namespace

SlabLayout slab_layout(std::uint32_t size, std::uint32_t align, std::uint32_t cpus) {
  SlabLayout layout;
  layout.size = (std::max(size, 8u) + align - 1) / align * align;
  layout.order = static_cast<std::uint8_t>(preferred_order(layout.size, cpus));
  layout.min_order = static_cast<std::uint8_t>(order_of(layout.size));
  layout.objects = static_cast<std::uint16_t>(objects_in(layout.order, layout.size));
  layout.min_objects = static_cast<std::uint16_t>(objects_in(layout.min_order, layout.size));
  return layout;
}

}  // namespace brink
