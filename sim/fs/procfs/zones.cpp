// /proc/buddyinfo, /proc/pagetypeinfo and /proc/zoneinfo (mm/vmstat.c, Linux 4.0 and 6.1).

#include <algorithm>
#include <array>

#include "sim/fs/procfs/procfs.hpp"
#include "sim/mm/mem_info.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/printk.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {
namespace {

struct TypeRow {
  Migrate type;
  const char* name;
};
constexpr std::array<TypeRow, 4> types_4_0 = {{{Migrate::unmovable, "Unmovable"},
                                               {Migrate::reclaimable, "Reclaimable"},
                                               {Migrate::movable, "Movable"},
                                               {Migrate::reserve, "Reserve"}}};
constexpr std::array<TypeRow, 4> types_6_1 = {{{Migrate::unmovable, "Unmovable"},
                                               {Migrate::movable, "Movable"},
                                               {Migrate::reclaimable, "Reclaimable"},
                                               {Migrate::reserve, "HighAtomic"}}};

bool modern(const Memory& memory) { return memory.rules().texts == Rules::Texts::v6_1; }

const std::array<TypeRow, 4>& types(const Memory& memory) {
  return modern(memory) ? types_6_1 : types_4_0;
}

/// Since 5.4 no more free blocks than that are counted.
constexpr Pages counted_max = 100'000;

std::string free_by_type(const Memory& memory) {
  std::string text = format_text("%-43s ", "Free pages count per migrate type at order");
  for (unsigned order = 0; order <= max_order; ++order) text += format_text("%6u ", order);
  text += '\n';
  for (const Zone& zone : memory.zones().all()) {
    if (!zone.populated()) continue;
    for (const TypeRow& row : types(memory)) {
      text += format_text("Node %4d, zone %8s, type %12s ", 0, zone.name(), row.name);
      for (unsigned order = 0; order <= max_order; ++order) {
        const Pages blocks = zone.buddy.free_blocks(order, row.type);
        const bool many = modern(memory) && blocks >= counted_max;
        text += format_text("%s%6lu ", many ? ">" : "", many ? counted_max : blocks);
      }
      text += '\n';
    }
  }
  return text;
}

std::string blocks_by_type(const Memory& memory) {
  std::string text = format_text("\n%-23s", "Number of blocks type ");
  for (const TypeRow& row : types(memory)) text += format_text("%12s ", row.name);
  text += '\n';
  for (const Zone& zone : memory.zones().all()) {
    if (!zone.populated()) continue;
    std::array<Pages, 8> blocks{};
    for (Pages pfn = zone.begin; pfn < zone.end; pfn += Pages{1} << pageblock_order) {
      ++blocks[static_cast<std::size_t>(memory.map().block_type(static_cast<Pfn>(pfn)))];
    }
    text += format_text("Node %d, zone %8s ", 0, zone.name());
    for (const TypeRow& row : types(memory)) {
      text += format_text("%12lu ", blocks[static_cast<std::size_t>(row.type)]);
    }
    text += '\n';
  }
  return text;
}

std::string item(const char* indent, const char* name, Pages pages) {
  return format_text("\n%s%-12s %lu", indent, name, pages);
}

/// NR_VM_ZONE_STAT_ITEMS of 4.0; those that the model keeps for the machine only are 0.
std::string items_4_0(const VmStat& z) {
  const struct {
    const char* name;
    Pages pages;
  } rows[] = {{"nr_free_pages", z.free},
              {"nr_alloc_batch", 0},
              {"nr_inactive_anon", z.of(Lru::inactive_anon)},
              {"nr_active_anon", z.of(Lru::active_anon)},
              {"nr_inactive_file", z.of(Lru::inactive_file)},
              {"nr_active_file", z.of(Lru::active_file)},
              {"nr_unevictable", 0},
              {"nr_mlock", 0},
              {"nr_isolated_anon", z.isolated_anon},
              {"nr_isolated_file", z.isolated_file}};
  std::string text;
  for (const auto& row : rows) text += item("    ", row.name, row.pages);
  return text;
}

std::string protection(const Memory& memory, const Zone& zone) {
  std::string text;
  for (const Zone& above : memory.zones().all()) {
    if (!memory.zones().exists(above.type)) continue;
    text += std::to_string(zone.lowmem_reserve[static_cast<std::size_t>(above.type)]) + ", ";
  }
  // ZONE_MOVABLE, which is empty.
  return "\n        protection: (" + text + std::to_string(zone.lowmem_reserve.back()) + ")";
}

std::string pagesets(const Memory& memory) {
  std::string text = "\n  pagesets";
  for (std::uint32_t cpu = 0; cpu < memory.config().cpus; ++cpu) {
    text += format_text(
        "\n    cpu: %u\n              count: 0\n              high:  0"
        "\n              batch: 0\n  vm stats threshold: 0",
        cpu);
  }
  return text;
}

std::string zone_4_0(const Memory& memory, const Zone& zone) {
  const VmStat z = vm_stat(zone);
  return format_text(
             "\n  pages free     %lu\n        min      %lu\n        low      %lu"
             "\n        high     %lu\n        scanned  %lu\n        spanned  %lu"
             "\n        present  %lu\n        managed  %lu",
             z.free, zone.watermark(Watermark::min), zone.watermark(Watermark::low),
             zone.watermark(Watermark::high), zone.pages_scanned, Pages{zone.end} - zone.begin,
             zone.managed, zone.managed) +
         items_4_0(z) + protection(memory, zone) + pagesets(memory) +
         format_text(
             "\n  all_unreclaimable: %u\n  start_pfn:         %u\n  inactive_ratio:    %lu\n",
             memory.reclaim().zone_reclaimable(zone) ? 0u : 1u, zone.begin, zone.inactive_ratio);
}

std::string node_6_1(const VmStat& all) {
  const struct {
    const char* name;
    Pages pages;
  } rows[] = {{"nr_inactive_anon", all.of(Lru::inactive_anon)},
              {"nr_active_anon", all.of(Lru::active_anon)},
              {"nr_inactive_file", all.of(Lru::inactive_file)},
              {"nr_active_file", all.of(Lru::active_file)},
              {"nr_unevictable", 0},
              {"nr_slab_reclaimable", all.slab_reclaimable},
              {"nr_slab_unreclaimable", all.slab_unreclaimable},
              {"nr_isolated_anon", all.isolated_anon},
              {"nr_isolated_file", all.isolated_file},
              {"nr_anon_pages", all.anon - std::min(all.anon, all.swap_cached)},
              {"nr_mapped", 0},
              {"nr_file_pages", all.file + all.swap_cached},
              {"nr_dirty", all.dirty},
              {"nr_writeback", all.writeback},
              {"nr_shmem", 0},
              {"nr_kernel_stack", 0},
              {"nr_page_table_pages", all.page_tables},
              {"nr_swapcached", all.swap_cached}};
  std::string text = "\n  per-node stats";
  for (const auto& row : rows) text += item("      ", row.name, row.pages);
  return text;
}

std::string zone_6_1(const Memory& memory, const Zone& zone) {
  const VmStat z = vm_stat(zone);
  std::string text = format_text(
      "\n  pages free     %lu\n        boost    0\n        min      %lu\n        low      %lu"
      "\n        high     %lu\n        spanned  %lu\n        present  %lu\n        managed  %lu"
      "\n        cma      0",
      z.free, zone.watermark(Watermark::min), zone.watermark(Watermark::low),
      zone.watermark(Watermark::high), Pages{zone.end} - zone.begin, zone.managed, zone.managed);
  text += protection(memory, zone);
  if (!zone.populated()) return text + '\n';
  const struct {
    const char* name;
    Pages pages;
  } rows[] = {{"nr_free_pages", z.free},
              {"nr_zone_inactive_anon", z.of(Lru::inactive_anon)},
              {"nr_zone_active_anon", z.of(Lru::active_anon)},
              {"nr_zone_inactive_file", z.of(Lru::inactive_file)},
              {"nr_zone_active_file", z.of(Lru::active_file)},
              {"nr_zone_unevictable", 0},
              {"nr_zone_write_pending", 0},
              {"nr_mlock", 0},
              {"nr_bounce", 0},
              {"nr_free_cma", 0}};
  for (const auto& row : rows) text += item("      ", row.name, row.pages);
  return text + pagesets(memory) +
         format_text("\n  node_unreclaimable:  0\n  start_pfn:           %u\n", zone.begin);
}

}  // namespace

