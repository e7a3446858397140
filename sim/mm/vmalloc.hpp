// Memory that is contiguous only for the kernel's own page tables (mm/vmalloc.c and kvmalloc() of
// mm/util.c; Linux 4.0 and 6.1): pages one by one, so that no fragmentation stands in its way, with
// a list of them, a vm_struct, a vmap_area, and page tables, which stay for ever. Left out: where
// in the address space areas lie, lazy unmapping, the bulk allocator and huge mappings of 6.1, and
// its loop for __GFP_NOFAIL.
#pragma once

#include <memory>
#include <vector>

#include "sim/mm/slab.hpp"

namespace brink {

/// An area of vmalloc() memory; false if it is none.
struct VmallocArea {
  std::vector<Pfn> pages;
  SlabObject vm_struct, vmap_area;
  SlabObject list;                           ///< of the pages, if that takes a page at most
  std::unique_ptr<VmallocArea> larger_list;  ///< otherwise
  Pages mapped = 0;                          ///< the guard page behind it included

  explicit operator bool() const { return static_cast<bool>(vm_struct); }
};

/// What kvmalloc() gave; false if that is nothing.
struct KvMemory {
  SlabObject object;
  VmallocArea area;

  explicit operator bool() const { return object || area; }
};

class Vmalloc {
 public:
  explicit Vmalloc(Memory& memory) : memory_(memory) {}

  /// __vmalloc(). Each request that it makes can fail, for the site; then the area is none, and
  /// what was taken for it has been given back.
  VmallocArea alloc(std::uint64_t bytes, Site site, Gfp gfp);
  void free(VmallocArea& area) noexcept;

  /// Pages mapped, guard pages included.
  Pages mapped() const { return mapped_; }
  /// Pages of page tables that it has added so far.
  Pages tables() const { return tables_; }

 private:
  bool fill(VmallocArea& area, Pages pages, Site site, Gfp gfp);
  bool alloc_list(VmallocArea& area, Pages pages, Site site, Gfp gfp);
  bool map(VmallocArea& area, Site site, Gfp gfp);

  Memory& memory_;
  Pages mapped_ = 0;
  Pages tables_ = 0;
};

}  // namespace brink
