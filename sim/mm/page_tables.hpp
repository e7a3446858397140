// The page tables of one address space (x86-64, four levels): flat tables of 512 entries for each 2
// MiB, each backed by one page of the machine, and one page more for each 1 GiB and 512 GiB. The
// top level belongs to the process and is not modelled.
#pragma once

#include <cstdint>
#include <vector>

#include "brink/sites.hpp"
#include "sim/mm/page.hpp"

namespace brink {

class Memory;

/// A page table entry: nothing, a page, or a swap slot.
class Pte {
 public:
  bool none() const { return bits_ == 0; }
  bool present() const { return (bits_ & present_bit) != 0; }
  bool swapped() const { return (bits_ & 3) == swap_bit; }
  Pfn pfn() const { return bits_ >> shift; }
  std::uint32_t slot() const { return bits_ >> shift; }
  bool young() const { return (bits_ & young_bit) != 0; }
  bool writable() const { return (bits_ & write_bit) != 0; }

  void set_page(Pfn pfn, bool writable) {
    bits_ = pfn << shift | young_bit | present_bit | (writable ? write_bit : 0);
  }
  void move(Pfn pfn) { bits_ = pfn << shift | (bits_ & (young_bit | present_bit | write_bit)); }
  void set_slot(std::uint32_t slot) { bits_ = slot << shift | swap_bit; }
  void set_young() { bits_ |= young_bit; }
  void clear_young() { bits_ &= ~young_bit; }
  void make_writable() { bits_ |= write_bit; }
  void write_protect() { bits_ &= ~write_bit; }
  void clear() { bits_ = 0; }

 private:
  static constexpr std::uint32_t present_bit = 1, swap_bit = 2, young_bit = 4, write_bit = 8;
  static constexpr unsigned shift = 4;
  std::uint32_t bits_ = 0;
};

/// log2 of the entries of a table.
inline constexpr unsigned table_order = 9;
inline constexpr std::uint32_t table_entries = 1u << table_order;

class PageTables {
 public:
  explicit PageTables(Memory& memory) : memory_(memory) {}
  ~PageTables();
  PageTables(const PageTables&) = delete;
  PageTables& operator=(const PageTables&) = delete;

  /// The entry of a virtual page; null if there is no table for it.
  Pte* find(std::uint32_t vpn) {
    const std::uint32_t key = vpn >> table_order;
    if (last_ < low_.size() && low_[last_].key == key) [[likely]] {
      return &low_[last_].entries[vpn % table_entries];
    }
    return find_slow(vpn);
  }
  /// The same, allocating tables as they are needed, on behalf of `site`; null if there is no
  /// memory.
  Pte* make(std::uint32_t vpn, Site site);
  /// The first virtual page at or after `vpn` that has a table; ~0 if there is none.
  std::uint32_t next_table(std::uint32_t vpn) const;
  /// Frees the tables that lie wholly in [begin, end) and those levels above that are empty then.
  void free_range(std::uint32_t begin, std::uint32_t end);

  /// Pages of tables, of the two lower levels (nr_ptes + nr_pmds).
  Pages pages() const { return low_.size() + middle_.size(); }

 private:
  struct Table {
    std::uint32_t key;  ///< the virtual pages that it maps, shifted by its level
    Pfn page;
    Pte* entries;  ///< lowest level only
  };
  using Level = std::vector<Table>;

  Pte* find_slow(std::uint32_t vpn);
  static std::size_t lower_bound(const Level& level, std::uint32_t key);
  bool add(Level& level, std::uint32_t key, Site site);
  void drop(Level& level, std::size_t index);
  void drop_empty(Level& upper, const Level& lower);

  Memory& memory_;
  Level low_, middle_, high_;  ///< by key
  std::size_t last_ = 0;
};

}  // namespace brink
