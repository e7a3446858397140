// Page tables: flat tables, found by the range that they map.

#include "sim/mm/page_tables.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "sim/mm/memory.hpp"
#include "sim/mm/page_alloc.hpp"

namespace brink {
namespace {

using Entries = std::array<Pte, table_entries>;

/// Tables of this thread's machines, used again and again: a world that ends leaves them here.
struct TablePool {
  std::vector<std::unique_ptr<Entries>> all;
  std::vector<Entries*> free;

  Pte* get() {
    if (free.empty()) {
      all.push_back(std::make_unique<Entries>());
      return all.back()->data();
    }
    Entries& entries = *free.back();
    free.pop_back();
    entries.fill(Pte());
    return entries.data();
  }
  void put(Pte* entries) { free.push_back(reinterpret_cast<Entries*>(entries)); }
};

TablePool& pool() {
  static thread_local TablePool tables;
  return tables;
}

}  // namespace

PageTables::~PageTables() {
  for (const Table& table : low_) pool().put(table.entries);
}

std::size_t PageTables::lower_bound(const Level& level, std::uint32_t key) {
  const auto at =
      std::lower_bound(level.begin(), level.end(), key,
                       [](const Table& table, std::uint32_t k) { return table.key < k; });
  return static_cast<std::size_t>(at - level.begin());
}

Pte* PageTables::find_slow(std::uint32_t vpn) {
  const std::size_t at = lower_bound(low_, vpn >> table_order);
  if (at == low_.size() || low_[at].key != vpn >> table_order) return nullptr;
  last_ = at;
  return &low_[at].entries[vpn % table_entries];
}

Pte* PageTables::make(std::uint32_t vpn, Site site) {
  if (!add(high_, vpn >> (3 * table_order), site) ||
      !add(middle_, vpn >> (2 * table_order), site) || !add(low_, vpn >> table_order, site)) {
    return nullptr;
  }
  return find(vpn);
}

/// The table with this key exists afterwards; false if there is no memory for it.
bool PageTables::add(Level& level, std::uint32_t key, Site site) {
  std::size_t at = lower_bound(level, key);
  if (at < level.size() && level[at].key == key) return true;
  const Pfn page = memory_.alloc_pages(site);
  if (page == no_page) return false;
  memory_.set_kind(memory_.page(page), PageKind::page_table);
  at = lower_bound(level, key);  // The request may have slept, and another task made the table.
  if (at < level.size() && level[at].key == key) {
    memory_.free_pages(page, 0);
    return true;
  }
  level.insert(level.begin() + static_cast<std::ptrdiff_t>(at),
               {key, page, &level == &low_ ? pool().get() : nullptr});
  return true;
}

std::uint32_t PageTables::next_table(std::uint32_t vpn) const {
  const std::size_t at = lower_bound(low_, vpn >> table_order);
  if (at == low_.size()) return ~std::uint32_t{0};
  return std::max(vpn, low_[at].key << table_order);
}

void PageTables::drop(Level& level, std::size_t index) {
  if (level[index].entries != nullptr) pool().put(level[index].entries);
  memory_.free_pages(level[index].page, 0);
  level.erase(level.begin() + static_cast<std::ptrdiff_t>(index));
}

void PageTables::free_range(std::uint32_t begin, std::uint32_t end) {
  std::size_t at = lower_bound(low_, (begin + table_entries - 1) >> table_order);
  while (at < low_.size() && (low_[at].key + 1) << table_order <= end) drop(low_, at);
  drop_empty(middle_, low_);
  drop_empty(high_, middle_);
  last_ = 0;
}

/// Frees the tables that no longer point to a table of the level below.
void PageTables::drop_empty(Level& upper, const Level& lower) {
  for (std::size_t i = upper.size(); i-- > 0;) {
    const std::size_t first = lower_bound(lower, upper[i].key << table_order);
    if (first == lower.size() || lower[first].key >> table_order != upper[i].key) drop(upper, i);
  }
}

}  // namespace brink
