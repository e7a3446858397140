// Mem-Info: what show_mem() prints (mm/page_alloc.c: show_free_areas, lib/show_mem.c, Linux 2.6.30,
// 4.0 and 6.1). Zones of the model have no counters of dirty, mapped or slab pages of their own:
// they are 0 there. The lines on per-CPU lists are left out.

#include "sim/mm/mem_info.hpp"

#include <algorithm>

#include "sim/mm/address_space.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/printk.hpp"
#include "sim/mm/swap.hpp"
#include "sim/mm/vmscan.hpp"

namespace brink {

VmStat vm_stat(const Zone& zone) {
  VmStat state;
  state.free = zone.free();
  state.managed = zone.managed;
  for (std::size_t i = 0; i < lru_lists; ++i) state.lru[i] = zone.lru_total(static_cast<Lru>(i));
  state.isolated_anon = zone.isolated[0];
  state.isolated_file = zone.isolated[1];
  return state;
}

VmStat vm_stat(const Memory& memory) {
  VmStat sum;
  for (const Zone& zone : memory.zones().all()) {
    const VmStat state = vm_stat(zone);
    sum.free += state.free;
    sum.managed += state.managed;
    for (std::size_t i = 0; i < lru_lists; ++i) sum.lru[i] += state.lru[i];
    sum.isolated_anon += state.isolated_anon;
    sum.isolated_file += state.isolated_file;
  }
  const MemoryStat& stat = memory.stat();
  sum.anon = stat.of(PageKind::anon);
  sum.file = stat.of(PageKind::file);
  sum.slab_reclaimable = memory.slab().reclaimable_pages();
  const Pages slab = stat.of(PageKind::slab);
  sum.slab_unreclaimable = slab - std::min(slab, sum.slab_reclaimable);
  sum.page_tables = stat.of(PageKind::page_table);
  sum.dirty = stat.dirty;
  sum.writeback = stat.writeback;
  sum.swap_cached = memory.swap().cached_pages();
  if (memory.swap().usable()) sum.swap_total = memory.swap().map().total();
  sum.swap_free = memory.swap().free();
  return sum;
}

Pages Memory::total_vm() const {
  Pages sum = 0;
  for (const AddressSpace* space : spaces_) {
    if (space != nullptr) sum += space->total_vm();
  }
  return sum;
}

namespace {

class MemInfo {
 public:
  MemInfo(KernelLog& log, const Memory& memory)
      : log_(log), memory_(memory), all_(vm_stat(memory)), texts_(memory.rules().texts) {}

  void print() {
    log_.print("Mem-Info:");
    totals();
    if (texts_ == Rules::Texts::v6_1) node();
    for (const Zone& zone : memory_.zones().all()) {
      if (zone.populated()) marks(zone);
    }
    for (const Zone& zone : memory_.zones().all()) {
      if (zone.populated()) free_lists(zone);
    }
    ends();
  }

 private:
  Pages all(Lru list) const { return all_.of(list); }

