// The classes of kmalloc() (mm/slab_common.c: create_kmalloc_caches, kmalloc_slab; Linux 4.0 and
// 6.1): powers of two from 8 bytes to two pages, 96 and 192, each in up to four kinds. Kinds other
// than the plain one are created when they are first used.

#include <bit>

#include "sim/mm/memory.hpp"

namespace brink {
namespace {

constexpr std::uint32_t sizes[] = {8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192};

enum KmallocType : std::size_t { plain, dma, reclaimable, accounted };

/// kmalloc_type(): what is both reclaimable and charged is reclaimable.
KmallocType type_of(Gfp gfp, const SlabRules& rules) {
  if (has(gfp, Gfp::dma)) return dma;
  if (rules.kmalloc_reclaimable && has(gfp, Gfp::reclaimable)) return reclaimable;
  return rules.kmalloc_accounted && has(gfp, Gfp::account) ? accounted : plain;
}

constexpr const char* prefixes[] = {"kmalloc-", "dma-kmalloc-", "kmalloc-rcl-", "kmalloc-cg-"};

std::string size_text(std::uint32_t size, bool in_short) {
  return in_short && size >= 1024 ? std::to_string(size / 1024) + "k" : std::to_string(size);
}

}  // namespace

Slab::Slab(Memory& memory, std::uint32_t cpus, const SlabRules& rules, SlabSpecs specs)
    : memory_(memory), cpus_(cpus), rules_(rules), specs_(specs) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < kmalloc_classes; ++i) {
    for (; from <= sizes[i] / 8; ++from) kmalloc_class_[from] = static_cast<std::uint8_t>(i);
    create_kmalloc(plain, i);
  }
}

SlabCache& Slab::create_kmalloc(std::size_t type, std::size_t size_class) {
  const std::uint32_t size = sizes[size_class];
  const std::string name = prefixes[type] + size_text(size, rules_.kmalloc_short_names);
  SlabSpec spec{.name = name, .size = size};
  spec.reclaim_account = type == reclaimable;
  spec.account = type == accounted;
  spec.dma = type == dma;
  SlabCache& made = cache(spec);
  kmalloc_[type][size_class] = &made;
  return made;
}

SlabCache* Slab::kmalloc_cache(std::uint32_t size, Gfp gfp) {
  if (size > kmalloc_max) return nullptr;
  const std::size_t size_class = kmalloc_class_[(size + 7) / 8];
  const KmallocType type = type_of(gfp, rules_);
  SlabCache* const known = kmalloc_[type][size_class];
  return known != nullptr ? known : &create_kmalloc(type, size_class);
}

unsigned Slab::kmalloc_order(std::uint32_t size) {
  const SlabCache* cache = kmalloc_cache(size);
  if (cache != nullptr) return cache->layout().min_order;
  return static_cast<unsigned>(std::bit_width((size - 1) / page_size));
}

SlabObject Slab::kmalloc(std::uint32_t size, Site site, Gfp gfp) {
  SlabCache* cache = kmalloc_cache(size, gfp);
  return cache != nullptr ? alloc(*cache, site, gfp) : kmalloc_large(size, site, gfp);
}

}  // namespace brink
