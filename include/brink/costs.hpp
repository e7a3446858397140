// The one table of what a step costs its CPU, in virtual nanoseconds. A step costs at least 1 ns,
// so that no loop stands still. Values tagged `guess` are orders of magnitude for a 2015 server
// core and are what the sensitivity studies vary; nothing in the model reads a real clock.
#pragma once

#include "brink/units.hpp"

namespace brink {

struct Costs {
  Nanos context_switch = 1'500;    ///< guess: one switch between tasks, caches included
  Nanos lock_uncontended = 40;     ///< guess: one atomic on a line that another core owned
  Nanos wakeup = 400;              ///< guess: try_to_wake_up with a remote run queue
  Nanos yield = 200;               ///< guess: one pass of schedule() that finds nobody better
  Nanos syscall = 200;             ///< guess: entry and exit, no mitigations (2015)
  Nanos page_fault = 700;          ///< guess: exception, walk and return, without the page itself
  Nanos zero_page = 300;           ///< guess: clearing 4 KiB at about 13 GB/s
  Nanos alloc_fast = 150;          ///< guess: per-CPU list or buddy, fast path
  Nanos alloc_slow_round = 3'000;  ///< guess: one slow-path round apart from what it scans
  Nanos page_scanned = 100;        ///< guess: one page looked at by reclaim
  Nanos page_reclaimed = 400;      ///< guess: isolating, unmapping and freeing one page
  Nanos page_freed = 60;           ///< guess: one page returned in a batch
  Nanos slab_object = 80;          ///< guess: one object from or to a slab's free list
  Nanos copy_page = 400;           ///< guess: 4 KiB to or from user space
  Nanos compact_page = 1'000;      ///< guess: one page copied and its mappings changed
  Nanos oom_scan_task = 200;       ///< guess: one task scored by the OOM killer
  Nanos path_component = 60;       ///< guess: one name hashed and found in the dentry cache
  Nanos dir_block = 500;           ///< guess: one directory block of 4 KiB searched
};

}  // namespace brink
