// Reverse mapping: from a page to the page table entries that show it (mm/rmap.c, Linux 4.0). The
// kernel finds them by walking the areas of an anon_vma or of a file; here each page knows its
// entries, which costs nothing for the common page: an anonymous one with one mapping names its
// address space and virtual page itself. Left out: the locks of those walks (i_mmap_rwsem, the
// anon_vma's; nothing sleeps under them), and what a walk over areas that do not map the page
// costs.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/mm/page.hpp"

namespace brink {

class Memory;

class Rmap {
 public:
  explicit Rmap(Memory& memory) : memory_(memory) {}

  /// One more entry shows the page (page_add_anon_rmap(), page_add_file_rmap()).
  void add(Pfn page, std::uint32_t space, std::uint32_t vpn);
  /// One less (page_remove_rmap()). With the last one, a page that was locked in memory no longer
  /// is.
  void remove(Pfn page, std::uint32_t space, std::uint32_t vpn);
  /// page_mapcount().
  std::uint32_t count(const Page& page) const;

  /// What page_referenced() finds out.
  struct References {
    std::uint32_t young = 0;  ///< entries that were used since last asked; they no longer are young
    bool exec = false;        ///< one of these belongs to an area of code (VM_EXEC)
  };
  References test_and_clear_young(const Page& page);
  /// try_to_unmap(): no entry shows it any more. Those of an anonymous page, which must be in the
  /// swap cache, hold its slot instead.
  void unmap(Pfn page);
  /// Every entry shows `to` from now on (remove_migration_ptes()).
  void move(const Page& page, Pfn to);
  /// page_mkclean(): the next write through any entry faults.
  void write_protect(const Page& page);
  /// Whether an area that is locked in memory maps it (try_to_munlock()).
  bool locked(const Page& page) const;

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  /// Set in `owner` of an anonymous page with several mappings; the rest of it is the first node.
  static constexpr std::uint32_t shared_bit = std::uint32_t{1} << 31;

  struct Node {
    std::uint32_t space, vpn, next;
  };

  std::uint32_t first(const Page& page) const;
  void set_first(Page& page, std::uint32_t node);
  std::uint32_t new_node(std::uint32_t space, std::uint32_t vpn, std::uint32_t next);
  void free_node(std::uint32_t node);
  /// Only one mapping of an anonymous page is left: the page names it itself.
  void fold(Page& page);
  template <class Function>
  void each(const Page& page, Function&& function) const;

  Memory& memory_;
  std::vector<Node> nodes_;
  std::uint32_t free_ = none;
};

}  // namespace brink