  void totals() {
    switch (texts_) {
      case Rules::Texts::v2_6: return totals_2_6();
      case Rules::Texts::v4_0: return totals_4_0();
      case Rules::Texts::v6_1: return totals_6_1();
    }
  }
  void totals_2_6() {
    log_.print(
        format_text("Active_anon:%lu active_file:%lu inactive_anon:%lu\n"
                    " inactive_file:%lu unevictable:0 dirty:%lu writeback:%lu unstable:0\n"
                    " free:%lu slab:%lu mapped:0 pagetables:%lu bounce:0",
                    all(Lru::active_anon), all(Lru::active_file), all(Lru::inactive_anon),
                    all(Lru::inactive_file), all_.dirty, all_.writeback, all_.free,
                    all_.slab_reclaimable + all_.slab_unreclaimable, all_.page_tables));
  }
  void totals_4_0() {
    log_.print(format_text(
        "active_anon:%lu inactive_anon:%lu isolated_anon:%lu\n"
        " active_file:%lu inactive_file:%lu isolated_file:%lu\n"
        " unevictable:0 dirty:%lu writeback:%lu unstable:0\n"
        " free:%lu slab_reclaimable:%lu slab_unreclaimable:%lu\n"
        " mapped:0 shmem:0 pagetables:%lu bounce:0\n"
        " free_cma:0",
        all(Lru::active_anon), all(Lru::inactive_anon), all_.isolated_anon, all(Lru::active_file),
        all(Lru::inactive_file), all_.isolated_file, all_.dirty, all_.writeback, all_.free,
        all_.slab_reclaimable, all_.slab_unreclaimable, all_.page_tables));
  }
  void totals_6_1() {
    log_.print(format_text(
        "active_anon:%lu inactive_anon:%lu isolated_anon:%lu\n"
        " active_file:%lu inactive_file:%lu isolated_file:%lu\n"
        " unevictable:0 dirty:%lu writeback:%lu\n"
        " slab_reclaimable:%lu slab_unreclaimable:%lu\n"
        " mapped:0 shmem:0 pagetables:%lu\n"
        " sec_pagetables:0 bounce:0\n"
        " kernel_misc_reclaimable:0\n"
        " free:%lu free_pcp:0 free_cma:0",
        all(Lru::active_anon), all(Lru::inactive_anon), all_.isolated_anon, all(Lru::active_file),
        all(Lru::inactive_file), all_.isolated_file, all_.dirty, all_.writeback,
        all_.slab_reclaimable, all_.slab_unreclaimable, all_.page_tables, all_.free));
  }

  void node() {
    log_.print(format_text(
        "Node 0 active_anon:%lukB inactive_anon:%lukB active_file:%lukB inactive_file:%lukB"
        " unevictable:0kB isolated(anon):%lukB isolated(file):%lukB mapped:0kB dirty:%lukB"
        " writeback:%lukB shmem:0kB writeback_tmp:0kB kernel_stack:0kB pagetables:%lukB"
        " sec_pagetables:0kB all_unreclaimable? %s",
        kib_of(all(Lru::active_anon)), kib_of(all(Lru::inactive_anon)),
        kib_of(all(Lru::active_file)), kib_of(all(Lru::inactive_file)), kib_of(all_.isolated_anon),
        kib_of(all_.isolated_file), kib_of(all_.dirty), kib_of(all_.writeback),
        kib_of(all_.page_tables), all_unreclaimable() ? "yes" : "no"));
  }
  bool all_unreclaimable() const {
    const auto& zones = memory_.zones().all();
    return std::none_of(zones.begin(), zones.end(), [this](const Zone& zone) {
      return zone.populated() && memory_.reclaim().zone_reclaimable(zone);
    });
  }

