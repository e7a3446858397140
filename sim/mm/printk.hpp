// Lines of the kernel's log that the memory model writes, in the formats of the kernel that
// Rules::texts names: call traces (lib/dump_stack.c), Mem-Info (mm/page_alloc.c: show_free_areas,
// lib/show_mem.c), page allocation failures. Scripts that read logs of Linux 4.0 or 6.1 read these.
//
// Left out: addresses and registers (frames are names only), NUMA nodes but for the one; counters
// that the model does not have are 0. Lines of failures that were repeated in bulk are counted but
// not printed.
#pragma once

#include <string>

#include "brink/gfp.hpp"
#include "brink/rules.hpp"
#include "sim/sched/task.hpp"

namespace brink {

class Buddy;
class KernelLog;
class Memory;

/// As printf() would.
[[gnu::format(printf, 1, 2)]] std::string format_text(const char* format, ...);

/// The mask as that kernel numbers its bits.
std::uint32_t gfp_number(Gfp gfp, Rules::Texts texts);
/// `gfp_mask=0x201da`'s right side; since 4.6 with names in brackets.
std::string gfp_log_text(Gfp gfp, Rules::Texts texts);

/// dump_stack() of a task that runs.
void print_stack(KernelLog& log, const Task& task, Rules::Texts texts);
/// sched_show_task() of one that does not.
void print_task(KernelLog& log, const Task& task, Rules::Texts texts);
/// show_mem().
void print_mem_info(KernelLog& log, const Memory& memory);
/// warn_alloc_failed(), warn_alloc().
void print_alloc_failure(KernelLog& log, const Memory& memory, unsigned order, Gfp gfp);

/// The kernel's name of itself in the log.
const char* release_name(Rules::Texts texts);

}  // namespace brink