std::string proc_buddyinfo(const Memory& memory) {
  std::string text;
  for (const Zone& zone : memory.zones().all()) {
    if (!zone.populated()) continue;
    text += format_text("Node %d, zone %8s ", 0, zone.name());
    for (unsigned order = 0; order <= max_order; ++order) {
      text += format_text("%6lu ", zone.buddy.free_blocks(order));
    }
    text += '\n';
  }
  return text;
}

std::string proc_pagetypeinfo(const Memory& memory) {
  return format_text("Page block order: %u\nPages per block:  %lu\n\n", pageblock_order,
                     Pages{1} << pageblock_order) +
         free_by_type(memory) + blocks_by_type(memory);
}

std::string proc_zoneinfo(const Memory& memory) {
  std::string text;
  bool first = true;
  for (const Zone& zone : memory.zones().all()) {
    // Before 4.13 empty zones were left out.
    if (!zone.populated() && !modern(memory)) continue;
    if (!memory.zones().exists(zone.type)) continue;
    text += format_text("Node %d, zone %8s", 0, zone.name());
    if (modern(memory) && first) text += node_6_1(vm_stat(memory));
    text += modern(memory) ? zone_6_1(memory, zone) : zone_4_0(memory, zone);
    first = false;
  }
  return text;
}

}  // namespace brink