  void marks(const Zone& zone) {
    const VmStat z = vm_stat(zone);
    const auto mark = [&](Watermark w) { return kib_of(zone.watermark(w)); };
    const std::string name = zone.name();
    const std::string lists = format_text(
        " active_anon:%lukB inactive_anon:%lukB active_file:%lukB inactive_file:%lukB"
        " unevictable:0kB",
        kib_of(z.of(Lru::active_anon)), kib_of(z.of(Lru::inactive_anon)),
        kib_of(z.of(Lru::active_file)), kib_of(z.of(Lru::inactive_file)));
    const std::string levels = format_text("min:%lukB low:%lukB high:%lukB", mark(Watermark::min),
                                           mark(Watermark::low), mark(Watermark::high));
    const std::uint64_t kib = kib_of(zone.managed);
    const char* const unreclaimable = memory_.reclaim().zone_reclaimable(zone) ? "no" : "yes";
    std::string line = name + format_text(" free:%lukB ", kib_of(z.free));
    switch (texts_) {
      case Rules::Texts::v2_6:
        line += levels + lists +
                format_text(" present:%lukB pages_scanned:%lu all_unreclaimable? %s", kib,
                            zone.pages_scanned, unreclaimable);
        break;
      case Rules::Texts::v4_0:
        line += levels + lists +
                format_text(
                    " isolated(anon):%lukB isolated(file):%lukB present:%lukB"
                    " managed:%lukB mlocked:0kB dirty:0kB writeback:0kB mapped:0kB"
                    " shmem:0kB slab_reclaimable:0kB slab_unreclaimable:0kB"
                    " kernel_stack:0kB pagetables:0kB unstable:0kB bounce:0kB free_cma:0kB"
                    " writeback_tmp:0kB pages_scanned:%lu all_unreclaimable? %s",
                    kib_of(z.isolated_anon), kib_of(z.isolated_file), kib, kib, zone.pages_scanned,
                    unreclaimable);
        break;
      case Rules::Texts::v6_1:
        line += "boost:0kB " + levels + " reserved_highatomic:0KB" + lists +
                format_text(
                    " writepending:0kB present:%lukB managed:%lukB mlocked:0kB bounce:0kB"
                    " free_pcp:0kB local_pcp:0kB free_cma:0kB",
                    kib, kib);
        break;
    }
    log_.print(line);
    line = "lowmem_reserve[]:";
    for (const Zone& above : memory_.zones().all()) {
      if (!memory_.zones().exists(above.type)) continue;
      line += " " + std::to_string(zone.lowmem_reserve[static_cast<std::size_t>(above.type)]);
    }
    // ZONE_MOVABLE, which is empty.
    log_.print(line + " " + std::to_string(zone.lowmem_reserve.back()));
  }

  void free_lists(const Zone& zone) {
    std::string line = std::string(zone.name()) + ": ";
    Pages total = 0;
    for (unsigned order = 0; order <= max_order; ++order) {
      const Pages blocks = zone.buddy.free_blocks(order);
      total += blocks << order;
      line += format_text("%lu*%lukB ", blocks, kib_of(Pages{1} << order));
      if (blocks != 0 && texts_ != Rules::Texts::v2_6) line += types(zone, order);
    }
    log_.print(line + format_text("= %lukB", kib_of(total)));
  }
  /// show_migration_types(): in the order of the kernel's own numbers.
  std::string types(const Zone& zone, unsigned order) const {
    struct Letter {
      Migrate type;
      char letter;
    };
    constexpr Letter old[] = {{Migrate::unmovable, 'U'},
                              {Migrate::reclaimable, 'E'},
                              {Migrate::movable, 'M'},
                              {Migrate::reserve, 'R'}};
    constexpr Letter today[] = {{Migrate::unmovable, 'U'},
                                {Migrate::movable, 'M'},
                                {Migrate::reclaimable, 'E'},
                                {Migrate::reserve, 'H'}};
    std::string text = "(";
    for (const Letter& row : texts_ == Rules::Texts::v6_1 ? today : old) {
      if (zone.buddy.free_blocks(order, row.type) != 0) text += row.letter;
    }
    return text + ") ";
  }

  void ends() {
    log_.print(format_text("%lu total pagecache pages", all_.file + all_.swap_cached));
    log_.print(format_text("%lu pages in swap cache", all_.swap_cached));
    log_.print(format_text("Free swap  = %lukB", kib_of(all_.swap_free)));
    log_.print(format_text("Total swap = %lukB", kib_of(all_.swap_total)));
    log_.print(format_text("%lu pages RAM", memory_.config().memory / page_size));
    if (texts_ != Rules::Texts::v2_6) log_.print("0 pages HighMem/MovableOnly");
    log_.print(format_text("%lu pages reserved",
                           memory_.config().memory / page_size - memory_.zones().managed()));
  }

  KernelLog& log_;
  const Memory& memory_;
  const VmStat all_;
  const Rules::Texts texts_;
};

}  // namespace

void print_mem_info(KernelLog& log, const Memory& memory) { MemInfo(log, memory).print(); }

}  // namespace brink
