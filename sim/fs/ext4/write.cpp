// Buffered writes with delayed allocation (fs/ext4/inode.c, Linux 4.0): a page is taken before the
// handle is opened; a block is only reserved, and found when the page is written back.

#include <algorithm>
#include <cerrno>

#include "brink/site_list.hpp"
#include "sim/fs/ext4/ext4.hpp"
#include "sim/mm/memory.hpp"
#include "sim/sched/blockers.hpp"

namespace brink {
namespace {

/// GFP_RECLAIM_MASK: what a request for a page passes on to that for its index node.
constexpr Gfp reclaim_mask = GFP_KERNEL | Gfp::high | Gfp::nowarn | Gfp::retry_mayfail |
                             Gfp::nofail | Gfp::noretry | Gfp::memalloc | Gfp::nomemalloc;

}  // namespace

/// ext4_should_retry_alloc(): a commit may free what was freed lately.
bool Ext4::should_retry_alloc(int& retries) {
  if (claimable() == 0 || retries++ > 3) return false;
  return journal_.force_commit();
}

/// grab_cache_page_write_begin(): the page, locked and pinned.
int Ext4::grab_page(FileMapping& mapping, std::uint32_t index, Pfn& page) {
  Frame frame(core_.current(), "grab_cache_page_write_begin");
  PageCache& cache = memory_.cache();
  const Gfp without = static_cast<const Inode*>(mapping.host())->gfp_without;
  for (;;) {
    page = mapping.find(index);
    if (page != no_page) {
      cache.pin(page);
      cache.lock_page(page);
      if (mapping.find(index) == page) {
        cache.mark_page_accessed(page);
        return 0;
      }
      cache.unlock_page(page);
      cache.unpin(page);
      continue;
    }
    const Gfp gfp = memory_.rule(site::pc_write).gfp & ~without;
    page = memory_.alloc_pages(site::pc_write, 0, gfp);
    if (page == no_page) return -ENOMEM;
    const int error = mapping.add(page, index, site::pc_node, gfp & reclaim_mask);
    if (error == 0) {
      cache.pin(page);
      return 0;
    }
    memory_.free_pages(page, 0);
    if (error != -EEXIST) return error;
  }
}

int Ext4::write_begin(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn& page) {
  Frame frame(core_.current(), "ext4_da_write_begin");
  Ext4Inode& ours = as_ext4(inode);
  PageCache& cache = memory_.cache();
  FileMapping& mapping = *inode.mapping();
  const auto index = static_cast<std::uint32_t>(pos >> page_shift);
  int retries = 0;
  for (;;) {
    int error = grab_page(mapping, index, page);
    if (error != 0) return error;
    cache.unlock_page(page);
    Handle* const handle = start_handle(1, error);
    if (handle == nullptr) {
      cache.unpin(page);
      return error;
    }
    cache.lock_page(page);
    const bool there = mapping.find(index) == page;
    if (there) {
      error = prepare_page(ours, page, index, length < page_size);
      if (error == 0) return 0;
    }
    cache.unlock_page(page);
    cache.unpin(page);
    static_cast<void>(stop_handle(handle));
    if (!there) continue;
    // ext4_truncate_failed_write(): what was prepared beyond the end goes again.
    if (pos + length > inode.size) {
      mapping.truncate(static_cast<std::uint32_t>((inode.size + page_size - 1) >> page_shift));
    }
    if (error != -ENOSPC || !should_retry_alloc(retries)) return error;
  }
}

/// __block_write_begin(): buffer heads, a block or the promise of one, and the old contents of a
/// page that is written in part.
int Ext4::prepare_page(Ext4Inode& inode, Pfn page, std::uint32_t index, bool partial) {
  int error = create_page_buffer(page);
  if (error != 0) return error;
  const PageBuffer before = *page_buffers_.find(page);
  if (!before.mapped && !before.delayed) error = da_map_block(inode, page, index);
  if (error != 0) return error;
  const PageBuffer buffer = *page_buffers_.find(page);
  Page& meta = memory_.page(page);
  if (!partial || meta.has(PG_uptodate) || !buffer.mapped) {
    meta.set(PG_uptodate);
    return 0;
  }
  return read_page(page, buffer.block);
}

/// ll_rw_block() of the page's buffer. The kernel keeps the page locked meanwhile; here the lock
/// ends with the read, and what stays is the buffer.
int Ext4::read_page(Pfn page, BlockNumber block) {
  PageCache& cache = memory_.cache();
  Bio* bio = &new_bio(site::bh_bio, block, false);
  bio->end_io = end_read_bio;
  bio->pages.push_back(page);
  ++bio->blocks;
  page_buffers_.find(page)->busy = true;
  cache.start_read(page);
  send_bio(bio);
  cache.lock_page(page);
  page_buffers_.find(page)->busy = false;
  return memory_.page(page).has(PG_uptodate) ? 0 : -EIO;
}

/// create_empty_buffers(): insists, with the page locked and the handle open.
int Ext4::create_page_buffer(Pfn page) {
  if (page_buffers_.find(page) != nullptr) return 0;
  const SlabObject head =
      memory_.alloc_object_insisting(page_head_cache_, site::pc_buffer_heads, {.nap = 0});
  if (!head) return -ENOMEM;
  page_buffers_.insert(page, {0, false, false, head, false});
  memory_.cache().set_private(page);
  return 0;
}

/// ext4_da_map_blocks(): finds the block, or reserves one.
int Ext4::da_map_block(Ext4Inode& inode, Pfn page, std::uint32_t block) {
  Frame frame(core_.current(), "ext4_da_map_blocks");
  const ReadGuard guard(inode.i_data_sem);
  const ExtentStatus* known = inode.status.find(block);
  BlockMap map{block, 1};
  if (known == nullptr) {
    int error = ext_map_blocks(nullptr, inode, map, false);
    if (error == 0 && map.length != 0) {
      error = inode.status.insert({block, 1, map.start, ExtentStatus::Kind::written, {}});
    }
    if (error != 0) return error;
  } else if (known->kind == ExtentStatus::Kind::written) {
    map.start = known->start + (block - known->block);
  } else {
    map.length = 0;
  }
  const bool delayed = known != nullptr && known->kind == ExtentStatus::Kind::delayed;
  if (map.length == 0 && !delayed) {
    if (claimable() == 0) return -ENOSPC;
    ++reserved_blocks_;
    ++inode.reserved_blocks;
    const int error = inode.status.insert({block, 1, 0, ExtentStatus::Kind::delayed, {}});
    if (error != 0) {
      // Linux 4.0 does not give the reservation back.
      FailureLedger& failures = memory_.failures();
      const FailureId failure = failures.last(core_.current());
      if (failure != no_failure) failures.consequence(failure, Consequence::leaked);
      return error;
    }
  }
  PageBuffer& buffer = *page_buffers_.find(page);
  buffer.mapped = map.length != 0;
  buffer.delayed = !buffer.mapped;
  buffer.block = map.start;
  return 0;
}

int Ext4::write_end(Inode& inode, std::uint64_t pos, std::uint32_t length, Pfn page) {
  Frame frame(core_.current(), "ext4_da_write_end");
  Ext4Inode& ours = as_ext4(inode);
  Handle* const handle = journal_.current();
  PageCache& cache = memory_.cache();
  memory_.page(page).set(PG_uptodate);
  cache.set_page_dirty(page);
  vfs().mark_inode_dirty(inode, I_DIRTY_PAGES);
  const std::uint64_t end = pos + length;
  if (end > ours.disk_size && page_buffers_.find(page)->mapped) {
    ours.disk_size = end;
    static_cast<void>(mark_inode_dirty(*handle, ours));
  }
  const bool grows = end > inode.size;
  if (grows) inode.size = end;
  cache.unlock_page(page);
  cache.unpin(page);
  if (grows) vfs().mark_inode_dirty(inode, I_DIRTY_SYNC);
  return stop_handle(handle);
}

// --- Pages of files: MappingOps.

void Ext4::drop_page_buffer(Pfn page) {
  const PageBuffer* const buffer = page_buffers_.find(page);
  if (buffer == nullptr) return;
  memory_.free_object(buffer->head);
  page_buffers_.erase(page);
  memory_.cache().clear_private(page);
}

bool Ext4::release_page(FileMapping&, Pfn page, Gfp) {
  if (memory_.page(page).has_any(PG_dirty | PG_writeback)) return false;
  const PageBuffer* const buffer = page_buffers_.find(page);
  if (buffer != nullptr && buffer->busy) return false;
  drop_page_buffer(page);
  return true;
}

/// ext4_da_invalidatepage(): what was reserved for the page is free again.
void Ext4::invalidate_page(FileMapping& mapping, Pfn page) {
  const PageBuffer* const buffer = page_buffers_.find(page);
  if (buffer == nullptr) return;
  if (buffer->delayed) {
    Ext4Inode& inode = as_ext4(*static_cast<Inode*>(mapping.host()));
    const std::uint32_t block = memory_.page(page).index;
    if (inode.reserved_blocks != 0) {
      --inode.reserved_blocks;
      --reserved_blocks_;
    }
    if (inode.status.remove(block, block + 1, false) != 0) {
      memory_.failures().settle_last(Fate::degraded);
    }
  }
  drop_page_buffer(page);
}

void Ext4::blockers(const FileMapping&, Pfn page, const Task& waiter, BlockerSink& sink) const {
  for (const Bio* bio : building_) {
    if (std::find(bio->pages.begin(), bio->pages.end(), page) == bio->pages.end()) continue;
    return name_blocker(sink, core_.task(bio->task), bio->since);
  }
  device().blockers({.owner = this, .page = page}, waiter, sink);
}

std::string Ext4::describe(const FileMapping& mapping) const {
  if (mapping.host() == nullptr) return "block bitmaps of " + device().name();
  return inode_path(*static_cast<const Inode*>(mapping.host()));
}

}  // namespace brink
