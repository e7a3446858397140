// /proc/meminfo (fs/proc/meminfo.c, Linux 4.0 and 6.1). Committed_AS is what all processes have
// mapped, since every mapping of the model is private and writable.

#include <algorithm>

#include "sim/fs/procfs/procfs.hpp"
#include "sim/mm/address_space.hpp"
#include "sim/mm/mem_info.hpp"
#include "sim/mm/memory.hpp"
#include "sim/mm/printk.hpp"

namespace brink {
namespace {

constexpr ProcFile files[] = {
    {"meminfo", proc_meminfo},   {"buddyinfo", proc_buddyinfo}, {"pagetypeinfo", proc_pagetypeinfo},
    {"zoneinfo", proc_zoneinfo}, {"slabinfo", proc_slabinfo},   {"vmstat", proc_vmstat},
};

/// VMALLOC_TOTAL on x86-64 with four levels of page tables: 32 TiB less a page.
constexpr std::uint64_t vmalloc_kib = 34'359'738'367;

/// si_mem_available(), or its forerunner in meminfo_proc_show(): what could be had without swap.
Pages available(const Memory& memory, const VmStat& all) {
  Pages low = 0;
  for (const Zone& zone : memory.zones().all()) low += zone.watermark(Watermark::low);
  const bool modern = memory.rules().texts == Rules::Texts::v6_1;
  const Pages kept = modern ? memory.zones().total_reserve() : low;
  const Pages cache = all.of(Lru::active_file) + all.of(Lru::inactive_file);
  const Pages slab = all.slab_reclaimable;
  const Pages sum = all.free + cache - std::min(cache / 2, low) + slab - std::min(slab / 2, low);
  return sum - std::min(sum, kept);
}

class Lines {
 public:
  void pages(const char* name, Pages pages) { kib(name, kib_of(pages)); }
  void kib(const char* name, std::uint64_t kib) {
    text_ += format_text("%-15s %8lu kB\n", (std::string(name) + ":").c_str(), kib);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void print_lists(Lines& out, const VmStat& all) {
  const Pages active_anon = all.of(Lru::active_anon), inactive_anon = all.of(Lru::inactive_anon);
  const Pages active_file = all.of(Lru::active_file), inactive_file = all.of(Lru::inactive_file);
  out.pages("Active", active_anon + active_file);
  out.pages("Inactive", inactive_anon + inactive_file);
  out.pages("Active(anon)", active_anon);
  out.pages("Inactive(anon)", inactive_anon);
  out.pages("Active(file)", active_file);
  out.pages("Inactive(file)", inactive_file);
  out.pages("Unevictable", 0);
  out.pages("Mlocked", 0);
}

}  // namespace

std::span<const ProcFile> proc_files() { return files; }

std::string proc_meminfo(const Memory& memory) {
  const bool modern = memory.rules().texts == Rules::Texts::v6_1;
  const VmStat all = vm_stat(memory);
  Lines out;
  out.pages("MemTotal", all.managed);
  out.pages("MemFree", all.free);
  out.pages("MemAvailable", available(memory, all));
  out.pages("Buffers", 0);
  out.pages("Cached", all.file);
  out.pages("SwapCached", all.swap_cached);
  print_lists(out, all);
  out.pages("SwapTotal", all.swap_total);
  out.pages("SwapFree", all.swap_free);
  out.pages("Dirty", all.dirty);
  out.pages("Writeback", all.writeback);
  out.pages("AnonPages", all.anon - std::min(all.anon, all.swap_cached));
  out.pages("Mapped", 0);
  out.pages("Shmem", 0);
  if (modern) out.pages("KReclaimable", all.slab_reclaimable);
  out.pages("Slab", all.slab_reclaimable + all.slab_unreclaimable);
  out.pages("SReclaimable", all.slab_reclaimable);
  out.pages("SUnreclaim", all.slab_unreclaimable);
  out.pages("KernelStack", 0);
  out.pages("PageTables", all.page_tables);
  if (modern) out.pages("SecPageTables", 0);
  out.pages("NFS_Unstable", 0);
  out.pages("Bounce", 0);
  out.pages("WritebackTmp", 0);
  out.pages("CommitLimit", all.managed / 2 + all.swap_total);
  out.pages("Committed_AS", memory.total_vm());
  out.kib("VmallocTotal", vmalloc_kib);
  out.pages("VmallocUsed", 0);
  out.kib("VmallocChunk", modern ? 0 : vmalloc_kib);
  if (modern) out.pages("Percpu", 0);
  return out.take();
}

}  // namespace brink
