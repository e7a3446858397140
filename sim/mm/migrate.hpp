// Moving one page (mm/migrate.c, Linux 4.0).
#pragma once

#include "brink/gfp.hpp"
#include "sim/mm/page.hpp"

namespace brink {

class Memory;

/// unmap_and_move(): what is in `from`, which is off the lists and pinned once, goes to `to`, an
/// allocated page that nobody uses; `from` is freed, and `to` is put on the list that `from` was
/// on, unless it is locked in memory. False, and nothing has changed but buffers that were let go
/// of, if the page is locked, in use, under writeback, or its file system cannot move it. Does not
/// sleep without __GFP_FS.
bool migrate_page(Memory& memory, Pfn from, Pfn to, Gfp gfp);

}  // namespace brink
