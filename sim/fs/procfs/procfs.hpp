// Files of /proc that speak of memory, as the kernel that Rules::texts names would print them at
// this moment (fs/proc/meminfo.c, mm/vmstat.c and mm/slab_common.c, Linux 4.0 and 6.1). What usual
// scripts parse, they parse here: columns and names are the kernel's own.
//
// Counters that the model does not have: buffers (all pages of files count as cached), mapped,
// shared and unevictable pages, kernel stacks, vmalloc and per-CPU lists are 0; lines of vmstat
// without a counter behind them are left out; 2.6 has the format of 4.0. Reading leaves no trace.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace brink {

class Memory;

struct ProcFile {
  const char* name;
  std::string (*read)(const Memory& memory);
};

/// meminfo, buddyinfo, pagetypeinfo, zoneinfo, slabinfo, vmstat.
std::span<const ProcFile> proc_files();

std::string proc_meminfo(const Memory& memory);
std::string proc_buddyinfo(const Memory& memory);
std::string proc_pagetypeinfo(const Memory& memory);
std::string proc_zoneinfo(const Memory& memory);
std::string proc_slabinfo(const Memory& memory);
std::string proc_vmstat(const Memory& memory);

}  // namespace brink
