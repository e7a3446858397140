// /proc/slabinfo (mm/slab_common.c and mm/slub.c) and /proc/vmstat (mm/vmstat.c), Linux 4.0
// and 6.1.

#include <algorithm>

#include "brink/outcome.hpp"
#include "sim/fs/procfs/procfs.hpp"
#include "sim/mm/mem_info.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/printk.hpp"

namespace brink {
namespace {

void add(std::string& text, const char* name, std::uint64_t value) {
  text += name + (" " + std::to_string(value)) + "\n";
}

void add_zone_items(std::string& text, const VmStat& all, const char* infix) {
  const auto line = [&](const char* list, Lru lru) {
    add(text, (std::string("nr_") + infix + list).c_str(), all.of(lru));
  };
  line("inactive_anon", Lru::inactive_anon);
  line("active_anon", Lru::active_anon);
  line("inactive_file", Lru::inactive_file);
  line("active_file", Lru::active_file);
}

void add_uses(std::string& text, const VmStat& all) {
  add(text, "nr_anon_pages", all.anon - std::min(all.anon, all.swap_cached));
  add(text, "nr_file_pages", all.file + all.swap_cached);
  add(text, "nr_dirty", all.dirty);
  add(text, "nr_writeback", all.writeback);
}

void add_slabs(std::string& text, const VmStat& all) {
  add(text, "nr_slab_reclaimable", all.slab_reclaimable);
  add(text, "nr_slab_unreclaimable", all.slab_unreclaimable);
}

void add_isolated(std::string& text, const VmStat& all) {
  add(text, "nr_isolated_anon", all.isolated_anon);
  add(text, "nr_isolated_file", all.isolated_file);
}

void add_events(std::string& text, const Counters& counters, const char* allocstall) {
  add(text, "pswpin", counters.swap_ins);
  add(text, "pswpout", counters.swap_outs);
  add(text, allocstall, counters.rounds);
}

}  // namespace

std::string proc_slabinfo(const Memory& memory) {
  std::string text =
      "slabinfo - version: 2.1\n"
      "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
      " : tunables <limit> <batchcount> <sharedfactor>"
      " : slabdata <active_slabs> <num_slabs> <sharedavail>\n";
  // The latest cache comes first, as in the kernel's list.
  const auto& caches = memory.slab().caches();
  for (auto cache = caches.rbegin(); cache != caches.rend(); ++cache) {
    const SlabLayout& layout = (*cache)->layout();
    const std::uint64_t slabs = (*cache)->pages() >> layout.order;
    const std::uint64_t objects =
        std::max<std::uint64_t>(slabs * layout.objects, (*cache)->objects_in_use());
    text += format_text("%-17s %6lu %6lu %6u %4u %4d", (*cache)->name(), (*cache)->objects_in_use(),
                        objects, layout.size, layout.objects, 1 << layout.order);
    text += format_text(" : tunables %4u %4u %4u", 0u, 0u, 0u);
    text += format_text(" : slabdata %6lu %6lu %6lu\n", slabs, slabs, std::uint64_t{0});
  }
  return text;
}

std::string proc_vmstat(const Memory& memory) {
  const VmStat all = vm_stat(memory);
  Counters counters;
  memory.add_to(counters);
  std::string text;
  add(text, "nr_free_pages", all.free);
  if (memory.rules().texts != Rules::Texts::v6_1) {
    add_zone_items(text, all, "");
    add_uses(text, all);
    add_slabs(text, all);
    add(text, "nr_page_table_pages", all.page_tables);
    add_isolated(text, all);
    add_events(text, counters, "allocstall");
    return text;
  }
  add_zone_items(text, all, "zone_");
  add_zone_items(text, all, "");
  add_slabs(text, all);
  add_isolated(text, all);
  add_uses(text, all);
  add(text, "nr_page_table_pages", all.page_tables);
  add(text, "nr_swapcached", all.swap_cached);
  add_events(text, counters, "allocstall_normal");
  add(text, "oom_kill", counters.oom_kills);
  return text;
}

}  // namespace brink
